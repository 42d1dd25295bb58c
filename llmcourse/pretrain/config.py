"""The settings of a run: one TOML file, changed from the command line, every mistake told before a rank starts
(chapter 7).

    [run]           folder, device, seed
    [tokenizer]     a file, or how to learn one
    [data]          sources with weights, the length of a sequence, sequences in a step
    [model]         the fields of `ModelConfig`; [model.experts] those of `ExpertsConfig`
    [parallel]      how the model lies on ranks
    [training]      the fields of `TrainingConfig`
    [checkpoints]   which of them stay
    [evaluation]    what is looked at besides the loss

A plan of `llmcourse plan --config-out` is read too: it says model, training and batch, and leaves the text to be named.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import tomllib
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from llmcourse.data.corpora import HUB, OFFLINE
from llmcourse.files import write_atomically
from llmcourse.model.config import ModelConfig
from llmcourse.moe.config import ExpertsConfig
from llmcourse.training.loop import MAY_CHANGE, TrainingConfig
from llmcourse.values import plain, take_fields

FILE = "run.toml"
"""Where a run's folder keeps the settings as they came out."""
DEVICES = ("auto", "cpu", "cuda")


class ConfigError(ValueError):
    """Settings that no run can have; the message names the field, its value and what is allowed."""


@dataclass(frozen=True)
class RunSection:
    """Where a run leaves what it makes, and what it computes on.

    Attributes:
        folder: Of the run; made where there is none. A run that is there goes on.
        device: "cpu", "cuda", or "auto": "cuda" where PyTorch finds a GPU.
        seed: Of the model's first weights. The order of the text and the run's other random numbers have their own.
        timeout_s: Seconds without a step after which a rank says where it hangs, and ends.
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
        file: A `tokenizer.json`; without it one is learned from the first source.
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
        files: files and folders, as `read_documents` reads them.
        weight: Its share of the rows that are read, in proportion to the others'.
        limit_mb: Of a corpus: millions of bytes to read.
    """

    name: str
    corpus: str | None = None
    files: tuple[str, ...] | None = None
    weight: float = 1.0
    limit_mb: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.files, list):
            object.__setattr__(self, "files", tuple(self.files))
        if isinstance(self.files, str):
            object.__setattr__(self, "files", (self.files,))
        known = (*OFFLINE, *HUB)
        if (self.corpus is None) == (self.files is None):
            raise ValueError(f"corpus is {self.corpus!r} and files is {self.files!r}; one of them must be given")
        if self.corpus is not None and self.corpus not in known:
            raise ValueError(f"corpus is {self.corpus!r}; it must be one of {', '.join(map(repr, known))}")
        if not 0 < self.weight < math.inf:
            raise ValueError(f"weight is {self.weight!r}; it must be above 0, and finite")
        if self.limit_mb is not None and not self.limit_mb > 0:
            raise ValueError(f"limit_mb is {self.limit_mb!r}; it must be above 0")


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


@dataclass(frozen=True)
class RunConfig:
    """All settings of a run.

    Attributes:
        run, tokenizer, data, model, parallel, training, checkpoints, evaluation: The sections.

    Raises:
        ConfigError: Two of them do not fit together; the message names both.

    Example:
        >>> config = parse({
        ...     "run": {"folder": "runs/tiny"},
        ...     "data": {"sources": [{"name": "code", "corpus": "python"}], "seq_len": 32, "batch_size": 4},
        ...     "model": {"vocab_size": 512, "d_model": 32, "n_layers": 1, "n_heads": 2},
        ...     "training": {"steps": 10, "lr": 1e-3},
        ... })
        >>> config.model.max_seq_len, config.data.batch_size
        (32, 4)
    """

    run: RunSection
    data: DataSection
    model: ModelConfig
    training: TrainingConfig
    tokenizer: TokenizerSection = field(default_factory=TokenizerSection)
    parallel: ParallelSection = field(default_factory=ParallelSection)
    checkpoints: CheckpointsSection = field(default_factory=CheckpointsSection)
    evaluation: EvaluationSection = field(default_factory=EvaluationSection)

    def __post_init__(self) -> None:
        wanted = self.tokenizer.vocab_size
        if wanted is not None and wanted > self.model.vocab_size:
            raise ConfigError(
                f"tokenizer.vocab_size is {wanted}; it must be at most model.vocab_size, {self.model.vocab_size}"
            )
        if self.model.positions == "learned" and self.data.seq_len > self.model.max_seq_len:
            raise ConfigError(
                f"data.seq_len is {self.data.seq_len}; it must be at most model.max_seq_len, {self.model.max_seq_len}"
            )
        if self.data.batch_size % self.training.grad_accum_steps:
            raise ConfigError(
                f"data.batch_size is {self.data.batch_size}; it must be a multiple of training.grad_accum_steps, "
                f"{self.training.grad_accum_steps}"
            )

    @property
    def experts(self) -> ExpertsConfig | None:
        """The mixture in each layer, or None for a dense model."""
        return self.model.feed_forward  # type: ignore[return-value]

    def require_ranks(self, n_ranks: int) -> None:
        """Refuse a number of ranks that cannot share the work.

        Raises:
            ConfigError: The message names the field and what it must divide, or be divided by.
        """
        parallel, each = self.parallel, self.parallel.replicas * self.parallel.expert_ranks
        if n_ranks % each:
            raise ConfigError(
                f"parallel.replicas is {parallel.replicas} and parallel.expert_ranks {parallel.expert_ranks}; their "
                f"product, {each}, must divide the {n_ranks} ranks"
            )
        if parallel.expert_ranks > 1 and self.experts is None:
            raise ConfigError(
                f"parallel.expert_ranks is {parallel.expert_ranks}; it must be 1 for a model without [model.experts]"
            )
        if self.experts is not None and self.experts.n_experts % parallel.expert_ranks:
            raise ConfigError(
                f"parallel.expert_ranks is {parallel.expert_ranks}; it must divide model.experts.n_experts, "
                f"{self.experts.n_experts}"
            )
        parts = n_ranks * self.training.grad_accum_steps
        if self.data.batch_size % parts:
            raise ConfigError(
                f"data.batch_size is {self.data.batch_size}; it must be a multiple of {parts}: {n_ranks} ranks times "
                f"training.grad_accum_steps, {self.training.grad_accum_steps}"
            )

    def as_dict(self) -> dict[str, Any]:
        """The sections as they stand in a file: what is None, or follows from the rest, is left out."""
        told = plain(dataclasses.asdict(self))
        model = told["model"]
        for name in ("n_kv_heads", "d_head", "d_ff"):
            if type(getattr(self.model, name)) is not int:
                del model[name]
        if (experts := model.pop("feed_forward")) is not None:
            model["experts"] = experts
        return _without_none(told)


