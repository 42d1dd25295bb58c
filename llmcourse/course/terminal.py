"""What the commands have in common: the application they belong to, and how they speak and fail."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from llmcourse.course.paths import course_root

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A course on pretraining language models.",
)
console = Console(highlight=False)


def fail(message: object) -> NoReturn:
    """Say what is wrong, and end."""
    console.print(f"[red]✗[/] {escape(str(message))}", soft_wrap=True)
    raise typer.Exit(1)


def command(words: str = "") -> str:
    """How to type a command of this course here: `llmcourse ...`, or with its path where the shell would not find it.

    Example:
        >>> command("check 1").endswith("llmcourse check 1")
        True
    """
    here = Path(sys.executable).with_name("llmcourse")
    found = shutil.which("llmcourse")
    name = "llmcourse"
    if here.exists() and (found is None or Path(found).resolve() != here.resolve()):
        name = os.path.relpath(here)
        name = name if len(name) < len(str(here)) else str(here)
    return f"{name} {words}".rstrip()


def root_folder() -> Path:
    """The course's folder; the command fails where there is none."""
    try:
        return course_root()
    except FileNotFoundError as error:
        fail(error)


def chapters_named(root: Path, chapter: str | None) -> list[str]:
    """The chapter that a word means, or all; the command fails where none or several answer to it."""
    from llmcourse.course.starting import find_chapter, released_chapters

    try:
        return [find_chapter(root, chapter)] if chapter else [path.name for path in released_chapters(root)]
    except ValueError as error:
        fail(error)
