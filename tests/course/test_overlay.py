"""What the overlay finds out about modules and code: names that are replaced, names that are missing."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType

import pytest

import llmcourse
from llmcourse import _overlay, _sections

PACKAGE = Path(llmcourse.__file__).parent


def by_dis(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from (i.argval for i in dis.get_instructions(constant) if i.opname == "LOAD_GLOBAL")
            yield from by_dis(constant)


@pytest.mark.parametrize("folder", ["tokenization", "model", "distributed", "pretrain"])
def test_the_global_names_of_code_are_those_that_dis_finds(folder: str) -> None:
    codes = [compile(path.read_text(), str(path), "exec") for path in sorted((PACKAGE / folder).rglob("*.py"))]
    found = [list(_sections.global_names(code)) for code in codes]
    assert found == [list(by_dis(code)) for code in codes] and sum(map(len, found)) > 100


def test_a_global_name_is_found_behind_more_than_127_others() -> None:
    names = [f"name_{i}" for i in range(300)]
    code = compile(f"def f():\n    return {' + '.join(names)}", "<many>", "exec")
    assert list(_sections.global_names(code)) == names


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch):
    """Makes modules of the library, which are forgotten after the test."""
    monkeypatch.setattr(_overlay, "_reference", {})

    def make(name: str, **names: object) -> ModuleType:
        made = ModuleType(f"llmcourse.{name}")
        vars(made).update(names)
        monkeypatch.setitem(sys.modules, made.__name__, made)
        return made

    return make


def define(module: ModuleType, value: int):
    namespace = {"__name__": module.__name__}
    exec(f"def f(): return {value}", namespace)
    return namespace["f"]


def test_a_definition_is_replaced_under_every_name_also_in_modules_that_come_later(module) -> None:
    home = module("toy_home")
    first = home.f = define(home, 1)
    user = module("toy_user", g=first, other=len)
    second, third = define(home, 2), define(home, 3)
    _overlay.rebind(home, "f", second)
    assert (home.f, user.g, user.other) == (second, second, len)
    later = module("toy_later", h=second)
    _overlay.rebind(home, "f", third)
    assert home.f is user.g is later.h is third
    _overlay.rebind(home, "f", first)
    assert home.f is user.g is later.h is first


def test_a_module_that_is_imported_anew_under_its_name_is_looked_at_anew(module) -> None:
    home = module("toy_home")
    first = home.f = define(home, 1)
    module("toy_user", g=first)
    _overlay.rebind(home, "f", second := define(home, 2))
    again = module("toy_user", g=second)
    _overlay.rebind(home, "f", third := define(home, 3))
    assert again.g is third


def test_what_was_named_otherwise_meanwhile_is_left_alone(module) -> None:
    home = module("toy_home")
    first = home.f = define(home, 1)
    user = module("toy_user", g=first)
    _overlay.look_through()
    user.g = max
    _overlay.rebind(home, "f", define(home, 2))
    assert user.g is max


def test_what_a_learners_cell_imports_is_replaced_too_when_it_is_built_again(module) -> None:
    home, user = module("toy_home"), module("toy_user")
    home.f = define(home, 1)
    _overlay.look_through()
    _overlay.run_section(user, compile("from llmcourse.toy_home import f as g", "<cell>", "exec"))
    _overlay.rebind(home, "f", second := define(home, 2))
    assert user.g is second


def test_what_stands_for_a_function_may_be_of_any_type_and_is_replaced_in_modules_that_come_later(module) -> None:
    home = module("toy_home")
    home.f = define(home, 1)
    _overlay.look_through()
    _overlay.run_section(home, compile("from functools import partial; f = partial(max, 3)", "<cell>", "exec"))
    later = module("toy_later", h=home.f)
    _overlay.rebind(home, "f", third := define(home, 3))
    assert home.f is later.h is third
