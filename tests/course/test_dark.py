"""A figure's dark form: the style's colours have counterparts, data keep their colours, and words can be read."""

from __future__ import annotations

import base64
import io
import itertools
import re

import matplotlib
import numpy as np
import PIL.Image
import pytest
from matplotlib.figure import Figure

from llmcourse.course.author.dark import DARK_CARD, DARK_PALETTE, LEGIBLE, contrast, dark_form, with_dark_forms
from llmcourse.course.notebook.plots import CARD, INK, PALETTE, use_style

NAME = "0123456789abcdef" * 4


def parts(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def drawn(draw, **axes: object) -> str:
    """A figure in the course's style as SVG."""
    with matplotlib.rc_context():
        use_style()
        figure, target = Figure(), io.StringIO()
        draw(figure.subplots(**axes))
        figure.savefig(target, format="svg")
    return target.getvalue()


def words_of(svg: str, text: str) -> str:
    """The colour of the words that have a comment with the text in matplotlib's own SVG; here by their place."""
    place = re.search(rf"<!-- {re.escape(text)} -->\s*<g[^>]*transform=\"(translate\([^)]*\))", svg)
    assert place
    found = re.search(rf'style="fill: (#\w+)" transform="{re.escape(place[1])}', dark_form(svg))
    assert found
    return found[1]


def test_every_colour_of_the_style_has_a_light_counterpart_that_differs_from_the_others():
    assert DARK_PALETTE.keys() == PALETTE.keys()
    for name, colour in DARK_PALETTE.items():
        assert contrast(parts(colour), parts(DARK_CARD)) >= LEGIBLE, name
    for (one, a), (other, b) in itertools.combinations(DARK_PALETTE.items(), 2):
        assert np.linalg.norm(np.subtract(parts(a), parts(b))) > 60, f"{one} and {other}"


def test_lines_words_and_card_change_and_nothing_else():
    svg = drawn(lambda ax: ax.plot([0, 1], [0, 1], color=PALETTE["blue"], label="rope") and ax.legend())
    dark = dark_form(svg)
    left = {colour.lower() for colour in (CARD, INK, *PALETTE.values())}
    assert not left & set(re.findall(r"#[0-9a-f]{6}", dark))
    assert DARK_PALETTE["blue"] in dark and f"fill: {DARK_CARD}" in dark
    assert len(re.findall(r" d=\"", dark)) == len(re.findall(r" d=\"", svg))


def test_a_heatmap_keeps_its_colours_and_words_on_it_are_legible():
    def draw(ax):
        ax.imshow([[0.0, 0.55], [0.5, 1.0]])
        ax.grid(False)
        for (row, column), ink in zip(itertools.product((0, 1), repeat=2), ("#ffffff", "#ffffff", INK, INK)):
            ax.text(column, row, f"{row}{column}", color=ink, ha="center", va="center")

    svg = drawn(draw)
    pictures = [re.search(r"base64,\s*([^\"]+)", form)[1].split() for form in (svg, dark_form(svg))]
    assert pictures[0] == pictures[1]
    assert words_of(svg, "00") == "#ffffff" and words_of(svg, "11") == INK.lower()
    assert words_of(svg, "01") == "#000000", "white on a middle grey was hard to read"


def test_words_on_a_bar_stand_out_from_it():
    def draw(ax):
        ax.bar([0, 1], [1, 1], color=[PALETTE["sky"], PALETTE["blue"]], alpha=0.6)
        ax.text(0, 0.5, "on sky", color=INK, ha="center")
        ax.text(0.5, 1.2, "above", color=INK)

    svg = drawn(draw, subplot_kw={"ylim": (0, 2)})
    assert words_of(svg, "on sky") == "#000000" and words_of(svg, "above") not in ("#000000", INK)


def test_lines_of_a_colour_map_follow_the_bar_that_explains_them():
    def draw(ax):
        points = ax.scatter([0, 1, 2], [0, 1, 2], c=[0, 0.5, 1], cmap="cividis")
        ax.figure.colorbar(points, label="loss")

    dark = dark_form(drawn(draw))
    assert "#00224e" not in dark and "#596f8c" in dark
    bar = PIL.Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,\s*([^\"]+)", dark)[1]))).convert("RGB")
    assert min(min(colour) for _, colour in bar.getcolors()) >= 89


def test_what_is_no_svg_is_refused():
    with pytest.raises(ValueError, match="svg is 'PNG'"):
        dark_form("PNG")


def test_a_page_has_both_forms_of_a_notebooks_figure_and_one_of_other_pictures():
    other = '<img alt="A path." src="_images/path.svg" />'
    page = f'<p>{other}<img alt="A line." src="../../_images/{NAME}.svg" /></p>'
    both = with_dark_forms(page, lambda name: (538, 336))
    assert both.count("<img") == 3 and other in both and both.count('alt="A line."') == 2
    assert (
        f'src="../../_images/{NAME}.svg" />' in both and f'src="../../_images/{NAME}.dark.svg" loading="lazy"' in both
    )
    assert both.count('width="538" height="336"') == 2
    assert with_dark_forms(both, lambda name: (1, 1)) == both
