"""The sections of a run's settings, each with its own rules (chapter 7)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from llmcourse.data.corpora import HUB, OFFLINE
from llmcourse.values import take_fields

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class RunSection:
    """Where a run leaves what it makes, and what it computes on.

    Attributes:
        folder: Of the run; made where there is none. A run that is there goes on.
        device: "cpu", "cuda", or "auto": "cuda" where PyTorch finds a GPU.
        seed: Of the model's first weights. The order of the text and the run's other random numbers have their own.
        timeout_s: Seconds without a step after which a rank says where it hangs, and ends. Before the first step one
            rank reads and tokenizes for all: however long that takes, as long as it moves once in so many seconds.
    """

    folder: str
    device: str = "auto"
    seed: int = 0
    timeout_s: float = 600.0

    def __post_init__(self) -> None:
        take_fields(self)
        if self.device not in DEVICES:
            raise ValueError(f"device is {self.device!r}; it must be one of {', '.join(map(repr, DEVICES))}")
        if not 0 < self.timeout_s < math.inf:
            raise ValueError(f"timeout_s is {self.timeout_s!r}; it must be above 0, and finite")


@dataclass(frozen=True)
class TokenizerSection:
    """Which tokens the model reads.

    Attributes:
        file: A `tokenizer.json`; without it one is learned from the first source. To read shards takes theirs.
        vocab_size: Of one that is learned; the model's without it.
        train_mb: Millions of bytes that it is learned from.
        end_of_text: The special token between documents.
    """

    file: str | None = None
    vocab_size: int | None = None
    train_mb: float = 4.0
    end_of_text: str = "<|endoftext|>"

    def __post_init__(self) -> None:
        take_fields(self)
        if self.file is not None and self.vocab_size is not None:
            raise ValueError(f"vocab_size is {self.vocab_size!r}; it must be left out where a file says it")
        if not self.train_mb > 0:
            raise ValueError(f"train_mb is {self.train_mb!r}; it must be above 0")


@dataclass(frozen=True)
class SourceSection:
    """Text of one kind.

    Attributes:
        name: What it is called in the history.
        corpus: A corpus of `llmcourse.data.corpora`, or
        files: files and folders, as `read_documents` reads them, or
        shards: a folder of tokens, as `llmcourse tokenize` writes it.
        weight: Its share of the rows that are read, in proportion to the others'.
        limit_mb: Millions of bytes to read, of a corpus of the hub equally many of each of its files; all without it.
            Tokens are read whole.
    """

    name: str
    corpus: str | None = None
    files: tuple[str, ...] | None = None
    shards: str | None = None
    weight: float = 1.0
    limit_mb: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.files, list):
            object.__setattr__(self, "files", tuple(self.files))
        if isinstance(self.files, str):
            object.__setattr__(self, "files", (self.files,))
        known = (*OFFLINE, *HUB)
        given = {"corpus": self.corpus, "files": self.files, "shards": self.shards}
        if sum(value is not None for value in given.values()) != 1:
            told = ", ".join(f"{name} is {value!r}" for name, value in given.items())
            raise ValueError(f"{told}; one of them must be given, and no other")
        if self.corpus is not None and self.corpus not in known:
            raise ValueError(f"corpus is {self.corpus!r}; it must be one of {', '.join(map(repr, known))}")
        if not 0 < self.weight < math.inf:
            raise ValueError(f"weight is {self.weight!r}; it must be above 0, and finite")
        if self.limit_mb is not None and not self.limit_mb > 0:
            raise ValueError(f"limit_mb is {self.limit_mb!r}; it must be above 0")
        if self.limit_mb is not None and self.shards is not None:
            raise ValueError(f"limit_mb is {self.limit_mb!r}; it must be left out where shards are named")


@dataclass(frozen=True)
class DataSection:
    """What the model reads, and how much of it in a step.

    Attributes:
        sources: Text of one or several kinds.
        seq_len: T, tokens of a sequence.
        batch_size: Sequences of a step, of all ranks together.
        folder: Where tokens are kept; the run's own folder without it. Runs that read the same may share one.
        seed: Of the order.
        documents_apart: Whether a token sees its own document only.
        workers: Processes that tokenize.
    """

    sources: tuple[SourceSection, ...]
    seq_len: int
    batch_size: int
    folder: str | None = None
    seed: int = 0
    documents_apart: bool = True
    workers: int = 1

    def __post_init__(self) -> None:
        for name in ("seq_len", "batch_size", "workers"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1")
        if not self.sources:
            raise ValueError("sources is empty; it must have at least one source")
        names = [source.name for source in self.sources]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"the name {min(twice)!r} is there twice; each of the sources must have its own")


@dataclass(frozen=True)
class ParallelSection:
    """How a model lies on ranks; their number is what the launcher starts.

    Attributes:
        replicas: Groups of ranks of which each has the whole model in shards.
        expert_ranks: Neighbouring ranks over which the experts of a layer are spread.
        reshard_after_forward: Whether a layer's weights are freed between the forward and the backward pass.
        recompute: Whether layers keep their inputs only, and compute the rest again in the backward pass.
        compile: Whether layers are compiled.
    """

    replicas: int = 1
    expert_ranks: int = 1
    reshard_after_forward: bool = True
    recompute: bool = False
    compile: bool = False

    def __post_init__(self) -> None:
        take_fields(self)
        for name in ("replicas", "expert_ranks"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be at least 1")


@dataclass(frozen=True)
class CheckpointsSection:
    """Which checkpoints stay; `checkpoint_every` of [training] says how often there is one.

    Attributes:
        keep_last: How many of the newest.
        keep_every: Those whose steps are a multiple of this stay for good; None for none.
        in_background: Whether training goes on while one is written.
    """

    keep_last: int = 2
    keep_every: int | None = None
    in_background: bool = True

    def __post_init__(self) -> None:
        take_fields(self)
        if self.keep_last < 1:
            raise ValueError(f"keep_last is {self.keep_last!r}; it must be at least 1")
        if self.keep_every is not None and self.keep_every < 1:
            raise ValueError(f"keep_every is {self.keep_every!r}; it must be at least 1, or left out")


@dataclass(frozen=True)
class EvaluationSection:
    """What is looked at besides the loss; `eval_every` and `sample_every` of [training] say how often.

    Attributes:
        files: Validation text; without it the validation part of the sources that are corpora.
        limit_mb: Millions of bytes of it.
        prompt: What samples begin with.
        samples: How many are written at a time.
        sample_tokens: How long they are.
        temperature: Of the samples.
    """

    files: tuple[str, ...] | None = None
    limit_mb: float = 1.0
    prompt: str = "def "
    samples: int = 8
    sample_tokens: int = 64
    temperature: float = 0.8

    def __post_init__(self) -> None:
        for name in ("samples", "sample_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be at least 1")
        if isinstance(self.files, list):
            object.__setattr__(self, "files", tuple(self.files))
