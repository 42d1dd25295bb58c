"""The book's pages of the library: each public name once, with its signature, its docstring and its exercise.

A page in `book/api/` holds one line, `<!-- api: ROOM -->`. What stands there in the book is made when the page is read:
the room's modules in the order of the floor plan (`help(llmcourse)`), and in each what it defines. Sphinx's own autodoc
and napoleon read the docstrings. So nothing has to be kept up by hand.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import llmcourse
from llmcourse.course.author.book import page_state
from llmcourse.course.coursemap import anchor_of
from llmcourse.course.notebooks import facts_of

MARK = re.compile(r"^<!-- api: (\w+) -->$", re.MULTILINE)
PLAN_LINE = re.compile(r"^(?P<indent>(?: {4}){1,3})(?P<name>[\w.]+/?) {2,}(?P<what>\S.*)$", re.MULTILINE)
SECTIONS = re.compile(r"^(Args|Attributes|Raises|Returns|Yields|Example|Examples):\s*$")
ENTRY = re.compile(r"    (\w+(?:, \w+)*)(: .*)")
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
OUTSIDE = "index"


def rooms() -> dict[str, dict[str, str]]:
    """The floor plan: room -> module -> its line; the room's own line stands under "". The machinery is none.

    A room within a room is no page of its own: its modules are `run.engine`, its own line stands under `run.`.
    """
    plan: dict[str, dict[str, str]] = {OUTSIDE: {}}
    room, inner = OUTSIDE, ""
    for line in PLAN_LINE.finditer(llmcourse.__doc__ or ""):
        if len(line["indent"]) == 4 and line["name"].endswith("/"):
            room = line["name"].rstrip("/")
            plan[room] = {"": line["what"]}
        elif len(line["indent"]) == 4:
            plan[OUTSIDE][line["name"].removesuffix(".py")] = line["what"]
        elif line["name"].endswith("/"):
            inner = line["name"].rstrip("/") + "."
            plan[room][inner] = line["what"]
        else:
            plan[room][(inner if len(line["indent"]) == 12 else "") + line["name"]] = line["what"]
    del plan["course"]
    return plan


def public_names(module: str) -> list[tuple[str, Any]]:
    """What a module defines itself and does not hide, in the order of its source: functions and classes."""
    loaded = importlib.import_module(module)
    defined = ast.parse(Path(str(loaded.__file__)).read_text(encoding="utf-8")).body
    names = [node.name for node in defined if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return [(name, getattr(loaded, name)) for name in names if not name.startswith("_")]


def room_page(room: str, exercises: dict[str, str]) -> str:
    """The text of a room's page, in MyST.

    Args:
        room: A key of `rooms()`.
        exercises: Piece -> the label of its exercise, of those that the book shows.
    """
    plan, prefix = rooms()[room], "llmcourse." if room == OUTSIDE else f"llmcourse.{room}."
    if room == OUTSIDE:
        plan = {name: what for name, what in plan.items() if not name.startswith("_")}
    parts = [plan[""].partition(": ")[2].capitalize() + "."] if "" in plan else []
    for module, what in plan.items():
        if module.endswith("."):
            parts.append(f"## `{module[:-1]}/`: {what}")
        elif module and (names := public_names(prefix + module)):
            parts.append(f"{'###' if '.' in module else '##'} `{module}`: {what}")
            parts.append(_module_entry(prefix + module, names, exercises))
    return "\n\n".join(parts)


def _module_entry(module: str, names: list[tuple[str, Any]], exercises: dict[str, str]) -> str:
    lines = [f".. py:module:: {module}", ""]
    for name, thing in names:
        kind = "autoclass" if inspect.isclass(thing) else "autofunction"
        if inspect.isclass(thing) and issubclass(thing, BaseException):
            kind = "autoexception"
        lines.append(f".. {kind}:: {module}.{name}")
        if inspect.isclass(thing):
            hidden = [*getattr(thing, "_fields", ()), "training"]
            lines += ["   :members:", f"   :exclude-members: {', '.join(hidden)}"]
        lines.append("")
        if label := exercises.get(f"{module}:{name}"):
            lines += [f"   Built in :ref:`{label}`.", ""]
    return "```{eval-rst}\n" + "\n".join(lines) + "\n```"


def shown_exercises(env: BuildEnvironment) -> dict[str, str]:
    """Piece -> label, of the notebooks that this book has."""
    found = {}
    for name in sorted(env.found_docs):
        path = Path(env.doc2path(name))
        if path.suffix == ".ipynb":
            for cell in nbformat.read(path, as_version=4).cells:
                facts = facts_of(cell)
                if facts.get("kind") == "box":
                    found[facts["piece"]] = anchor_of(path.stem, facts["piece"])
    return found


# Docstrings: plain text with `names`, as reStructuredText.


def as_restructured(lines: list[str], links: dict[str, str]) -> list[str]:
    """A docstring's lines with code as code, names of the library as links, and nothing else as markup.

    Example:
        >>> as_restructured(["Rows of `x_TD`, see `shard`; 2 * n.", "", "    >>> f(`a`)"], {"shard": "m.shard"})
        ['Rows of ``x_TD``, see :py:obj:`shard <m.shard>`; 2 \\\\* n.', '', '    >>> f(`a`)']
    """
    made: list[str] = []
    in_example, section = False, ""
    for line in _whole_code(lines):
        in_example = line.strip().startswith(">>>") or (in_example and bool(line.strip()))
        if found := SECTIONS.match(line):
            section = found[1]
        elif line and not line[0].isspace():
            section = ""
        if in_example or found:
            made.append(line)
            continue
        if made and _begins_list(made[-1], line):
            made.append("")
        head, text = "", line
        if entry := ENTRY.match(line):
            if section == "Args":
                head, text = f"    {entry[1]}", entry[2]  # names, which napoleon marks up itself
            elif section == "Attributes":
                head, text = f"    - {', '.join(f'**{name}**' for name in entry[1].split(', '))}", entry[2]
        elif section == "Attributes" and line.startswith(8 * " "):
            text = line[2:]  # within the item of the list that the entries become
        made.append(head + _marked_up(text, links))
    return made


def _whole_code(lines: list[str]) -> Iterator[str]:
    """Lines of which none ends within backticks."""
    held = ""
    for line in lines:
        held = f"{held} {line.strip()}" if held else line
        if held.lstrip().startswith(">>>") or not line.strip() or held.count("`") % 2 == 0:
            yield held
            held = ""
    if held:
        yield held


def _begins_list(before: str, line: str) -> bool:
    """Whether a list begins right behind a paragraph, which reStructuredText takes for a part of it."""
    first, last = (re.match(r"(\s*)(- |\d+\. )?", text) for text in (line, before))
    return bool(first and last and before.strip() and first[2] and not last[2] and first[1] == last[1])


def _marked_up(line: str, links: dict[str, str]) -> str:
    parts = CODE.split(line)  # text, code, text, code, ...
    for number in range(1, len(parts), 2):
        # Markup ends where a word ends; a backslash and a space, which are not shown, end it elsewhere.
        behind = "\\ " if re.match(r"\w", parts[number + 1]) else ""
        ahead = "\\ " if re.search(r"\w$", parts[number - 1]) else ""
        parts[number] = f"{ahead}{_code(parts[number], links)}{behind}"
    text = "".join(part if number % 2 else _escaped(part) for number, part in enumerate(parts))
    return re.sub(r"^(:?\s*)(?=[A-Za-z]\.(\s|$))", r"\1\\", text)  # a letter and a full stop would begin a list


def _code(text: str, links: dict[str, str]) -> str:
    return f":py:obj:`{text} <{links[text]}>`" if text in links else f"``{text}``"


def _escaped(text: str) -> str:
    """Text in which nothing is markup: no emphasis, no substitution, no word that ends as a reference does."""
    text = text.replace("\\", "\\\\").replace("*", "\\*").replace("|", "\\|").replace("`", "\\`")
    return re.sub(r"(?<=\w)_(?=\W|$)", r"\\_", text)


def library_links() -> dict[str, str]:
    """Each public name that only one module defines -> its full name; a module's own full name, too."""
    found: dict[str, list[str]] = {}
    for room, plan in rooms().items():
        prefix = "llmcourse." if room == OUTSIDE else f"llmcourse.{room}."
        for module in plan:
            if module and not module.startswith("_") and not module.endswith("."):
                names = public_names(prefix + module)
                if names:
                    found[prefix + module] = [prefix + module]
                for name, _ in names:
                    found.setdefault(name, []).append(f"{prefix}{module}.{name}")
                    found.setdefault(f"{prefix}{module}.{name}", []).append(f"{prefix}{module}.{name}")
    return {name: places[0] for name, places in found.items() if len(places) == 1}


