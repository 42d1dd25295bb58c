"""Causal self-attention: multi-head, multi-query and grouped-query by the number of key/value heads (chapter 3).

Attention is written twice: `grouped_query_attention` spells every step out, the module `Attention` hands the same
computation to PyTorch's `scaled_dot_product_attention`. The two are tested equal.

Shape suffixes: B batch, T time of the queries, S time of the keys, D model width, H query heads, K
key/value heads, G = H / K queries that share a key/value head, C channels of a head, N = H C or K C.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmcourse.model.config import check_heads
from llmcourse.model.fast import has_hooks, normalise
from llmcourse.model.layers import make_norm

Rotate = Callable[[Tensor], Tensor]


def grouped_query_attention(
    q_BHTC: Tensor, k_BKSC: Tensor, v_BKSC: Tensor, mask: Tensor | None = None, scale: float | None = None
) -> Tensor:
    """Attention in which several query heads share one head of keys and values, every step written out.

    The H query heads fall into K groups of G = H / K neighbours: query heads 0 to G - 1 use key/value head 0, the next
    G use head 1, and so on. A query's scores are its dot products with the keys, times `scale`; the mask is applied; a
    softmax over the keys turns them into weights; the output is the weighted sum of the values.

    Args:
        q_BHTC: Queries, shape (B, H, T, C).
        k_BKSC: Keys, shape (B, K, S, C).
        v_BKSC: Values, shape (B, K, S, C).
        mask: None, or a tensor that broadcasts to (B, H, T, S). A boolean mask is True where a query may look; a mask
            of numbers is added to the scores. None hides nothing.
        scale: Factor of the scores; 1 / sqrt(C) when None.

    Returns:
        The outputs, shape (B, H, T, C), computed in the inputs' dtype. The inputs are not changed.

    Raises:
        ValueError: K does not divide H; the message names both.

    Example:
        >>> q, k, v = torch.zeros(1, 4, 1, 2), torch.zeros(1, 2, 3, 2), torch.arange(12.0).view(1, 2, 3, 2)
        >>> grouped_query_attention(q, k, v)[0, :, 0].tolist()  # equal scores: the mean of the values, one head for two
        [[2.0, 3.0], [2.0, 3.0], [8.0, 9.0], [8.0, 9.0]]

    Source: Ainslie et al., "GQA" (2023), section 2.2; Vaswani et al., "Attention Is All You Need" (2017), equation 1.
    """
    n_heads, n_kv_heads = q_BHTC.shape[1], k_BKSC.shape[1]
    if n_heads % n_kv_heads:
        raise ValueError(f"n_kv_heads is {n_kv_heads!r}; it must divide n_heads, {n_heads!r}")
    group = n_heads // n_kv_heads
    k_BHSC, v_BHSC = (x.repeat_interleave(group, dim=1) for x in (k_BKSC, v_BKSC))
    scale = 1 / math.sqrt(q_BHTC.shape[-1]) if scale is None else scale
    scores_BHTS = q_BHTC @ k_BHSC.transpose(-2, -1) * scale
    if mask is not None:
        hides = mask.dtype == torch.bool
        scores_BHTS = scores_BHTS.masked_fill(~mask, -math.inf) if hides else scores_BHTS + mask
    return torch.softmax(scores_BHTS, dim=-1) @ v_BHSC


def causal_mask(n_queries: int, n_keys: int, device: torch.device | str = "cpu") -> Tensor:
    """A boolean mask (T, S) that is True where a query may look, when the queries are the last T of S positions.

    Example:
        >>> causal_mask(2, 4).int().tolist()
        [[1, 1, 1, 0], [1, 1, 1, 1]]
    """
    return torch.ones(n_queries, n_keys, dtype=torch.bool, device=device).tril(n_keys - n_queries)


class LayerCache(NamedTuple):
    """One layer's part of a key/value cache: room for the keys and values (B, K, S, C), and how many are filled."""

    keys_BKSC: Tensor
    values_BKSC: Tensor
    length: int


