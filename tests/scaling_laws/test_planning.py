"""A plan's model is real, its counts are exact, it fits, and what cannot be is refused with the reason."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from llmcourse.course.cli import app
from llmcourse.distributed.memory import Run, step_memory
from llmcourse.distributed.parallelize import STRATEGIES as KNOWN
from llmcourse.distributed.planning import HARDWARE
from llmcourse.model import ModelConfig, Transformer
from llmcourse.model.accounting import count_parameters, flops_per_token, model_costs
from llmcourse.scaling_laws import plan_file, planning
from llmcourse.scaling_laws.candidates import Candidate, ExpertsOnPaper, choose_model, shape
from llmcourse.scaling_laws.extrapolation import Evidence, evidence_of, simulated_runs
from llmcourse.scaling_laws.laws import BESIROGLU, Law, compute_optimal
from llmcourse.scaling_laws.layouts import attainable_mfu, choose_layout, family, rank_memory
from llmcourse.scaling_laws.plan_file import read_config, write_config
from llmcourse.scaling_laws.planning import plan
from llmcourse.training.settings import TrainingConfig

LAW = Law(E=1.0, A=10.0, B=10.0, alpha=0.5, beta=0.5)


def test_the_choice_is_the_best_of_what_fits():
    candidates = [Candidate(n, 2 * n + 50, 16 * n) for n in (40, 10, 160, 640)]
    for flops in (3e4, 3e5, 3e6):
        for room in (200, 700, 3000, 20000):
            fitting = {
                i: int(flops // (3 * c.flops_per_token)) for i, c in enumerate(candidates) if c.rank_bytes <= room
            }
            losses = {i: LAW.loss(candidates[i].n_params, d) for i, d in fitting.items() if d}
            best = min(losses, key=losses.get)
            assert choose_model(candidates, LAW, flops, room) == (best, fitting[best])
    with pytest.raises(ValueError, match="device_bytes is 100; it must be at least 160"):
        choose_model(candidates, LAW, 3e4, 100)
    with pytest.raises(ValueError, match="flops is 5.0; it must be enough for one token"):
        choose_model(candidates, LAW, 5.0, 1000)


def test_a_family_is_of_real_models_in_order():
    for moe in (False, True):
        models = family(8, moe, 32000, 2048)
        sizes = [candidate.n_params for _, candidate in models]
        assert sizes == sorted(sizes) and sizes[0] < 1e7 and sizes[-1] > 1e11
        assert max(b / a for a, b in zip(sizes, sizes[1:])) < 3
    config, candidate = family(8, False, 32000, 2048)[3]
    with torch.device("meta"):
        built = Transformer(config)
    assert sum(p.numel() for p in built.parameters()) == candidate.n_params == count_parameters(config)
    assert candidate.flops_per_token == flops_per_token(config, 2048)


def test_experts_on_paper_are_counted_and_cost_a_token_what_the_dense_twin_does():
    dense, sparse = shape(1024, 32000, 2048), shape(1024, 32000, 2048, moe=True)
    experts = sparse.feed_forward
    assert isinstance(experts, ExpertsOnPaper) and (experts.n_experts, experts.top_k) == (64, 8)
    costs, twin = model_costs(sparse, 2048), model_costs(dense, 2048)
    assert costs.active_parameters == pytest.approx(twin.parameters, rel=0.03)
    assert costs.flops_per_token == pytest.approx(twin.flops_per_token, rel=0.03)
    a_layer = 3 * 1024 * experts.d_expert * 64 + 1024 * 64
    assert costs.parameters - count_parameters(dataclasses.replace(sparse, feed_forward=None)) == sparse.n_layers * (
        a_layer - 3 * 1024 * sparse.d_ff
    )
    with pytest.raises(NotImplementedError, match="counted"):
        experts.make(sparse)
    with pytest.raises(ValueError, match="top_k is 9; it must be at most n_experts, 8"):
        ExpertsOnPaper(64, n_experts=8, top_k=9)
    with pytest.raises(ValueError, match="d_expert is 0; it must be at least 1"):
        ExpertsOnPaper(0)


@pytest.mark.parametrize("moe", [False, True])
@pytest.mark.parametrize(
    ("gpus", "gpu", "hours"), [(8, "h100", 24), (1, "rtx4090", 10), (64, "b200", 200), (2, "a100", 3)]
)
def test_a_plan_fits_its_devices_its_hours_and_its_batch(gpus, gpu, hours, moe):
    planned = plan(gpus, gpu, hours, moe)
    device, layout, config = HARDWARE[gpu], planned.layout, planned.config
    costs = model_costs(config, config.max_seq_len)
    spent = 3 * costs.flops_per_token * planned.n_tokens
    assert planned.n_params == costs.parameters and planned.n_active == costs.active_parameters
    assert 0.95 * planned.flops < spent <= planned.flops
    assert spent / (gpus * device.flops * planned.mfu) <= hours * 3600
    accumulates = layout.n_micro > 1
    shape_of_step = (layout.micro_batch, config.max_seq_len, layout.recompute)
    run = Run(gpus, layout.stage, "mixed", *shape_of_step, accumulates=accumulates)
    ledger = step_memory(config, run)
    assert layout.memory.total <= 0.9 * device.memory and layout.memory.optimizer == ledger.optimizer
    assert not accumulates or layout.memory.gradients >= 2 * planned.n_params // gpus  # they lie there all the time
    assert (
        layout.memory.activations == ledger.activations if not moe else layout.memory.activations > ledger.activations
    )
    assert planned.batch_size == gpus * layout.micro_batch * layout.n_micro
    assert planned.n_tokens == planned.n_steps * planned.batch_size * config.max_seq_len
    assert planned.loss_low < planned.loss < planned.loss_high
    assert planned.device_hours == gpus * hours
    assert attainable_mfu(config, layout, device, gpus) >= planned.mfu


def test_a_plan_is_near_the_closed_form_where_nothing_stands_in_its_way():
    """Attention and the grid of widths move it a little; the valley is flat, so its loss hardly moves."""
    planned = plan(64, "h100", 100)
    n_best, d_best = compute_optimal(BESIROGLU, planned.flops)
    assert planned.n_params == pytest.approx(n_best, rel=0.35)
    assert BESIROGLU.loss(planned.n_params, planned.n_tokens) == pytest.approx(BESIROGLU.loss(n_best, d_best), rel=0.01)


def test_more_hours_never_make_a_plan_worse():
    losses = [plan(8, "h100", hours).loss for hours in (1, 3, 10, 30, 100, 1000)]
    assert losses == sorted(losses, reverse=True)


def test_a_small_device_gets_the_best_model_that_fits_and_says_so():
    planned = plan(1, "rtx4090", 20000)
    assert planned.layout.memory.total <= 0.9 * 24e9
    assert any("the best that fits is planned" in warning for warning in planned.warnings)
    assert planned.n_params < 0.7 * compute_optimal(BESIROGLU, planned.flops)[0]


def test_layouts_share_only_as_much_as_they_must():
    config = shape(2048, 32000, 2048)
    state = 16 * count_parameters(config)
    rooms = [4 * state, 1.1 * state, 0.45 * state]
    stages = [
        (layout.stage, layout.recompute)
        for layout in (choose_layout(config, HARDWARE["h100"], 8, 8, room) for room in rooms)
    ]
    assert stages == sorted(stages, key=lambda pair: (pair[1], pair[0])) and stages[0] == (0, False)
    with pytest.raises(ValueError, match="room is 1000000.0"):
        choose_layout(config, HARDWARE["h100"], 8, 8, 1e6)
    alone = choose_layout(config, HARDWARE["h100"], 1, 6, 4 * state)
    assert alone.stage == 0 and alone.micro_batch * alone.n_micro == 6


@pytest.mark.parametrize(
    ("gpus", "gpu", "mfu", "brakes"),
    [
        (1, "h100", 0.9, "products at 60%"),
        (8, "h100", 0.7, "products at 60% and messages"),
        (512, "rtx4090", 0.4, "messages and recomputation"),
    ],
)
def test_a_lower_share_of_the_peak_is_laid_to_what_lowers_it(gpus, gpu, mfu, brakes):
    planned = plan(gpus, gpu, 50, mfu=mfu)
    assert planned.warnings[0].startswith(f"with {brakes} the devices reach {planned.mfu:.0%} of their peak, not ")


def test_slow_wires_lower_the_plan():
    slow, fast = plan(512, "rtx4090", 50), plan(512, "h100", 50)
    assert slow.mfu < planning.MFU == fast.mfu
    assert any("of their peak" in warning for warning in slow.warnings) and not any(
        "of their peak" in told for told in fast.warnings
    )


def test_a_size_can_be_wanted():
    planned = plan(8, "h100", 24, n_params=3e8)
    assert planned.n_params == pytest.approx(3e8, rel=0.3)
    assert planned.loss > plan(8, "h100", 24).loss
    with pytest.raises(ValueError, match="n_params is 1000.0; it must be about"):
        plan(8, "h100", 24, n_params=1e3)


def test_a_law_of_one_s_own_can_be_used():
    truth = Law(1.2, 300.0, 900.0, 0.4, 0.3)
    sizes = [n for n in (1e6, 3e6, 1e7, 3e7) for _ in range(4)]
    tokens = [n * r for n, r in zip(sizes, 4 * [5, 20, 80, 320])]
    evidence = evidence_of(simulated_runs(truth, sizes, tokens, noise=0.002), "mine", "simulated", n_boot=20)
    planned = plan(1, "a100", 5, evidence=evidence)
    assert isinstance(evidence, Evidence)
    assert planned.loss == pytest.approx(truth.loss(planned.n_params, planned.n_tokens), rel=0.05)
    assert any("the law was fitted to smaller runs" in told for told in planned.warnings)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 512), st.sampled_from(list(HARDWARE)), st.floats(1e-6, 3000), st.booleans())
def test_whatever_is_asked_there_is_a_plan_that_fits_or_a_sentence(gpus, gpu, hours, moe):
    try:
        planned = plan(gpus, gpu, hours, moe)
    except ValueError as error:
        assert "must" in str(error)
    else:
        assert planned.layout.memory.total <= 0.9 * HARDWARE[gpu].memory
        assert 0 < planned.mfu <= planning.MFU and planned.n_steps >= planning.MIN_STEPS


@pytest.mark.parametrize(
    ("given_values", "message"),
    [
        ({"gpus": 0}, "gpus is 0; it must be a whole number of at least 1"),
        ({"gpus": 2.5}, "gpus is 2.5; it must be a whole number"),
        ({"gpus": True}, "gpus is True; it must be a whole number"),
        ({"gpu": "abacus"}, "gpu is 'abacus'; it must be one of 'a100', 'h100', 'h200', 'b200', 'mi300x', 'rtx4090'"),
        ({"hours": 0}, "hours is 0; it must be above 0, and finite"),
        ({"hours": -1.0}, "hours is -1.0; it must be above 0, and finite"),
        ({"hours": math.nan}, "hours is nan; it must be above 0, and finite"),
        ({"hours": math.inf}, "hours is inf; it must be above 0, and finite"),
        ({"hours": 1e-6}, "hours is 1e-06; it must be enough for 100 steps, and is for"),
        ({"mfu": 0.0}, "mfu is 0.0; it must be above 0 and at most 1"),
        ({"mfu": 40}, "mfu is 40; it must be above 0 and at most 1"),
        ({"seq_len": 0}, "max_seq_len is 0"),
        ({"vocab_size": -5}, "vocab_size is -5"),
        ({"gpu": "rtx4090", "gpus": 1, "n_params": 7e9}, "the memory of a device is 24 GB, of which 21.6 can be used"),
        ({"seq_len": 3_000_000}, "the memory of a device is 80 GB"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(given_values, message):
    values = {"gpus": 8, "gpu": "h100", "hours": 24.0} | given_values
    with pytest.raises(ValueError) as error:
        plan(**values)
    assert message in str(error.value)


@pytest.mark.parametrize("moe", [False, True])
def test_the_file_is_the_plan_and_can_be_read_again(tmp_path, moe):
    planned, path = plan(8, "h100", 24, moe), tmp_path / "run.json"
    write_config(planned, path)
    model, training, fields = read_config(path)
    assert (model, training) == (planned.config, planned.training())
    assert isinstance(model, ModelConfig) and isinstance(training, TrainingConfig)
    assert set(fields) == {"format", "version", "model", "training", "data", "devices", "expected"}
    assert fields["devices"]["strategy"] in KNOWN
    data = fields["data"]
    assert data["tokens"] == training.steps * data["batch_size"] * data["seq_len"]
    assert data["batch_size"] == 8 * training.grad_accum_steps * fields["devices"]["micro_batch_size"]
    for name in set(fields) - {"version"}:
        assert f"\n    {name}  " in plan_file.__doc__, "the module's docstring names every field"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no", "is no JSON"),
        ("[]", "its format must be 'llmcourse plan' and its version 1"),
        ('{"format": "llmcourse plan", "version": 2}', "its version 1"),
        ('{"format": "llmcourse plan", "version": 1}', "is no plan's configuration: 'model'"),
        ('{"format": "llmcourse plan", "version": 1, "model": {"feed_forward": {"kind": "magic"}}}', "kind is 'magic'"),
        ('{"format": "llmcourse plan", "version": 1, "model": {"feed_forward": null, "d": 3}}', "'d'"),
    ],
)
def test_what_is_no_plan_s_file_is_a_sentence(tmp_path, text, message):
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(ValueError) as error:
        read_config(path)
    assert message in str(error.value)


def asked(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["plan", *words])
    return result.exit_code, result.output


USUAL = ("--gpus", "8", "--gpu", "h100", "--hours", "24")


def test_the_command_prints_the_plan_and_what_it_rests_on(tmp_path):
    path = tmp_path / "run.json"
    code, text = asked(*USUAL, "--config-out", str(path))
    told, planned = " ".join(text.split()), plan(8, "h100", 24.0)
    assert code == 0, text
    for part in (f"{planned.n_params:,}", f"{planned.n_tokens:,}", f"{planned.loss:.3f}", "192 device-hours", "stage"):
        assert part in told
    for assumption in planned.assumptions:
        assert assumption.about in told and assumption.source.split()[0] in told
    assert read_config(path)[0] == planned.config


def test_the_command_s_json_has_all_of_it():
    code, text = asked(*USUAL, "--moe", "--json")
    told, planned = json.loads(text), plan(8, "h100", 24.0, moe=True)
    assert code == 0 and told == json.loads(json.dumps(planned.as_dict()))
    assert told["n_params"] > 3 * told["n_active"]
    assert told["memory"]["total"] == planned.layout.memory.total
    assert [one["about"] for one in told["assumptions"]].count("experts") == 1


def test_the_command_s_help_names_every_device():
    told = " ".join(asked("--help")[1].split())
    assert all(name in told for name in HARDWARE)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--gpus", "0", "--gpu", "h100", "--hours", "24"), "gpus is 0; it must be a whole number of at least 1"),
        (("--gpus", "8", "--gpu", "h101", "--hours", "24"), "gpu is 'h101'; it must be one of 'a100'"),
        (("--gpus", "8", "--gpu", "H100", "--hours", "0"), "hours is 0.0; it must be above 0, and finite"),
        ((*USUAL, "--parameters", "many"), "parameters is 'many'; it must be a number of at least 1"),
        ((*USUAL, "--runs", "nowhere.csv"), "runs is 'nowhere.csv'; it must be a file, a table of runs"),
        ((*USUAL, "--config-out", "/proc/none/run.json"), "/proc/none"),
    ],
)
def test_bad_input_to_the_command_is_a_sentence(words, message):
    code, text = asked(*words)
    assert code == 1 and message in " ".join(text.split()), text


def test_the_command_takes_a_table_of_runs(tmp_path):
    rows, truth = ["params,tokens,loss"], Law(1.2, 300.0, 900.0, 0.4, 0.3)
    for n in (1e6, 3e6, 1e7, 3e7):
        rows += [f"{n:.0f},{n * r:.0f},{truth.loss(n, n * r) * (1 + 0.001 * (-1) ** r):.6f}" for r in (5, 20, 81, 320)]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(rows) + "\n")
    code, text = asked(*USUAL, "--runs", str(path), "--json")
    assert code == 0, text
    told = json.loads(text)
    assert any("16 runs of mine.csv" in one["assumed"] for one in told["assumptions"])


def test_memory_of_experts_is_the_ledger_s_with_their_copies():
    sparse, run = shape(1024, 32000, 2048, moe=True), Run(8, 3, "mixed", 2, 2048)
    got, ledger = rank_memory(sparse, run), step_memory(sparse, run)
    assert got.activations - ledger.activations == sparse.n_layers * 2 * 8 * 1024 * 2 * 2 * 2048
    assert got[:4] == ledger[:4]
