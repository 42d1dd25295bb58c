"""From a model's logits to text: greedy choice, temperature, top-k, top-p, with and without a cache (chapter 3).

Shape suffixes: B batch, T time, V vocabulary.
"""

import math
from collections.abc import Collection

import torch
from torch import Tensor, nn

from llmcourse.model.losses import evaluation_mode
from llmcourse.model.transformer import KVCache
from llmcourse.values import whole


def top_k_filter(logits: Tensor, k: int) -> Tensor:
    """Keep the k largest logits of each row; the others become -inf.

    Args:
        logits: Any shape (..., V); not changed.
        k: How many to keep, at least 1; k >= V keeps all.

    Returns:
        Logits of the same shape and dtype. Where the k-th and the next are equal, more than k are kept.

    Raises:
        ValueError: k is below 1.

    Example:
        >>> top_k_filter(torch.tensor([1.0, 3.0, 2.0]), 2)
        tensor([-inf, 3., 2.])

    Source: Fan, Lewis and Dauphin, "Hierarchical Neural Story Generation" (2018).
    """
    if k < 1:
        raise ValueError(f"top_k is {k!r}; it must be at least 1")
    smallest_kept = logits.topk(min(k, logits.shape[-1])).values[..., -1:]
    return logits.masked_fill(logits < smallest_kept, -math.inf)


def top_p_filter(logits: Tensor, p: float) -> Tensor:
    """Keep each row's nucleus: the fewest tokens, the most probable first, whose probabilities sum to at least p.

    So a token stays if all tokens before it, in the order of falling probability, together have less than p. The token
    that crosses the threshold stays, and the most probable one always does. Of equally probable tokens the one with the
    smaller id comes first. p = 1 keeps everything. Kept logits keep their value, the others become -inf.
    Probabilities are added in float32 or wider, whatever the dtype of the logits.

    Args:
        logits: Any shape (..., V); some may be -inf already. Not changed.
        p: Above 0, at most 1.

    Returns:
        Logits of the same shape and dtype, a new tensor.

    Raises:
        ValueError: p is not above 0, as NaN is not, or is above 1; the message names it.

    Example:
        >>> logits = torch.tensor([0.2, 0.5, 0.3]).log()
        >>> top_p_filter(logits, 0.4).exp(), top_p_filter(logits, 0.6).exp()
        (tensor([0.0000, 0.5000, 0.0000]), tensor([0.0000, 0.5000, 0.3000]))

    Source: Holtzman et al., "The Curious Case of Neural Text Degeneration" (2020), section 3.1.
    """
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p!r}; it must be above 0 and at most 1")
    if p == 1:
        return logits.clone()
    probabilities, order = torch.sort(logits.double().softmax(-1), dim=-1, descending=True, stable=True)
    before = probabilities.cumsum(-1) - probabilities
    is_dropped = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order, before >= p)
    is_dropped.scatter_(-1, order[..., :1], False)
    return logits.masked_fill(is_dropped, -math.inf)


