"""The commands of authors: `build`, `book`, `release`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from llmcourse.course.terminal import app, chapters_named, console, fail, root_folder


@app.command()
def build(
    check: Annotated[bool, typer.Option(help="Write nothing; fail with a diff when a notebook is stale.")] = False,
    prove: Annotated[bool, typer.Option(help="Run each changed notebook's graded path alone.")] = True,
) -> None:
    """Make solutions/ and notebooks/ from the chapters and the library."""
    from llmcourse.course.author.build import StaleError
    from llmcourse.course.author.build import build as run
    from llmcourse.course.author.chapters import AuthoringError

    root = root_folder()
    try:
        with console.status("building") as shown:
            built = run(root, check=check, prove=prove, on_step=shown.update)
    except (AuthoringError, StaleError) as error:
        fail(error)
    for path in built.written:
        console.print(f"written   {path}")
    for notebook, seconds in built.proved.items():
        console.print(f"proved    {notebook}: the graded path runs alone, in {seconds:.1f} s")
    console.print(f"{len(built.unchanged)} notebooks up to date, {len(built.written)} written")


@app.command()
def book(
    small: Annotated[bool, typer.Option(help="Run the experiments at their small setting.")] = False,
    into: Annotated[Path | None, typer.Option(help="The folder with _build; the checkout without it.")] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print the built book as one PDF; needs a Chromium.")] = False,
    epub: Annotated[bool, typer.Option("--epub", help="Write the built book as an EPUB; needs a Chromium.")] = False,
    without_solutions: Annotated[
        bool, typer.Option("--without-solutions", help="With --pdf or --epub: leave the solutions out.")
    ] = False,
) -> None:
    """Build the static book in _build/html; with --pdf or --epub, another form of what has been built."""
    from llmcourse.course.author.book import BookError, build_book

    root = root_folder()
    if pdf or epub:
        _other_forms(root, into, pdf=pdf, epub=epub, solutions=not without_solutions)
        return
    if without_solutions:
        fail("--without-solutions is for --pdf and --epub: the pages fold solutions away")
    try:
        page = build_book(root, small=small, into=into)
    except BookError as error:
        fail(error)
    console.print(f"The book is at {os.path.relpath(page)}")


def _other_forms(root: Path, into: Path | None, *, pdf: bool, epub: bool, solutions: bool) -> None:
    """Write the built book as PDF, as EPUB, or as both."""
    from llmcourse.course.author.browser import BrowserError
    from llmcourse.course.author.epub import write_epub
    from llmcourse.course.author.pdf import write_pdf

    writers = [(pdf, "printing the book", write_pdf), (epub, "binding the book", write_epub)]
    for wanted, doing, write in writers:
        if not wanted:
            continue
        try:
            with console.status(doing):
                path = write(root, into, solutions=solutions)
        except (BrowserError, FileNotFoundError) as error:
            fail(error)
        console.print(f"The book is at {os.path.relpath(path)}")


@app.command()
def release(
    folder: Annotated[Path, typer.Argument(help="A new or an empty folder.")],
    chapters: Annotated[str | None, typer.Option(help="Numbers or names, with commas: 1,2. All without it.")] = None,
    later: Annotated[str, typer.Option(help="`keep` or `remove` the solutions of other chapters' pieces.")] = "keep",
    force: Annotated[bool, typer.Option(help="Release again into an earlier release; work in it stays.")] = False,
) -> None:
    """Write what a class receives: notebooks, and the library without their solutions."""
    from llmcourse.course.author.build import StaleError
    from llmcourse.course.author.build import build as run
    from llmcourse.course.author.chapters import AuthoringError
    from llmcourse.course.author.release import ReleaseError
    from llmcourse.course.author.release import release as write

    root = root_folder()
    wanted = [chapters_named(root, part.strip())[0] for part in chapters.split(",")] if chapters else None
    try:
        with console.status("checking that the notebooks are up to date"):
            run(root, check=True, prove=False)
        done = write(root, folder, wanted, later=later, force=force)
    except StaleError:
        fail("the notebooks are not what the chapters say: run `llmcourse build` first")
    except (AuthoringError, ReleaseError) as error:
        fail(error)
    console.print(f"{os.path.relpath(done.folder)}: {', '.join(done.chapters)}; {done.n_files} files")
    console.print(f"The library comes without {done.n_pieces} pieces. README.md there says how a student starts.")
