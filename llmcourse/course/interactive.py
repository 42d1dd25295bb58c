"""Interactive figures: plain JavaScript and SVG inside an output cell, with no request to any other host.

A figure is a static fallback (what a reader without JavaScript, a printer or an untrusted notebook shows) and a script
that replaces it. The script's assets lie in `static/`; each figure runs in its own shadow root, so that neither its
names nor its styles meet the page's.
"""

import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import tokenizers
from IPython.display import HTML
from tokenizers import models, pre_tokenizers, trainers

STATIC = Path(__file__).parent / "static"
N_BYTES = 256
MAX_CHARACTERS = 600

# The book's theme marks dark pages on <html>, JupyterLab on <body>; elsewhere the reader's system decides. The last rule
# takes away the light frame that the book's dark theme puts around any HTML output.
HOST_CSS = """
[data-llm-figure] { color-scheme: light dark; margin: 1rem 0; }
html[data-theme="light"] [data-llm-figure],
body[data-jp-theme-light="true"] [data-llm-figure] { color-scheme: light; }
html[data-theme="dark"] [data-llm-figure],
body[data-jp-theme-light="false"] [data-llm-figure] { color-scheme: dark; }
html[data-theme] .cell_output .text_html:has(> [data-llm-figure]) {
  background: none !important; padding: 0 !important;
}
"""


def asset(name: str) -> str:
    """The text of a file in `static/`.

    Raises:
        ValueError: if there is no such file, or if it could end the `<script>` it is put into.
    """
    path = STATIC / name
    if not path.is_file():
        raise ValueError(f"no asset {name!r}; there are {sorted(p.name for p in STATIC.iterdir())}")
    text = path.read_text(encoding="utf-8")
    if found := re.search(r"</script|<script|<!--", text, re.IGNORECASE):
        raise ValueError(f"asset {name!r} holds {found[0]!r}, which would end or change the script around it")
    return text


def script_json(value: object) -> str:
    r"""JSON that is safe inside a `<script>` element, with keys in a fixed order.

    >>> script_json({"b": "</script>", "a": "é"})
    '{"a": "\\u00e9", "b": "\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def figure_id(name: str, config: Mapping[str, object]) -> str:
    """An id that depends on nothing but the figure's name and configuration, so that pages are reproducible.

    >>> figure_id("stepper", {"text": "low"}) == figure_id("stepper", {"text": "low"})
    True
    """
    digest = hashlib.sha256(script_json([name, config]).encode()).hexdigest()
    return f"llm-{name}-{digest[:12]}"


def embed(
    name: str,
    *,
    scripts: Sequence[str],
    styles: Sequence[str] = (),
    config: Mapping[str, object],
    fallback: str,
    label: str,
) -> HTML:
    """An interactive figure as one piece of HTML.

    The scripts run in order inside one function, so they share names with each other and with nothing else. The last
    defines `mount(box, config, host)`, which fills the empty element `box`. Before them come `figure.js` (`element`,
    `prefersStillness`) and `figure.css` (colours for light and dark, buttons, fields).

    Args:
        name: letters, digits and hyphens; part of the figure's id.
        scripts, styles: files in `static/`.
        config: handed to `mount`; anything that JSON can hold.
        fallback: HTML shown until, and unless, the script runs. The caller escapes what it puts into it.
        label: what the figure is, for screen readers.

    Raises:
        ValueError: for a bad name or asset.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise ValueError(f"a figure's name is lower-case letters, digits and hyphens, not {name!r}")
    identity = figure_id(name, config)
    css = "\n".join(asset(style) for style in ("figure.css", *styles))
    code = "\n".join(asset(script) for script in ("figure.js", *scripts))
    return HTML(
        f"<style>{HOST_CSS}</style>\n"
        f'<div data-llm-figure="{identity}" data-lm-suppress-shortcuts="true" role="group" '
        f'aria-label="{html.escape(label)}" class="mathjax_ignore tex2jax_ignore">\n{fallback}\n</div>\n'
        f"<script>(() => {{\n{code}\n"
        f"startFigure({script_json(identity)}, {script_json(css)}, {script_json(config)}, mount);\n}})();</script>"
    )