SECTIONS = {name: kind for name, kind in get_type_hints(RunConfig).items()}
NOT_IN_A_FILE = {"model": {"feed_forward"}}


def load(path: str | Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Read a run's file, and change some of its fields.

    Args:
        path: A TOML file, or a plan's JSON file.
        overrides: `section.field=value`, the value as TOML writes it; a word that is none is taken as a string.

    Raises:
        ConfigError: The file cannot be read, a field is unknown (the message names the nearest), or a value is not
            allowed.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        fields = _from_plan(json.loads(text), path) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is no {'JSON' if path.suffix == '.json' else 'TOML'}: {error}") from error
    for override in overrides:
        _change(fields, override)
    fields.setdefault("run", {}).setdefault("folder", f"runs/{path.stem}")
    return parse(fields)


def read_run(folder: str | Path) -> RunConfig:
    """The settings of a run that is there.

    Raises:
        ConfigError: The folder is no run's.
    """
    path = Path(folder) / FILE
    if not path.exists():
        raise ConfigError(f"{folder} is no run: it must have a {FILE}")
    return load(path)


def write_run(config: RunConfig, folder: str | Path) -> None:
    """Keep the settings of a run in its folder, as `load` reads them."""
    write_atomically(Path(folder) / FILE, to_toml(config.as_dict()))


def parse(fields: Mapping[str, Any]) -> RunConfig:
    """Settings from the sections of a file.

    Raises:
        ConfigError: A section or field is unknown or missing, or a value is not allowed; the message names it.

    Example:
        >>> parse({"trainin": {}})
        Traceback (most recent call last):
        ...
        llmcourse.pretrain.config.ConfigError: 'trainin' is no section; did you mean 'training'?
    """
    _require_known(fields, SECTIONS, "", "section")
    if missing := [name for name in ("run", "data", "model", "training") if name not in fields]:
        raise ConfigError(f"the section [{missing[0]}] is missing")
    sections = {name: _section(name, fields[name]) for name in fields if name not in ("data", "model")}
    data = _table("data", fields["data"])
    sources = _many("data.sources", data.get("sources", []))
    parsed = tuple(_make(SourceSection, source, f"data.sources[{i}]") for i, source in enumerate(sources))
    sections["data"] = _make(DataSection, {**data, "sources": parsed}, "data")
    sections["model"] = _model(_table("model", fields["model"]), sections["data"].seq_len)
    return RunConfig(**sections)


def _section(name: str, fields: Any) -> Any:
    return _make(SECTIONS[name], _table(name, fields), name)


def _model(fields: dict[str, Any], seq_len: int) -> ModelConfig:
    experts = fields.pop("experts", None)
    if experts is not None:
        experts = _make(ExpertsConfig, _table("model.experts", experts), "model.experts")
    if "feed_forward" in fields:
        raise ConfigError("'model.feed_forward' is no field; did you mean the section [model.experts]?")
    fields.setdefault("max_seq_len", seq_len)
    return _make(ModelConfig, {**fields, "feed_forward": experts}, "model")


def _make(kind: type, fields: Mapping[str, Any], where: str) -> Any:
    known = {f.name: f for f in dataclasses.fields(kind)}
    _require_known(fields, [*known, *(["experts"] if where == "model" else [])], where, "field")
    for name, f in known.items():
        has_default = f.default is not dataclasses.MISSING or f.default_factory is not dataclasses.MISSING
        if name not in fields and not has_default:
            raise ConfigError(f"{where}.{name} is missing")
    _require_kinds(kind, fields, where)
    try:
        return kind(**fields)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"[{where}] {error}") from error


