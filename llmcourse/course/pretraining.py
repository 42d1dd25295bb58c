"""`llmcourse generate` (or `sample`), `export-model`, `curves`: what one does with the folder of a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from llmcourse.course.terminal import app, console, fail

Trained = Annotated[Path, typer.Argument(help="The folder of a run, or of an exported model.")]
Checkpoint = Annotated[int | None, typer.Option(help="Of a run: after how many steps; the last one without it.")]
BETWEEN = "-" * 40


@app.command("generate")
@app.command("sample", help="As `generate`, by another name.")
def generate(
    run: Trained,
    prompt: Annotated[str | None, typer.Option(help="Without it you are asked for one after the other.")] = None,
    tokens: Annotated[int, typer.Option(help="The most tokens to write.")] = 128,
    temperature: Annotated[float, typer.Option(help="0 takes the most probable token.")] = 0.8,
    top_k: Annotated[int | None, typer.Option(help="Choose among so many tokens.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Choose among those that have this probability.")] = None,
    seed: Annotated[int, typer.Option(help="Of the choices.")] = 0,
    samples: Annotated[int, typer.Option(help="How many texts.")] = 1,
    stop: Annotated[list[str] | None, typer.Option(help="A text before which to end; may be given again.")] = None,
    checkpoint: Checkpoint = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Let a trained model continue a text, and show it while it is being written."""
    import torch

    from llmcourse.pretrain.results.trained import read_trained
    from llmcourse.pretrain.run.sampling import parses_as_python, stream

    try:
        if samples < 1:
            raise ValueError(f"samples is {samples}; it must be at least 1")
        trained = read_trained(run, checkpoint)
        if trained.tokenizer is None:
            raise ValueError(f"{run} has no tokenizer.json; a model that is to write must have one")
        found = "cuda" if torch.cuda.is_available() else "cpu"
        model = trained.model.to(found if device == "auto" else device)
        _note_length(trained.model.config.max_seq_len, tokens)
        settings: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "stop": stop or ()}
        settings["end_of_text"] = trained.end_of_text
        if prompt is None:
            _talk(lambda text, turn: stream(model, trained.tokenizer, text, tokens, seed=seed + turn, **settings))
            return
        texts = []
        for number in range(samples):
            if number:
                print(BETWEEN)
            pieces = stream(model, trained.tokenizer, prompt, tokens, seed=seed + number, **settings)
            texts.append(prompt + _show(prompt, pieces))
    except (ValueError, RuntimeError) as error:
        fail(error)
    if samples > 1:
        console.print(
            f"{sum(map(parses_as_python, texts))} of {samples} parse as Python, as far as they go", style="dim"
        )


def _note_length(max_seq_len: int, tokens: int) -> None:
    if tokens >= max_seq_len:
        told = f"the model has read at most {max_seq_len:,} tokens at a time; what it writes after them may fall apart"
        console.print(f"[yellow]note[/]  {told}", soft_wrap=True)


def _show(prompt: str, pieces: Any) -> str:
    """Print a text as it comes; what was written after the prompt."""
    sys.stdout.write(prompt)
    written = ""
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
        written += piece
    print()
    return written


def _talk(continued: Any) -> None:
    """Ask for a beginning, continue it, and again, until there is none any more."""
    if sys.stdin.isatty():
        console.print("Type the beginning of a text; an empty line, or Ctrl-D, ends.", style="dim")
    for turn in range(sys.maxsize):
        try:
            text = input("> " if sys.stdin.isatty() else "")
        except (EOFError, KeyboardInterrupt):
            text = ""
        if not text:
            return
        _show(text, continued(text, turn))


@app.command("export-model")  # `llmcourse export` takes marks to other systems
def export_model(
    run: Trained,
    out: Annotated[Path, typer.Argument(help="The folder to be made.")],
    checkpoint: Checkpoint = None,
    dtype: Annotated[str, typer.Option(help="Of the weights: bf16 or fp32.")] = "bf16",
    layout: Annotated[
        str, typer.Option(help="auto, or what it must be: mixtral, qwen3_moe, olmoe, llama, gpt2.")
    ] = "auto",
    max_shard_mb: Annotated[
        float, typer.Option(help="How large a file of weights may be, in millions of bytes.")
    ] = 5000.0,
    compare: Annotated[bool | None, typer.Option(help="Compare with transformers; done where it is installed.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model's folder that is there.")] = False,
) -> None:
    """Write a run's model as a folder that transformers loads, read it back, and compare it."""
    from llmcourse.pretrain.results.export import export

    try:
        found = export(
            run, out, checkpoint=checkpoint, dtype=dtype, layout=layout, max_shard_bytes=int(max_shard_mb * 1e6),
            compare=compare, overwrite=overwrite,
        )  # fmt: skip
    except (ValueError, ImportError, OSError) as error:
        fail(error)
    console.print(f"{found.n_tensors} tensors read back, each bit as it was written", soft_wrap=True)
    if found.logit_error is None:
        console.print("[yellow]note[/]  logits, text and ids were not compared with transformers", soft_wrap=True)
    else:
        console.print(
            f"transformers: logits differ by {found.logit_error:.1g} of the largest, {found.n_greedy} greedy tokens "
            f"and the ids of {found.n_texts} texts are the same",
            soft_wrap=True,
        )
    console.print(f"The model is in [bold]{escape(str(out))}[/]", soft_wrap=True)


@app.command()
def curves(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs.")],
    out: Annotated[Path, typer.Option(help="The page.")] = Path("curves.html"),
) -> None:
    """Write one page of plots that compares runs; it needs no network."""
    from llmcourse.pretrain.results.curves import write_curves

    try:
        page = write_curves(runs, out)
    except (ValueError, OSError) as error:
        fail(error)
    console.print(f"The page is [bold]{escape(str(page))}[/]; open it in any browser.", soft_wrap=True)
