"""Text out of a trained model, piece by piece as it comes, and whether it is Python (chapter 7)."""

from __future__ import annotations

import ast
import codecs
import codeop
import warnings
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn

from llmcourse.model.generation import choose_next
from llmcourse.model.losses import evaluation_mode
from llmcourse.model.transformer import KVCache
from llmcourse.tokenization import BPETokenizer
from llmcourse.values import whole


def stream(
    model: nn.Module,
    tokenizer: BPETokenizer,
    prompt: str,
    max_new_tokens: int,
    *,
    temperature: float = 0.8,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int = 0,
    end_of_text: int | None = None,
    stop: str | Sequence[str] = (),
) -> Iterator[str]:
    """Continue a text, and give what is written while it is being written.

    Each position is computed once: keys and values are kept. A piece never ends within a character: bytes that do not
    make one yet wait for the next token. All pieces together are what `tokenizer.decode` makes of all new tokens, up to
    the text that stops it.

    Args:
        model: A `Transformer`. Its mode is put back after each token.
        tokenizer: The one that it was trained with. Ids that have no token are never chosen.
        prompt: May be empty if there is an `end_of_text`.
        max_new_tokens: The most tokens to add, at least 0.
        temperature, top_k, top_p: As in `choose_next`.
        seed: Of the choices: the same seed writes the same text on the same machine.
        end_of_text: The id of the mark between documents: the prompt is put behind it, as documents were in training,
            and the text ends with it. The mark itself is not given.
        stop: Texts with which it ends, too; they are not given either.

    Returns:
        The pieces, none of them empty.

    Raises:
        ValueError: The prompt is empty and there is no mark for it to begin with, a setting is out of range, or a
            learned table has too few positions. It is raised before anything is computed.

    Example:
        >>> from llmcourse.model import ModelConfig, Transformer
        >>> tokenizer = BPETokenizer.train(["low lower lowest"], vocab_size=258)
        >>> model = Transformer(ModelConfig(vocab_size=258, d_model=16, n_layers=1, n_heads=2, max_seq_len=32))
        >>> once, again = ("".join(stream(model, tokenizer, "low", 9, seed=1)) for _ in range(2))
        >>> once == again
        True
    """
    ids = ([] if end_of_text is None else [whole("end_of_text", end_of_text)]) + tokenizer.encode(prompt)
    max_new_tokens = whole("max_new_tokens", max_new_tokens)
    if not ids:
        raise ValueError("prompt is ''; it must have a character, or an end_of_text to begin behind")
    if max_new_tokens < 0:
        raise ValueError(f"max_new_tokens is {max_new_tokens}; it must be at least 0")
    _check_positions(model, len(ids), max_new_tokens)
    choose_next(torch.zeros(1, 2), temperature, top_k, top_p, torch.Generator())  # which knows what is allowed
    stops = [stop] if isinstance(stop, str) else list(stop)
    if "" in stops:
        raise ValueError("stop is ''; it must have a character")
    device = model.embedding.weight.device
    generator = torch.Generator(device).manual_seed(seed)

    def choose(logits_BV: Tensor) -> int:
        logits_BV[:, len(tokenizer) :] = -torch.inf  # rows of the embedding that no token has ever used
        return int(choose_next(logits_BV, temperature, top_k, top_p, generator))

    tokens = _tokens(model, torch.tensor([ids], device=device), max_new_tokens, choose, end_of_text)
    return _until(stops, _characters(tokenizer.token_bytes(token) for token in tokens))


def _check_positions(model: nn.Module, n_prompt: int, n_new: int) -> None:
    config = model.config
    # The last token that is added is read no more, so it needs no position.
    if config.positions == "learned" and n_prompt + n_new > config.max_seq_len + 1:
        raise ValueError(
            f"max_new_tokens is {n_new} and the prompt has {n_prompt} tokens; all but the last must fit into the "
            f"{config.max_seq_len} positions that are learned"
        )


def _tokens(model: nn.Module, ids_BT: Tensor, n_new: int, choose: object, end_of_text: int | None) -> Iterator[int]:
    """New tokens, one after the other, up to the mark."""
    cache = KVCache(model.config, 1, ids_BT.shape[1] + n_new)
    for _ in range(n_new):
        token = choose(_next_logits(model, ids_BT, cache))  # type: ignore[operator]
        if token == end_of_text:
            return
        yield token
        ids_BT = ids_BT.new_tensor([[token]])


@torch.no_grad()
def _next_logits(model: nn.Module, ids_BT: Tensor, cache: KVCache) -> Tensor:
    with evaluation_mode(model):
        return model(ids_BT, cache=cache)[:, -1].float()


def _characters(parts: Iterable[bytes]) -> Iterator[str]:
    """Bytes as text, as soon as characters are whole; what never becomes one is U+FFFD."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for part in parts:
        if text := decoder.decode(part):
            yield text
    if rest := decoder.decode(b"", final=True):
        yield rest


def _until(stops: Sequence[str], pieces: Iterable[str]) -> Iterator[str]:
    """Pieces up to the first text that ends them; what might be its beginning is held back until that is known."""
    held = ""
    for piece in pieces:
        held += piece
        if found := [held.index(stop) for stop in stops if stop in held]:
            if held := held[: min(found)]:
                yield held
            return
        keep = max((n for stop in stops for n in range(1, len(stop)) if held.endswith(stop[:n])), default=0)
        given, held = held[: len(held) - keep], held[len(held) - keep :]
        if given:
            yield given
    if held:
        yield held


def parses_as_python(text: str) -> bool:
    """Whether a text that may break off anywhere is Python as far as it goes.

    Its last line, unless it ends with a line break, may be cut within a word: it is not looked at. Nor is what was
    begun on the lines before and is not finished: a bracket or a string that is open, a header whose block is missing.
    What is left must be Python that can be parsed, with at least one statement: comments alone do not count.

    Args:
        text: Anything.

    Example:
        >>> parses_as_python("def f(x):\\n    return x\\nwhil"), parses_as_python("x = 1\\ny = (2 +\\n  3")
        (True, True)
        >>> parses_as_python("def f(x:\\n    return x\\n"), parses_as_python("# nothing\\n"), parses_as_python("x 1\\n")
        (False, False, False)
    """
    lines = text[: text.rfind("\n") + 1].splitlines(keepends=True)
    with warnings.catch_warnings():  # such as those of escapes that mean nothing
        warnings.simplefilter("ignore")
        while lines and _is_unfinished("".join(lines)):
            lines.pop()
        try:
            return bool(ast.parse("".join(lines)).body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False


def _is_unfinished(source: str) -> bool:
    """Whether what is wrong with a source could be mended by going on."""
    flags = codeop.PyCF_ALLOW_INCOMPLETE_INPUT | ast.PyCF_ONLY_AST
    try:
        compile(source, "a text", "exec", flags)
    except SyntaxError as error:
        return "incomplete input" in str(error)
    except (ValueError, RecursionError, MemoryError):
        pass
    return False


def python_share(texts: Sequence[str]) -> float:
    """Which share of texts parses as Python, see `parses_as_python`.

    Raises:
        ValueError: There is no text.

    Example:
        >>> python_share(["x = 1\\n", "x 1\\n"])
        0.5
    """
    if not texts:
        raise ValueError("texts is empty; it must have at least one text")
    return sum(map(parses_as_python, texts)) / len(texts)