def choose_next(
    logits_BV: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Choose the next token of each row.

    The logits are divided by the temperature, then filtered by top-k, then by top-p, then a token is drawn.

    Args:
        logits_BV: One row of scores a sequence.
        temperature: 0 takes the most probable token; 1 draws from the model's own distribution.
        top_k: Draw from the k most probable tokens only; None for all.
        top_p: Draw from the nucleus only; None for all.
        generator: Where the random numbers come from; PyTorch's global one when None.

    Returns:
        Token ids, int64 of shape (B,).

    Raises:
        ValueError: A setting is out of range; the message names it.

    Example:
        >>> choose_next(torch.tensor([[0.0, 2.0, 1.0]]), temperature=0)
        tensor([1])
    """
    if not (math.isfinite(temperature) and temperature >= 0):
        raise ValueError(f"temperature is {temperature!r}; it must be finite and at least 0")
    logits_BV = logits_BV.float() if logits_BV.dtype in (torch.bfloat16, torch.float16) else logits_BV
    if temperature > 0:
        # The largest first becomes 0, so that no temperature, however small, makes it infinite.
        logits_BV = (logits_BV - logits_BV.amax(-1, keepdim=True)) / temperature
    if top_k is not None:
        logits_BV = top_k_filter(logits_BV, top_k)
    if top_p is not None:
        logits_BV = top_p_filter(logits_BV, top_p)
    if temperature == 0:
        return logits_BV.argmax(-1)
    return torch.multinomial(logits_BV.softmax(-1), 1, generator=generator).squeeze(-1)


@torch.no_grad()
def generate(
    model: nn.Module,
    ids: Tensor,
    max_new_tokens: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    use_cache: bool = True,
    generator: torch.Generator | None = None,
    stop: int | Collection[int] | None = None,
) -> Tensor:
    """Continue sequences token by token.

    With the cache each step computes one position; without it each step computes all positions again. Both give the
    same logits up to rounding.

    Args:
        model: Gives logits_BTV for ids_BT; with the cache, a `Transformer`. Its mode is put back afterwards.
        ids: The prompt, int64 of shape (B, T), or (T,) for one sequence; at least one token.
        max_new_tokens: The most tokens to add, at least 0.
        temperature, top_k, top_p, generator: As in `choose_next`.
        use_cache: Whether to keep keys and values.
        stop: A token, or several, that end a sequence. The token itself is kept and repeated until all sequences have
            ended or the most tokens are reached.

    Returns:
        The prompt and what follows, (B, T + n) or (T + n,).

    Raises:
        ValueError: The prompt is empty, a setting is out of range, or a learned table has too few positions.

    Example:
        >>> from llmcourse.model import ModelConfig, Transformer
        >>> model = Transformer(ModelConfig(vocab_size=8, d_model=16, n_layers=1, n_heads=2, max_seq_len=8))
        >>> cached = generate(model, torch.tensor([1, 2, 3]), 4, temperature=0)
        >>> len(cached), cached.equal(generate(model, torch.tensor([1, 2, 3]), 4, temperature=0, use_cache=False))
        (7, True)
    """
    ids_BT = ids if ids.ndim == 2 else ids[None]
    max_new_tokens = whole("max_new_tokens", max_new_tokens)
    _check_request(model, ids_BT, max_new_tokens)
    stops = torch.tensor(_stop_ids(stop), device=ids.device, dtype=torch.int64)
    cache = _make_cache(model, ids_BT, max_new_tokens) if use_cache else None
    has_ended_B = torch.zeros(len(ids_BT), dtype=torch.bool, device=ids.device)
    with evaluation_mode(model):
        for _ in range(max_new_tokens):
            logits_BTV = model(ids_BT) if cache is None else model(ids_BT[:, cache.length :], cache=cache)
            next_B = choose_next(logits_BTV[:, -1], temperature, top_k, top_p, generator)
            next_B = torch.where(has_ended_B, ids_BT[:, -1], next_B)
            ids_BT = torch.cat([ids_BT, next_B[:, None]], dim=1)
            has_ended_B |= torch.isin(next_B, stops)
            if len(stops) and has_ended_B.all():
                break
    return ids_BT if ids.ndim == 2 else ids_BT[0]


def _stop_ids(stop: int | Collection[int] | None) -> list[int]:
    """The tokens that end a sequence: Python's, NumPy's or torch's numbers, one or several."""
    if stop is None:
        return []
    is_one = isinstance(stop, int | float | str) or getattr(stop, "ndim", None) == 0
    return [whole("stop", token) for token in ([stop] if is_one else stop)]


def _make_cache(model: nn.Module, ids_BT: Tensor, max_new_tokens: int) -> KVCache:
    weight = model.embedding.weight
    n_sequences, n_prompt = ids_BT.shape
    return KVCache(model.config, n_sequences, n_prompt + max_new_tokens, device=weight.device, dtype=weight.dtype)


def _check_request(model: nn.Module, ids_BT: Tensor, max_new_tokens: int) -> None:
    if ids_BT.ndim != 2 or ids_BT.shape[1] < 1:
        raise ValueError(f"the prompt has shape {tuple(ids_BT.shape)}; it must have rows of at least one token")
    if max_new_tokens < 0:
        raise ValueError(f"max_new_tokens is {max_new_tokens!r}; it must be at least 0")
    config = getattr(model, "config", None)
    # The last token that is added is read no more, so it needs no position.
    if getattr(config, "positions", None) == "learned" and ids_BT.shape[1] + max_new_tokens > config.max_seq_len + 1:
        asked = f"max_new_tokens is {max_new_tokens!r} and the prompt has {ids_BT.shape[1]} tokens"
        raise ValueError(f"{asked}; all but the last must fit into the {config.max_seq_len} positions that are learned")
