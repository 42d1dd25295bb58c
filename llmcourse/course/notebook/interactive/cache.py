"""Which keys a query reads, and what a cache keeps of them: the figure of chapter 3."""

from dataclasses import replace

from IPython.display import HTML

from llmcourse.course.notebook.interactive.figure import embed
from llmcourse.model.accounting import windowed_cache_bytes
from llmcourse.model.attention import causal_mask
from llmcourse.model.config import ModelConfig

HEADS = (1, 2, 4, 8)
WINDOWS = (0, 2, 4, 8)
RATIOS = (1, 5, -1)
"""Layers with a window for each one without; -1 is a window in every layer."""
MOST_POSITIONS = 16
MODEL = ModelConfig(vocab_size=512, d_model=1024, n_layers=12, n_heads=8, d_head=128, max_seq_len=131_072)
LARGE_LENGTH, LARGE_WINDOW = 131_072, 1024
START = {"nHeads": 8, "nKvHeads": 2, "window": 4, "nLocal": 5, "length": 12, "query": 8, "head": 0}
CELL = 13


def cache_reader() -> HTML:
    """A figure of attention over a cache, in which the reader chooses heads, key/value heads, window and length.

    It shows which query heads share a head of keys and values, the mask of a layer with the window, what of the text
    such a layer's cache still holds, and the bytes of the whole model's, as `windowed_cache_bytes` counts them.
    """
    return embed(
        "cache-reader",
        scripts=("cache_core.js", "cache_reader.js"),
        styles=("cache_reader.css",),
        config={
            "heads": HEADS,
            "windows": WINDOWS,
            "ratios": RATIOS,
            "mostPositions": MOST_POSITIONS,
            "shape": shape(MODEL),
            "large": {"length": LARGE_LENGTH, "window": LARGE_WINDOW},
            "start": START,
        },
        fallback=_picture(12, 4) + _table(),
        label="Attention and its cache",
    )


def shape(config: ModelConfig) -> dict[str, int]:
    """What the figure has to know of a model to count its cache."""
    return {
        "nLayers": config.n_layers, "nKvHeads": int(config.n_kv_heads), "dHead": int(config.d_head), "bytesPerValue": 2,
    }  # fmt: skip


def _picture(length: int, window: int) -> str:
    """The mask as a still picture."""
    mask = causal_mask(length, length).triu(1 - window)
    squares = "".join(
        f'<rect x="{CELL * key}" y="{CELL * query}" width="{CELL - 2}" height="{CELL - 2}" fill="#3e92db"/>'
        for query, key in mask.nonzero().tolist()
    )
    side = CELL * length
    return (
        f'<svg viewBox="0 0 {side} {side}" width="{side}" height="{side}" role="img" aria-label="Mask of {length} '
        f'queries (rows) over {length} keys (columns): a band of {window} squares along the diagonal">{squares}</svg>\n'
        f"<p>Which keys (columns) each query (row) reads with a window of {window} positions. With JavaScript this is "
        "an interactive figure.</p>\n"
    )


def _table() -> str:
    rows = []
    for n_kv_heads in (8, 2, 1):
        config = replace(MODEL, n_kv_heads=n_kv_heads)
        cells = [str(n_kv_heads)]
        for n_global in (MODEL.n_layers, MODEL.n_layers // 6):
            kept = windowed_cache_bytes(config, LARGE_LENGTH, LARGE_WINDOW, n_global)
            cells.append(f"{kept / 2**30:.2f}")
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return (
        f"<p>Cache of a model of {MODEL.n_layers} layers with {MODEL.n_heads} heads of {MODEL.d_head} channels at "
        f"{LARGE_LENGTH:,} positions in bfloat16, in GiB.</p>\n<table><thead><tr><th>key/value heads</th>"
        f"<th>no window</th><th>window of {LARGE_WINDOW:,} in five layers of six</th></tr></thead>\n"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
