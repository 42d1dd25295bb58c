"""What only looks like the value wanted is made so where it comes in, or refused by name."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from llmcourse.model import ModelConfig
from llmcourse.positional import RopeScaling
from llmcourse.training import TrainingConfig
from llmcourse.values import is_plain, plain, whole

SIZES = {"vocab_size": 64, "d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 16}
SCALING = {"name": "yarn", "factor": 2.0, "original_max_seq_len": 8}
CASES = {
    "model": (ModelConfig, SIZES | {"norm_eps": 2**-10, "bias": True, "dropout": 0.5, "attention_scale": 0.25}),
    "scaling": (RopeScaling, SCALING),
    "training": (TrainingConfig, {"steps": 4, "lr": 0.5, "clip_norm": 1.0, "seed": 3, "betas": (0.5, 0.75)}),
}


def as_numpy(value):
    if isinstance(value, tuple):
        return [as_numpy(inner) for inner in value]
    kinds = {bool: np.bool_, int: np.int64, float: np.float32, str: np.str_}
    return kinds[type(value)](value)


def as_array(value):
    return value if isinstance(value, str | tuple) else np.array(value)


def as_tensor(value):
    return value if isinstance(value, str | tuple) else torch.tensor(value, dtype=torch.float64).to(type(value))


@pytest.mark.parametrize("changed", [as_numpy, as_array, as_tensor])
@pytest.mark.parametrize("name", CASES)
def test_numbers_of_numpy_and_torch_become_pythons(name, changed):
    kind, settings = CASES[name]
    config = kind(**{key: changed(value) for key, value in settings.items()})
    assert config == kind(**settings)
    assert json.loads(json.dumps(dataclasses.asdict(config))) == json.loads(
        json.dumps(dataclasses.asdict(kind(**settings)))
    )
    for key, value in settings.items():
        assert type(getattr(config, key)) is type(value)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ModelConfig(**SIZES | {"n_heads": "4"}), "n_heads is '4'; it must be a whole number"),
        (lambda: ModelConfig(**SIZES, rope_theta=None), "rope_theta is None; it must be a number"),
        (lambda: ModelConfig(**SIZES, bias=1), "bias is 1; it must be True or False"),
        (lambda: ModelConfig(**SIZES, norm=3), "norm is 3; it must be a string"),
        (
            lambda: ModelConfig(**SIZES, d_ff=np.float64(8)),
            r"d_ff is np.float64\(8.0\); it must be a whole number, or None",
        ),
        (lambda: RopeScaling("linear", factor="2"), "factor is '2'; it must be a number"),
        (lambda: TrainingConfig(steps=10.0, lr=1e-3), "steps is 10.0; it must be a whole number"),
        (lambda: TrainingConfig(steps=True, lr=1e-3), "steps is True; it must be a whole number"),
        (lambda: TrainingConfig(steps=10, lr=np.array([1e-3])), r"lr is array\(\[0.001\]\); it must be a number"),
        (lambda: TrainingConfig(steps=10, lr=1e-3, betas=(0.9,)), r"betas is \(0.9,\); it must be 2 numbers"),
        (lambda: TrainingConfig(steps=10, lr=1e-3, betas=(0.9, "x")), "betas is 'x'; it must be a number"),
        (lambda: TrainingConfig(steps=10, lr=1e-3, clip_norm="1"), "clip_norm is '1'; it must be a number, or None"),
    ],
)
def test_what_is_no_such_value_is_named(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_sizes_that_follow_follow_anew_after_numpys_numbers_too():
    config = ModelConfig(**{name: np.int64(value) for name, value in SIZES.items()})
    assert dataclasses.replace(config, n_heads=2).d_head == 16


def test_plain_values_are_what_torch_reads_back_without_running_code(tmp_path):
    class Size(int):
        pass

    given = {"a": (np.float64(0.5), np.int32(2), [Size(3), np.bool_(True)]), "b": np.str_("x"), np.str_("c"): None}
    torch.save(plain(given), tmp_path / "plain.pt")
    assert torch.load(tmp_path / "plain.pt", weights_only=True) == {"a": (0.5, 2, [3, True]), "b": "x", "c": None}
    assert is_plain(plain(given)) and not is_plain({"a": [{1, 2}]}) and not is_plain(tmp_path)


@pytest.mark.parametrize("wrong", [2.5, "3", True, None, np.array([3])])
def test_only_a_single_whole_number_is_whole(wrong):
    assert whole("stop", np.uint8(3)) == whole("stop", torch.tensor(3)) == 3
    with pytest.raises(ValueError, match="stop is .*; it must be a whole number"):
        whole("stop", wrong)
