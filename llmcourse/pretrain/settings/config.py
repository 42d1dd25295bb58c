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
import tomllib
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from llmcourse.files import write_atomically
from llmcourse.model.config import ModelConfig
from llmcourse.moe.config import ExpertsConfig
from llmcourse.pretrain.settings.sections import (
    CheckpointsSection,
    DataSection,
    EvaluationSection,
    ParallelSection,
    RunSection,
    SourceSection,
    TokenizerSection,
)
from llmcourse.pretrain.settings.toml import ConfigError, change, to_toml
from llmcourse.training.settings import MAY_CHANGE, TrainingConfig
from llmcourse.values import plain

FILE = "run.toml"
"""Where a run's folder keeps the settings as they came out."""


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
        ready = [source.name for source in self.data.sources if source.shards is not None]
        if ready and self.tokenizer.file is None:
            raise ConfigError(
                f"tokenizer.file is None; it must name the tokenizer that the shards of {ready[0]} were written with"
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


__all__ = ["ConfigError", "RunConfig", "changes", "load", "parse", "read_run", "write_run"]

SECTIONS = {name: kind for name, kind in get_type_hints(RunConfig).items()}


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
        change(fields, override)
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
        llmcourse.pretrain.settings.toml.ConfigError: 'trainin' is no section; did you mean 'training'?
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
