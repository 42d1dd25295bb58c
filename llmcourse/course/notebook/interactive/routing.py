"""Who reads what: the figure of chapter 6. Dimensions: L looks, E experts, C kinds of tokens."""

import html
from collections.abc import Mapping, Sequence

import numpy as np
from IPython.display import HTML
from numpy.typing import ArrayLike, NDArray

from llmcourse.course.notebook.interactive.figure import embed

IN_TABLE = 3  # how many kinds of tokens the fallback names for an expert


def routing_heatmap(runs: Mapping[str, ArrayLike], kinds: Sequence[str], steps: Sequence[int], top_k: int) -> HTML:
    """A figure of the experts of a layer against kinds of tokens: which part of each kind chooses which expert.

    The reader chooses the run and the step of training, and reads each cell in words. A cell is in multiples of an even
    share: 1 where `top_k` of E choices of that kind fall on the expert, E / `top_k` where every token chooses it. All
    counts are those of one text, the same at every step and in every run.

    Args:
        runs: For each run, by name, how many tokens of each kind chose each expert at each step: integers of shape
            (L, E, C).
        kinds: Names of the C kinds; a token is of one kind.
        steps: The L steps, rising.
        top_k: How many different experts each token chooses.

    Raises:
        ValueError: There is no run, no kind or no step; steps do not rise; a name is there twice; `top_k` is not from 1
            to E; the counts of a run have another shape, are no counts, or are not `top_k` different experts for each
            token of one and the same text. The message names what it is.

    Example:
        >>> shown = routing_heatmap({"alone": [[[3, 0], [1, 2]]]}, ["letter", "digit"], [0], top_k=1)
        >>> "<td>1.0</td><td>digit 2.0, letter 0.5</td>" in shown.data
        True
    """
    _check_axes(runs, kinds, steps)
    counts = {name: _counts(name, run, len(steps), len(kinds)) for name, run in runs.items()}
    first = next(iter(counts.values()))
    n_experts = first.shape[1]
    if top_k not in range(1, n_experts + 1):
        raise ValueError(f"top_k is {top_k!r}; it must be from 1 to {n_experts}, the number of experts")
    tokens_C = first[0].sum(axis=0) // top_k
    for name, counts_LEC in counts.items():
        _check_choices(name, counts_LEC, tokens_C, n_experts, top_k)
    return embed(
        "routing-heatmap",
        scripts=("routing_core.js", "routing_heatmap.js"),
        styles=("routing_heatmap.css",),
        config={
            "kinds": list(kinds),
            "steps": [int(step) for step in steps],
            "tokens": tokens_C.tolist(),
            "nExperts": n_experts,
            "topK": int(top_k),
            "runs": [(name, counts_LEC.tolist()) for name, counts_LEC in counts.items()],
        },
        fallback=_table(
            {name: counts_LEC[-1] for name, counts_LEC in counts.items()}, kinds, steps[-1], tokens_C, top_k
        ),
        label="Which expert reads what, over the steps of training",
    )


def load(count: float, n_tokens: float, n_experts: int, top_k: int) -> float | None:
    """Choices in multiples of an even share, or None where there is no token.

    Example:
        >>> load(3, 4, n_experts=8, top_k=2)
        3.0
    """
    return float(count * n_experts / (top_k * n_tokens)) if n_tokens else None


def _check_axes(runs: Mapping[str, ArrayLike], kinds: Sequence[str], steps: Sequence[int]) -> None:
    for name, values in (("runs", runs), ("kinds", kinds), ("steps", steps)):
        if len(values) == 0:
            raise ValueError(f"{name} is {values!r}; it must hold one at least")
    if len(set(kinds)) < len(kinds):
        raise ValueError(f"kinds is {list(kinds)}; it must hold each name once")
    if any(later <= before for before, later in zip(steps, steps[1:])) or steps[0] < 0:
        raise ValueError(f"steps is {list(steps)}; it must rise, from 0 or more")


def _counts(name: str, run: ArrayLike, n_looks: int, n_kinds: int) -> NDArray[np.int64]:
    """A run as an array of counts."""
    counts_LEC = np.asarray(run)
    if counts_LEC.ndim != 3 or counts_LEC.shape[::2] != (n_looks, n_kinds) or counts_LEC.size == 0:
        raise ValueError(
            f"the shape of {name!r} is {counts_LEC.shape}; it must be ({n_looks}, experts, {n_kinds}), for the "
            "steps and the kinds"
        )
    if not np.issubdtype(counts_LEC.dtype, np.integer) or counts_LEC.min() < 0:
        raise ValueError(f"the least of {name!r} is {counts_LEC.min()}; it must be a count, an integer of 0 or more")
    return counts_LEC.astype(np.int64)


def _check_choices(
    name: str, counts_LEC: NDArray[np.int64], tokens_C: NDArray[np.int64], n_experts: int, top_k: int
) -> None:
    """That each token chose `top_k` of these experts, at every step."""
    if counts_LEC.shape[1] != n_experts:
        raise ValueError(
            f"the number of experts of {name!r} is {counts_LEC.shape[1]}; it must be {n_experts}, as of the first run"
        )
    for look, counts_EC in enumerate(counts_LEC):
        if (found := counts_EC.sum(axis=0).tolist()) != (wanted := (top_k * tokens_C).tolist()):
            raise ValueError(
                f"the number of choices of each kind in {name!r} is {found} at look {look}; it must be {wanted}, "
                f"top_k = {top_k} for each token of the text of the first look"
            )
        if (counts_EC > tokens_C).any():
            raise ValueError(
                f"the largest count of each kind in {name!r} is {counts_EC.max(axis=0).tolist()} at look {look}; it "
                f"must be at most the number of tokens, {tokens_C.tolist()}: a token chooses an expert once"
            )


def _table(
    last: Mapping[str, NDArray[np.int64]], kinds: Sequence[str], step: int, tokens_C: NDArray[np.int64], top_k: int
) -> str:
    """The last look at every run: each expert's load, and of which kinds it gets most."""
    rows, n_experts = [], len(next(iter(last.values())))
    for name, counts_EC in last.items():
        for expert, counts_C in enumerate(counts_EC):
            loads = [load(count, n, n_experts, top_k) or 0.0 for count, n in zip(counts_C, tokens_C)]
            most = sorted((kind for kind in range(len(kinds)) if loads[kind]), key=lambda kind: -loads[kind])[:IN_TABLE]
            reads = ", ".join(f"{html.escape(kinds[kind])} {loads[kind]:.1f}" for kind in most) or "nothing"
            total = load(counts_C.sum(), tokens_C.sum(), n_experts, top_k) or 0.0
            cells = [html.escape(name), str(expert), f"{total:.1f}", reads]
            rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["run", "expert", "load", "kinds of which it reads most"]
    return (
        f"<p>Which expert reads what after {step:,} steps; 1 is an even share, {n_experts / top_k:g} the largest "
        "one possible. With JavaScript this is an interactive figure, over all steps.</p>\n<table><thead><tr>"
        f"{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"
    )