def cached_attention(
    q_BHTC: Tensor,
    k_BKTC: Tensor,
    v_BKTC: Tensor,
    cache: LayerCache,
    bias: Tensor | None = None,
    scale: float | None = None,
) -> Tensor:
    """Attention of T new positions over a cache: the step that makes generation cheap.

    The cache holds the keys and values of the first `cache.length` positions. The new keys and values are written
    behind them, into slots `cache.length` to `cache.length + T - 1`, in place. Then each new query attends to all
    positions up to its own: query number t sees the slots 0 to `cache.length + t`, and no slot beyond, whatever is in
    it.

    Args:
        q_BHTC: Queries of the new positions, shape (B, H, T, C).
        k_BKTC, v_BKTC: Their keys and values, shape (B, K, T, C).
        cache: Keys, values and length; the tensors have room for S positions and are changed in place.
        bias: None, or numbers added to the scores, broadcasting to (B, H, T, cache.length + T).
        scale: Factor of the scores; 1 / sqrt(C) when None.

    Returns:
        The outputs, shape (B, H, T, C).

    Raises:
        ValueError: The new positions do not fit; the message names the number of positions needed and the room. Nothing
            is written then.

    Example:
        >>> keys, values = torch.zeros(1, 1, 3, 2), torch.zeros(1, 1, 3, 2)
        >>> one = torch.ones(1, 1, 1, 2)
        >>> cached_attention(one, one, 6 * one, LayerCache(keys, values, 0)).tolist()
        [[[[6.0, 6.0]]]]
        >>> cached_attention(one, one, 2 * one, LayerCache(keys, values, 1)).tolist()  # equal keys: the mean of 6 and 2
        [[[[4.0, 4.0]]]]
    """
    n_new, room = q_BHTC.shape[2], cache.keys_BKSC.shape[2]
    end = cache.length + n_new
    if end > room:
        raise ValueError(f"the cache has room for {room} positions; it must have room for {end}")
    cache.keys_BKSC[:, :, cache.length : end] = k_BKTC
    cache.values_BKSC[:, :, cache.length : end] = v_BKTC
    keys, values = cache.keys_BKSC[:, :, :end], cache.values_BKSC[:, :, :end]
    mask = None if n_new == 1 else causal_mask(n_new, end, q_BHTC.device)
    if bias is not None:
        mask = bias if mask is None else bias.masked_fill(~mask, -math.inf)
    return attend(q_BHTC, keys, values, mask, scale)


def attend(
    q_BHTC: Tensor,
    k_BKSC: Tensor,
    v_BKSC: Tensor,
    mask: Tensor | None = None,
    scale: float | None = None,
    is_causal: bool = False,
    dropout: float = 0.0,
) -> Tensor:
    """`grouped_query_attention` by PyTorch's fused kernel, which never stores the scores.

    Args:
        q_BHTC, k_BKSC, v_BKSC, mask, scale: As for `grouped_query_attention`.
        is_causal: Query t sees keys 0 to t; only with mask None and T = S.
        dropout: Probability with which a weight is dropped.

    Example:
        >>> q, kv = torch.randn(2, 4, 3, 8), torch.randn(2, 2, 3, 8)
        >>> plain = grouped_query_attention(q, kv, kv, causal_mask(3, 3))
        >>> torch.allclose(attend(q, kv, kv, is_causal=True), plain, atol=1e-6)
        True

    Source: Dao et al., "FlashAttention" (2022), algorithm 1, for the kernel.
    """
    shared = q_BHTC.shape[1] != k_BKSC.shape[1]
    if mask is not None and mask.dtype != torch.bool:
        mask = mask.to(q_BHTC.dtype)
    return F.scaled_dot_product_attention(
        q_BHTC, k_BKSC, v_BKSC, attn_mask=mask, dropout_p=dropout, is_causal=is_causal, scale=scale, enable_gqa=shared
    )


