"""`llmcourse train`: from a folder of text to a model that writes, in one command."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.markup import escape

from llmcourse.course.terminal import app, command, console, fail

SAMPLE_TOKENS = 100


@app.command()
def train(
    texts: Annotated[Path, typer.Argument(help="A folder of text, or a file: .txt, .md, .py, .jsonl and others.")],
    out: Annotated[Path, typer.Option(help="The folder of the run.")] = Path("runs/mine"),
    minutes: Annotated[float | None, typer.Option(help="How long it trains; 5 without --tokens.")] = None,
    tokens: Annotated[int | None, typer.Option(help="In place of minutes: how many tokens it reads.")] = None,
    size: Annotated[str, typer.Option(help="auto, tiny, small, medium, large or xl.")] = "auto",
    vocab_size: Annotated[int | None, typer.Option(help="Of the tokenizer; by the amount of text without it.")] = None,
    gpus: Annotated[int, typer.Option(help="How many of this machine's GPUs; 0 is one if there is any.")] = 0,
) -> None:
    """Train a small model on your texts, judge it, export it, let it write. Ctrl-C saves; the same command goes on."""
    import torch

    from llmcourse.pretrain.own_texts.starter import Wish

    try:
        if not 0 <= gpus <= (there := torch.cuda.device_count()):
            raise ValueError(f"gpus is {gpus}; it must be from 0 to {there}, as many as PyTorch finds here")
        minutes = 5.0 if minutes is None and tokens is None else minutes
        wish = Wish(out, minutes, tokens, size, vocab_size, max(1, gpus))
        settings = begin(texts, wish)
        status = run_here(settings) if wish.n_ranks == 1 else run_on_ranks(settings, wish.n_ranks)
        if status:
            leave(texts, settings, out, status)
        finish(out)
    except (ValueError, OSError, ImportError) as error:
        fail(error)


def begin(source: Path, wish: Any) -> Path:
    """The file of settings of a new run, or of one that was stopped.

    Raises:
        ValueError: The folder holds a run that is finished, or something else, or the texts are none to learn from.
    """
    from llmcourse.files import write_atomically
    from llmcourse.pretrain.own_texts.starter import plan_run, settings_file
    from llmcourse.pretrain.own_texts.texts import ABOUT, hold_out
    from llmcourse.pretrain.safety.folder import read_outcome
    from llmcourse.pretrain.settings.config import FILE

    out = wish.out
    settings, held = out.with_name(f"{out.name}.toml"), out / "texts"
    if (read_outcome(out) or {}).get("outcome") == "finished":
        raise ValueError(f"{out} holds a run that is finished; {command(f'generate {out}')} writes with it, or take "
                         "another --out")  # fmt: skip
    if out.exists() and {path.name for path in out.iterdir()} - {held.name} and not (held / ABOUT).exists():
        raise ValueError(f"{out} holds something else already; take another --out")
    if not settings.exists() and not (out / FILE).exists():
        shutil.rmtree(held, ignore_errors=True)  # nothing has been learned from these copies yet
    is_new = not held.exists()
    texts = hold_out(source, held)
    if is_new:
        skipped = f", {texts.n_left_out} of other kinds left out" if texts.n_left_out else ""
        console.print(f"texts    {texts.n_files} files{skipped}: {texts.n_bytes / 1e6:,.2f} MB to learn from, "
                      f"{texts.n_held_out / 1e6:,.2f} MB held out to judge by", soft_wrap=True)  # fmt: skip
    if settings.exists():
        console.print(f"goes on with the settings of {escape(str(settings))}", soft_wrap=True)
        return settings
    write_atomically(settings, settings_file(plan_run(wish, texts, held), texts))
    console.print(f"settings {escape(str(settings))}: yours to read and to change", soft_wrap=True)
    return settings


def run_here(settings: Path) -> int:
    """Train in this process; Ctrl-C asks it to leave."""
    from llmcourse.pretrain.__main__ import run
    from llmcourse.pretrain.safety.stopping import SIGNALS
    from llmcourse.pretrain.settings.config import load

    return run(load(settings), progress=sys.stderr.isatty(), signals=(*SIGNALS, signal.SIGINT))


def run_on_ranks(settings: Path, n_ranks: int) -> int:
    """Train in processes of their own, as `torchrun` starts them; Ctrl-C asks them to leave."""
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n_ranks)]
    words += ["-m", "llmcourse.pretrain", str(settings)]
    # In a session of their own, or Ctrl-C would reach the ranks themselves, in the middle of a message.
    started = subprocess.Popen([sys.executable, *words], start_new_session=True)
    try:
        return started.wait()
    except KeyboardInterrupt:
        started.send_signal(signal.SIGTERM)
        return started.wait() or 1


def leave(texts: Path, settings: Path, out: Path, status: int) -> NoReturn:
    """Say how to go on with a run that has not come to its end."""
    from llmcourse.pretrain.safety.folder import read_outcome

    if (read_outcome(out) or {}).get("outcome") == "stopped":
        again = shlex.join(["train", str(texts), "--out", str(out)])
        console.print(f"Stopped. [bold]{escape(command(again))}[/] goes on, and so does "
                      f"python -m llmcourse.pretrain {escape(str(settings))}", soft_wrap=True)  # fmt: skip
    raise typer.Exit(status)


def finish(out: Path) -> None:
    """Export the model of a run, and say how good it is and what it writes."""
    from llmcourse.pretrain.results.export import export
    from llmcourse.pretrain.results.trained import read_trained
    from llmcourse.pretrain.run.sampling import stream

    trained = read_trained(out)
    saved = out / "model"
    export(trained, saved, dtype="fp32", compare=False, overwrite=True)
    judged = next(row for row in reversed(trained.rows) if "val_loss" in row)
    console.print(f"held out {judged['val_loss']:.3f} nats a token, {judged['val_bits_per_byte']:.3f} bits a byte",
                  soft_wrap=True)  # fmt: skip
    times = next((row["epochs_texts"] for row in reversed(trained.rows) if "epochs_texts" in row), 0.0)
    console.print(f"         the texts were read {times:.1f} times", soft_wrap=True)
    console.print("sample", style="dim")
    for piece in stream(trained.model, trained.tokenizer, "", SAMPLE_TOKENS, end_of_text=trained.end_of_text):
        print(piece, end="", flush=True)
    print()
    console.print(f"The model is in [bold]{escape(str(saved))}[/], for transformers, too; "
                  f"[bold]{escape(command(shlex.join(['generate', str(saved)])))}[/] talks to it.",
                  soft_wrap=True)  # fmt: skip