# The extension.


def setup(app: Sphinx) -> dict[str, Any]:
    """Register autodoc, napoleon and the pages."""
    for extension in ("sphinx.ext.autodoc", "sphinx.ext.napoleon"):
        app.setup_extension(extension)
    app.connect("config-inited", settings)
    app.connect("env-get-outdated", changed_pages)
    app.connect("source-read", fill_page)
    app.connect("autodoc-process-docstring", restructure, priority=100)  # before napoleon
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def settings(app: Sphinx, config: Any) -> None:
    """What autodoc and napoleon are told; a type in a signature is no reference that must lead somewhere."""
    config.autodoc_member_order = "bysource"
    config.autodoc_default_options = {}
    config.autodoc_preserve_defaults = True  # a name stays a name, and is not all that it holds
    config.autodoc_typehints_format = "fully-qualified"  # short ones come out with a ~ where a type is in brackets
    config.napoleon_numpy_docstring = False
    config.napoleon_custom_sections = ["Returns", "Yields", "Attributes"]  # text, in which a colon is a colon
    config.python_use_unqualified_type_names = True
    config.add_module_names = False
    config.nitpick_ignore_regex = [*config.nitpick_ignore_regex, ("py:(class|exc|data)", ".*")]


def changed_pages(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """The pages of the library, where the library or what the book shows has changed since they were read."""
    notebooks = [Path(env.doc2path(name)) for name in sorted(env.found_docs) if env.doc2path(name).endswith(".ipynb")]
    shown = hashlib.sha256("".join(path.name for path in notebooks).encode()).hexdigest()
    state = page_state(Path(llmcourse.__file__).parent) + shown
    before, env.llmcourse_api = getattr(env, "llmcourse_api", state), state  # type: ignore[attr-defined]
    return [] if before == state else [name for name in env.found_docs if name.startswith("book/api/")]


def fill_page(app: Sphinx, page: str, source: list[str]) -> None:
    """Put a room in the place of its mark."""
    if found := MARK.search(source[0]):
        if not hasattr(app, "llmcourse_exercises"):
            app.llmcourse_exercises = shown_exercises(app.env)  # type: ignore[attr-defined]
        made = room_page(found[1], app.llmcourse_exercises)  # type: ignore[attr-defined]
        source[0] = source[0][: found.start()] + made + source[0][found.end() :]


def restructure(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Make reStructuredText of a docstring before napoleon reads its sections."""
    if name.startswith("llmcourse."):
        if not hasattr(app, "llmcourse_links"):
            app.llmcourse_links = library_links()  # type: ignore[attr-defined]
        lines[:] = as_restructured(lines, app.llmcourse_links)  # type: ignore[attr-defined]
        if what == "property" and lines:
            lines.insert(0, "\\ ")  # in a property's first line napoleon takes what stands before a colon for a type
