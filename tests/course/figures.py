"""What the tests of the interactive figures share: a figure's computing part, run without a browser.

from tests.course.figures import core

js = core("banding")


def test_the_curve_is_the_library_s(js):
    assert js("probability", 0.5, 16, 8) == pytest.approx(band_probability(0.5, 16, 8))
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import quickjs

from llmcourse.course.notebook.interactive.figure import asset, script_json


def core(figure: str) -> Any:
    """A fixture: call a function of `FIGURE_core.js` by its name, with Python's values in and out."""

    @pytest.fixture(scope="module", name="js")
    def functions() -> Callable[..., Any]:
        context = quickjs.Context()
        context.eval(asset(f"{figure}_core.js"))

        def call(name: str, *arguments: Any) -> Any:
            told = ", ".join(map(script_json, arguments))
            return json.loads(context.eval(f"JSON.stringify({figure}.{name}({told}))"))

        return call

    return functions
