"""Settings as TOML: written, and changed field by field (chapter 7).

Python reads TOML and does not write it. What settings need of it is little: sections, numbers, strings, lists.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any


class ConfigError(ValueError):
    """Settings that no run can have; the message names the field, its value and what is allowed."""


def to_toml(sections: Mapping[str, Any]) -> str:
    """Sections as TOML: numbers, strings, truth values, lists of them, tables, and lists of tables.

    Example:
        >>> print(to_toml({"run": {"folder": "a"}, "data": {"sources": [{"name": "b"}], "seq_len": 2}}))
        [run]
        folder = "a"
        <BLANKLINE>
        [data]
        seq_len = 2
        <BLANKLINE>
        [[data.sources]]
        name = "b"
        <BLANKLINE>
    """
    return "\n".join(_toml_table(name, table) for name, table in sections.items())


def _toml_table(name: str, table: Mapping[str, Any], brackets: str = "[]") -> str:
    def is_tables(value: Any) -> bool:
        return isinstance(value, list) and bool(value) and isinstance(value[0], dict)

    lines = [f"{brackets[: len(brackets) // 2]}{name}{brackets[len(brackets) // 2 :]}"]
    lines += [f"{k} = {_toml_value(v)}" for k, v in table.items() if not isinstance(v, dict) and not is_tables(v)]
    text = "\n".join(lines) + "\n"
    for key, value in table.items():
        if isinstance(value, dict):
            text += "\n" + _toml_table(f"{name}.{key}", value)
        elif is_tables(value):
            text += "".join("\n" + _toml_table(f"{name}.{key}", entry, "[[]]") for entry in value)
    return text


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml_value, value))}]"
    return repr(value)


def change(fields: dict[str, Any], override: str) -> None:
    """Set one field as `section.field=value` says; sources are counted from 0: `data.sources.0.weight=2`."""
    path, equals, text = override.partition("=")
    names = path.strip().split(".")
    if not equals or len(names) < 2 or not all(names):
        raise ConfigError(f"{override!r} changes nothing; it must be section.field=value")
    place: Any = fields
    for name in names[:-1]:
        place = _within(place, name, override)
    last = names[-1]
    if isinstance(place, list):
        raise ConfigError(f"{override!r} changes nothing; it must name a field of one of {len(place)}")
    place[last] = _value(text.strip())


def _within(place: Any, name: str, override: str) -> Any:
    if isinstance(place, list):
        if not name.isdigit() or int(name) >= len(place):
            raise ConfigError(f"{override!r} changes nothing; it must name one of {len(place)}, by a number from 0")
        return place[int(name)]
    found = place.setdefault(name, {})
    if not isinstance(found, dict | list):
        raise ConfigError(f"{override!r} changes nothing, as {name} is {found!r}; it must be a section")
    return found


def _value(text: str) -> Any:
    if text in ("None", "none", "null"):
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text