def bpe_stepper(text: str, merges: Sequence[tuple[int, int]] | None = None, n_merges: int = 12) -> HTML:
    """A figure that trains byte-pair encoding on a short text as the reader clicks.

    Words are GPT-2's split, base ids are bytes in GPT-2's order, and the pair that goes next is the most frequent one,
    the smallest pair of ids among equals. The reader may choose another pair, or write another text.

    Args:
        text: at most 600 characters.
        merges: pairs for the Merge button to replay in this order (say, those of a tokenizer trained on a whole
            corpus); the pair at index i makes token 256 + i. Without it the text itself decides.
        n_merges: how many merges the fallback lists, the chart leaves room for and Play makes in one go.

    Raises:
        ValueError: for a text that is too long or empty, a pair whose ids do not exist yet, or fewer than 1 merge.
    """
    if not 0 < len(text) <= MAX_CHARACTERS:
        raise ValueError(f"the text has {len(text)} characters; the figure shows 1 to {MAX_CHARACTERS}")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("the text holds half of a surrogate pair, which UTF-8 cannot write")
    if n_merges < 1:
        raise ValueError(f"n_merges is {n_merges}; it must be at least 1")
    for i, pair in enumerate(merges or ()):
        if len(pair) != 2 or not all(0 <= token < N_BYTES + i for token in pair):
            raise ValueError(f"merge {i} is {tuple(pair)}; it must be two ids from 0 to {N_BYTES + i - 1}")
    given = None if merges is None else [[int(left), int(right)] for left, right in merges]
    return embed(
        "bpe-stepper",
        scripts=("bpe_core.js", "bpe_stepper.js"),
        styles=("bpe_stepper.css",),
        config={"text": text, "merges": given, "nMerges": n_merges},
        fallback=_merge_table(text, given, n_merges),
        label="Byte-pair encoding, merge by merge",
    )


@cache
def _byte_characters() -> tuple[str, ...]:
    """The printable character that stands for each byte in GPT-2's files, in the order of their ids."""
    return tuple(sorted(pre_tokenizers.ByteLevel.alphabet()))


def _show(token: str) -> str:
    """A token for people: its text with blanks made visible, or hexadecimal bytes when it is not whole characters.

    >>> _show("Ġlow"), _show("Ã"), _show("Ã©")
    ('␣low', 'C3', 'é')
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    order = printable + [byte for byte in range(N_BYTES) if byte not in printable]
    byte_of = dict(zip(_byte_characters(), order, strict=True))
    raw = bytes(byte_of[character] for character in token)
    try:
        shown = raw.decode()
    except UnicodeDecodeError:
        return raw.hex(" ").upper()
    return shown.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")


def _merge_table(text: str, merges: list[list[int]] | None, n_merges: int) -> str:
    """The first merges as an HTML table, by the `tokenizers` library: a learner's unfinished code cannot break it."""
    split = pre_tokenizers.ByteLevel(add_prefix_space=False)
    vocab, pairs = list(_byte_characters()), []
    if merges is None:
        trained = tokenizers.Tokenizer(models.BPE())
        trained.pre_tokenizer = split
        trainer = trainers.BpeTrainer(
            vocab_size=N_BYTES + n_merges, initial_alphabet=list(_byte_characters()), show_progress=False
        )
        trained.train_from_iterator([text], trainer)
        pairs = [tuple(pair) for pair in json.loads(trained.to_str())["model"]["merges"]]
    else:
        for left, right in merges[:n_merges]:
            pairs.append((vocab[left], vocab[right]))
            vocab.append(vocab[left] + vocab[right])
    rows = []
    for i in range(len(pairs) + 1):
        known = dict.fromkeys([*_byte_characters(), *(left + right for left, right in pairs[:i])])
        model = tokenizers.Tokenizer(models.BPE(vocab={token: k for k, token in enumerate(known)}, merges=pairs[:i]))
        model.pre_tokenizer = split
        tokens = len(model.encode(text).ids)
        cells = [_show(part) for part in (*pairs[i - 1], "".join(pairs[i - 1]))] if i else ["", "", "(bytes)"]
        shown = "".join(f"<td><code>{html.escape(cell)}</code></td>" if cell else "<td></td>" for cell in cells)
        rows.append(f"<tr><td>{i}</td>{shown}<td>{tokens}</td></tr>")
    return (
        f"<p>Byte-pair encoding of “{html.escape(text)}”. With JavaScript this is an interactive figure; "
        "here are its first merges. ␣ is a space.</p>\n<table><thead><tr><th>merge</th><th>left</th><th>right</th>"
        f"<th>new token</th><th>tokens in the text</th></tr></thead>\n<tbody>{''.join(rows)}</tbody></table>"
    )
