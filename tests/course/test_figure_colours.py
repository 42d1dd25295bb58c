"""The colours of the interactive figures' marks stand out from the card in both themes."""

from __future__ import annotations

import re

import pytest

from llmcourse.course.notebook.interactive.figure import STATIC, asset
from llmcourse.course.notebook.plots import PALETTE, VISIBLE, contrast

CARDS, RAISED = ("#ffffff", "#1b2027"), "#f4f6f9"
GROUNDS = {"card", "raised", "line", "on-accent"}
"""Of the shared colours those that marks lie on, or that only part one thing from the next."""
WITH_AN_EDGE = {
    "mesh_explorer.css": {"#cfd8e3", "#46505e"},
    "context_stretch.css": {"#c3cad4", "#4a5462"},
}
"""Pale insides whose edge is a colour that stands out."""
INKS = {"#111", "#10151c", "#000000", "#ffffff"}
"""Words on marks."""
PAIR = re.compile(r"light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
SHARED = dict(re.findall(r"--([\w-]+): (light-dark\([^)]*\))", asset("figure.css")))


@pytest.mark.parametrize("name", sorted(SHARED.keys() - GROUNDS))
def test_a_shared_colour_stands_out_from_both_cards(name):
    light, dark = PAIR.fullmatch(SHARED[name]).groups()
    assert contrast(light, CARDS[0]) >= VISIBLE and contrast(dark, CARDS[1]) >= VISIBLE
    assert contrast(light, RAISED) >= VISIBLE, "also from the lanes and rooms that are raised"


def test_interactive_and_drawn_figures_have_the_same_colours_in_the_light():
    for name in PALETTE.keys() - {"ink"}:
        assert PAIR.fullmatch(SHARED[name])[1] == PALETTE[name].lower()


@pytest.mark.parametrize("sheet", sorted(path.name for path in STATIC.glob("*.css") if path.name != "figure.css"))
def test_a_figure_s_own_colours_stand_out_too(sheet):
    css = asset(sheet)
    pale = WITH_AN_EDGE.get(sheet, set())
    for pair in PAIR.findall(css):
        for colour, card in zip(pair, CARDS):
            assert colour in pale or contrast(colour, card) >= VISIBLE, f"{colour} on {card}"
    single = set(re.findall(r"#[0-9a-f]{3,6}\b", re.sub(r"light-dark\([^)]*\)", "", css))) - INKS
    assert not single or "--rim" in css, f"{single}: a colour for both themes; use one of figure.css"
