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


def core(figure: str, name: str = "", needs: tuple[str, ...] = ()) -> Any:
    """A fixture: call a function of `FIGURE_core.js` by its name, with Python's values in and out.

    `js.value` gives what is no function. The script's one object has the figure's name, or the one given.
    Scripts that it needs come before it, by the same kind of name.
    """
    held = name or figure

    @pytest.fixture(scope="module", name="js")
    def functions() -> Callable[..., Any]:
        context = quickjs.Context()
        for script in (*needs, figure):
            context.eval(asset(f"{script}_core.js"))

        def call(name: str, *arguments: Any) -> Any:
            told = ", ".join(map(script_json, arguments))
            return json.loads(context.eval(f"JSON.stringify({held}.{name}({told}))"))

        call.value = lambda name: json.loads(context.eval(f"JSON.stringify({held}.{name})"))
        return call

    return functions
