"""`llmcourse tokenize`: files to shards that a run of chapter 7 reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from llmcourse.course.terminal import app, console, fail


@app.command()
def tokenize(
    sources: Annotated[list[str], typer.Argument(help="Files, folders, or corpora by name: python, toy.")],
    tokenizer: Annotated[Path, typer.Option(help="A tokenizer.json.")],
    out: Annotated[Path, typer.Option(help="The folder of the shards.")],
    workers: Annotated[int, typer.Option(help="Processes; 0 is one a core.")] = 0,
    end_of_text: Annotated[
        str | None, typer.Option(help="The special token behind each document; <|endoftext|> if there is one.")
    ] = None,
    text_field: Annotated[str, typer.Option(help="Where the text stands in a line of JSON.")] = "text",
    limit_mb: Annotated[float | None, typer.Option(help="Read only so many millions of bytes.")] = None,
) -> None:
    """Tokenize text to shards, with many processes; the same command goes on where it was stopped."""
    from llmcourse.pretrain.data.prepare import told

    try:
        said = told(
            sources, str(tokenizer), str(out), workers or os.cpu_count() or 1, end_of_text, text_field, limit_mb
        )
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        fail(error)
    console.print(escape(said), soft_wrap=True)