class Attention(nn.Module):
    """Causal self-attention; `n_kv_heads` makes it multi-head (= n_heads), multi-query (1) or grouped-query (between).

    In training, plain projections of queries, keys and values are computed as one product with their joined weights. A
    projection that has a hook, or is no plain `nn.Linear` (adapters, quantized or sharded layers), is called like any
    module.

    Args:
        d_model: Width D of the residual stream.
        n_heads: Query heads H.
        n_kv_heads: Key/value heads K; must divide n_heads. n_heads when None.
        d_head: Channels C of a head; d_model // n_heads when None.
        bias: Whether the four projections have biases.
        qk_norm: None, or "rmsnorm" or "layernorm": normalise queries and keys before they are rotated.
        qk_norm_over: "head": each head by itself; "all": all heads as one vector.
        norm_eps: Epsilon of that norm.
        dropout: Probability with which an attention weight is dropped in training.
        scale: Factor of the scores; 1 / sqrt(C) when None.

    Raises:
        ValueError: Heads that do not divide.

    Example:
        >>> attention = Attention(16, n_heads=4, n_kv_heads=2)
        >>> attention(torch.randn(2, 5, 16)).shape, attention.key.weight.shape
        (torch.Size([2, 5, 16]), torch.Size([8, 16]))
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        n_kv_heads: int | None = None,
        d_head: int | None = None,
        *,
        bias: bool = False,
        qk_norm: str | None = None,
        qk_norm_over: str = "head",
        norm_eps: float = 1e-5,
        dropout: float = 0.0,
        scale: float | None = None,
    ) -> None:
        super().__init__()
        n_kv_heads = n_heads if n_kv_heads is None else n_kv_heads
        check_heads(d_model, n_heads, n_kv_heads, d_head)
        self.d_head = d_model // n_heads if d_head is None else int(d_head)
        self.n_heads, self.n_kv_heads, self.dropout, self.scale = n_heads, n_kv_heads, dropout, scale
        self.query = nn.Linear(d_model, n_heads * self.d_head, bias=bias)
        self.key = nn.Linear(d_model, n_kv_heads * self.d_head, bias=bias)
        self.value = nn.Linear(d_model, n_kv_heads * self.d_head, bias=bias)
        self.out = nn.Linear(n_heads * self.d_head, d_model, bias=bias)
        self.qk_norm_over = qk_norm_over
        q_size, kv_size = (n_heads, n_kv_heads) if qk_norm_over == "all" else (1, 1)
        self.query_norm = make_norm(qk_norm, q_size * self.d_head, norm_eps) if qk_norm else None
        self.key_norm = make_norm(qk_norm, kv_size * self.d_head, norm_eps) if qk_norm else None

    def project(self, x_BTD: Tensor, rotate: Rotate | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (B, H, T, C), keys and values (B, K, T, C), normalised and rotated where that is wanted."""
        q_BTN, k_BTN, v_BTN = self._project_all(x_BTD)
        if self.query_norm is not None and self.qk_norm_over == "all":
            q_BTN, k_BTN = normalise(self.query_norm, q_BTN), normalise(self.key_norm, k_BTN)
        q_BHTC, k_BKTC, v_BKTC = (
            y_BTN.unflatten(-1, (-1, self.d_head)).transpose(1, 2) for y_BTN in (q_BTN, k_BTN, v_BTN)
        )
        if self.query_norm is not None and self.qk_norm_over == "head":
            q_BHTC, k_BKTC = normalise(self.query_norm, q_BHTC), normalise(self.key_norm, k_BKTC)
        if rotate is not None:
            q_BHTC, k_BKTC = rotate(q_BHTC), rotate(k_BKTC)
        return q_BHTC, k_BKTC, v_BKTC

    def _project_all(self, x_BTD: Tensor) -> Sequence[Tensor]:
        """The outputs of query, key and value, N components each."""
        layers = (self.query, self.key, self.value)
        if not self.training or not all(map(_is_plain_linear, layers)):
            return [layer(x_BTD) for layer in layers]
        # One product with the joined weights beats three: a small model trains 4% faster. Joining copies them: cheap
        # beside a batch of training, dear beside the single position of a decoding step.
        weight = torch.cat([layer.weight for layer in layers])
        bias = None if self.query.bias is None else torch.cat([layer.bias for layer in layers])
        return F.linear(x_BTD, weight, bias).split([layer.out_features for layer in layers], dim=-1)

    def forward(
        self,
        x_BTD: Tensor,
        rotate: Rotate | None = None,
        mask: Tensor | None = None,
        cache: LayerCache | None = None,
    ) -> Tensor:
        """Attend within x, or from x to a cache and x.

        Args:
            x_BTD: Shape (B, T, D).
            rotate: None, or what turns queries and keys of these positions (RoPE).
            mask: None for the plain causal mask, else a mask that holds everything, as in `grouped_query_attention`.
                With a cache: None or a bias, as in `cached_attention`.
            cache: This layer's cache; the keys and values of x are written into it.
        """
        q_BHTC, k_BKTC, v_BKTC = self.project(x_BTD, rotate)
        if cache is not None:
            y_BHTC = cached_attention(q_BHTC, k_BKTC, v_BKTC, cache, mask, self.scale)
        else:
            dropout = self.dropout if self.training else 0.0
            y_BHTC = attend(q_BHTC, k_BKTC, v_BKTC, mask, self.scale, is_causal=mask is None, dropout=dropout)
        return self.out(y_BHTC.transpose(1, 2).flatten(2))


def _is_plain_linear(layer: nn.Module) -> bool:
    """Whether calling the layer is nothing but a product with its weight: no subclass, no hook of any kind."""
    return type(layer) is nn.Linear and not has_hooks(layer)