def _require_kinds(kind: type, fields: Mapping[str, Any], where: str) -> None:
    """Say first where a value is of another kind than the field: what the sections compare would say it less well."""
    for name, declared in get_type_hints(kind).items():
        if name not in fields:
            continue
        kinds = get_args(declared) if isinstance(declared, types.UnionType) else (declared,)
        simple = [k for k in kinds if k in (bool, int, float, str)]
        value = fields[name]
        if len(simple) != len([k for k in kinds if k is not type(None)]) or (value is None and type(None) in kinds):
            continue
        is_right = any(type(value) is k or (k is float and type(value) is int) for k in simple)
        if not is_right and not hasattr(value, "item"):
            words = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
            raise ConfigError(f"{where}.{name} is {value!r}; it must be {' or '.join(words[k] for k in simple)}")


def _require_known(fields: Mapping[str, Any], known: Iterable[str], where: str, what: str) -> None:
    known = list(known)
    for name in fields:
        if name not in known:
            full = f"{where}.{name}" if where else name
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"it must be one of {', '.join(map(repr, known))}"
            raise ConfigError(f"{full!r} is no {what}; {hint}")


def _table(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{name} is {value!r}; it must be a section, [{name}]")
    return dict(value)


def _many(name: str, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{name} is {value!r}; it must be sections, [[{name}]]")
    return [_table(name, entry) for entry in value]


def _change(fields: dict[str, Any], override: str) -> None:
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


def _from_plan(plan: Any, path: Path) -> dict[str, Any]:
    """A plan's file as sections; what it does not say is left to the overrides."""
    if not isinstance(plan, dict) or plan.get("format") != "llmcourse plan":
        raise ConfigError(f"{path} is no plan: its format must be 'llmcourse plan'")
    model = dict(plan["model"])
    if experts := model.pop("feed_forward", None):
        model["experts"] = {name: value for name, value in experts.items() if name != "kind"}
    layout, data = plan["devices"], plan["data"]
    training = {name: value for name, value in plan["training"].items() if value is not None}
    return {
        "model": _without_none(model),
        "training": training,
        "data": {"seq_len": data["seq_len"], "batch_size": data["batch_size"], "sources": []},
        "parallel": {"recompute": bool(layout["recompute"]), "reshard_after_forward": layout["stage"] == 3},
    }


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(inner) for name, inner in value.items() if inner is not None}
    return [_without_none(inner) for inner in value] if isinstance(value, list | tuple) else value


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


def changes(theirs: RunConfig, ours: RunConfig) -> list[str]:
    """The fields in which two settings differ that decide what a run computes; empty where one may go on as the other.

    Where things lie, on what and how many ranks they are computed, how often it is looked and saved: all that may
    change while a run is interrupted.

    Example:
        >>> base = {
        ...     "run": {"folder": "a"}, "training": {"steps": 10, "lr": 1e-3},
        ...     "data": {"sources": [{"name": "code", "corpus": "python"}], "seq_len": 32, "batch_size": 4},
        ...     "model": {"vocab_size": 512, "d_model": 32, "n_layers": 1, "n_heads": 2},
        ... }
        >>> changes(parse(base), parse({**base, "run": {"folder": "b", "seed": 1}}))
        ['run.seed (0 -> 1)']
    """
    theirs_flat, ours_flat = (_flat(_deciding(config).as_dict()) for config in (theirs, ours))
    names = dict.fromkeys([*theirs_flat, *ours_flat])
    return [
        f"{name} ({theirs_flat.get(name)} -> {ours_flat.get(name)})"
        for name in names
        if theirs_flat.get(name) != ours_flat.get(name)
    ]


def _deciding(config: RunConfig) -> RunConfig:
    """Settings with everything at its default that may change."""
    defaults = {f.name: f.default for f in dataclasses.fields(TrainingConfig) if f.name in MAY_CHANGE}
    return replace(
        config,
        run=RunSection(folder="", seed=config.run.seed),
        data=replace(config.data, folder=None, workers=1),
        training=replace(config.training, **defaults),
        parallel=ParallelSection(),
        checkpoints=CheckpointsSection(),
        evaluation=EvaluationSection(),
    )


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for name, inner in value.items() for k, v in _flat(inner, f"{prefix}{name}.").items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {k: v for i, inner in enumerate(value) for k, v in _flat(inner, f"{prefix}{i}.").items()}
    return {prefix[:-1]: value}
