"""Tables of runs: read from any CSV, or refused by row; the commands that fit them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from llmcourse.course.cli import app
from llmcourse.scaling_laws.isoflop import Curve, envelope, frontier, isoflop_optima, parabola_minimum, power_law
from llmcourse.scaling_laws.laws import BESIROGLU, HOFFMANN, compute_optimal, simulate_runs
from llmcourse.scaling_laws.runs import as_runs, floor_note, read_runs

ROWS = "1e6,2e7,4.5\n2e6,4e7,4.1\n4e6,4e7,3.9\n"


def written(folder, text, name="runs.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        f"n_params,n_tokens,loss\n{ROWS}",
        f"# a comment\nParameters,Training Tokens,Val loss\n{ROWS}",
        "Loss;D;N\n4.5;2e7;1e6\n4.1;4e7;2e6\n3.9;4e7;4e6\n",
        "N\tD\tL\n" + ROWS.replace(",", "\t"),
        "\ufeffModel Size,Training FLOP,loss\n1e6,1.2e14,4.5\n2e6,4.8e14,4.1\n4e6,9.6e14,3.9\n",
        f"n,d,loss\n{ROWS}\n\n",
    ],
)
def test_columns_are_found_by_their_usual_names(tmp_path, text):
    runs = read_runs(written(tmp_path, text))
    assert np.allclose(runs.n_params, [1e6, 2e6, 4e6])
    assert np.allclose(runs.n_tokens, [2e7, 4e7, 4e7])
    assert np.allclose(runs.losses, [4.5, 4.1, 3.9])
    assert np.allclose(runs.flops, 6 * runs.n_params * runs.n_tokens)
    assert not runs.notes


def test_columns_and_rows_can_be_named(tmp_path):
    path = written(tmp_path, "who,corpus,x,y,z\na,toy,1e6,2e7,4\nb,python,1e6,2e7,5\n")
    runs = read_runs(path, columns={"params": "x", "tokens": "y", "loss": "z"}, where={"corpus": "toy"})
    assert runs.losses.tolist() == [4.0]
    assert runs.rows == (2,)
    with pytest.raises(ValueError, match="'latin'; it must be one of 'python', 'toy'"):
        read_runs(path, columns={"params": "x", "tokens": "y", "loss": "z"}, where={"corpus": "latin"})
    with pytest.raises(ValueError, match="no column 'q'"):
        read_runs(path, columns={"params": "q"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("n,d,loss\n1e6,2e7,4\n1e6,0,4\n-2,2e7,4\n", "line 4: n is '-2'; .* line 3: d is '0'"),
        ("n,d,loss\n1e6,2e7,4\n1e6,2e7,nan\n1e6,3e7,oops\n", "lines 3 and 4: loss is 'nan' and others"),
        ("n,d,loss\n1e6,2e7,4\n1e6;2e7;4\n", "line 3: not 3 cells separated by commas"),
        ("n;d;loss\n1e6;2e7;4\n1e6;2e7\n", "line 3: not 3 cells separated by semicolons"),
        ("n,loss\n1e6,4\n", "line 1: no column of tokens; there are 'n', 'loss'"),
        ("n d loss\n1e6 2e7 4\n", "line 1: no column of params and tokens and loss"),
        ("n,d,loss\n", "holds no run"),
        ("", "is empty"),
    ],
)
def test_a_bad_file_is_refused_by_row(tmp_path, text, told):
    with pytest.raises(ValueError, match=told):
        read_runs(written(tmp_path, text))


def test_copies_count_once_and_empty_lines_not_at_all(tmp_path):
    runs = read_runs(written(tmp_path, "n,d,loss\n1e6,2e7,4\n\n1e6,2e7,4\n1e6,2e7,4.1\n"))
    assert runs.losses.tolist() == [4.0, 4.1]
    assert runs.n_dropped == 1
    assert runs.notes == ("line 3: empty, skipped", "line 4: the same run as on a line above, left out")


def test_the_largest_losses_can_be_left_out_and_the_floor_is_told():
    runs = as_runs([1e6, 2e6, 3e6, 4e6], [1e8] * 4, [3.0, 5.0, 4.0, 2.0])
    left = runs.without_largest_losses(2)
    assert left.losses.tolist() == [3.0, 2.0]
    assert left.notes == ("lines 1 and 2: left out, the largest losses",)
    assert "line 3: has a loss below the fitted floor E = 2.5" in floor_note(left, 2.5)
    assert floor_note(left, 1.0) == ""
    with pytest.raises(ValueError, match="is 4; it must be from 0 to 3"):
        runs.without_largest_losses(4)


def test_a_parabola_gives_back_its_own_lowest_point_far_from_zero():
    x = np.log(np.geomspace(1e9, 3e9, 7))
    log_n, loss = parabola_minimum(x, 2.0 + 1e-4 * (x - 21.3) ** 2)
    assert log_n == pytest.approx(21.3, abs=1e-7)
    assert loss == pytest.approx(2.0, abs=1e-12)


@pytest.mark.parametrize("losses", [[1.0, 2.0, 1.0], [1.0, 2.0, 3.0], [2.0, 2.0, 2.0]])
def test_a_parabola_that_has_no_lowest_point_is_refused(losses):
    with pytest.raises(ValueError, match="curvature"):
        parabola_minimum(np.array([1.0, 2.0, 3.0]), np.array(losses))


def test_isoflops_of_a_law_give_its_exponents():
    c, ratio = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e18, 1e21, 6), np.geomspace(0.3, 3, 9)))
    n, d = compute_optimal(BESIROGLU, c)
    optima, notes = isoflop_optima(as_runs(n * ratio, d / ratio, BESIROGLU.loss(n * ratio, d / ratio)))
    of_n, of_d = frontier(optima)
    assert not notes
    assert of_n.exponent == pytest.approx(BESIROGLU.exponents[0], abs=1e-3)
    assert of_n.exponent + of_d.exponent == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("factor", [4.0, 3.7256e-6, 3e-12, 5e17])
def test_a_power_law_keeps_the_digits_of_a_small_factor(factor):
    law = power_law([1e18, 1e20, 1e22], factor * np.array([1e18, 1e20, 1e22]) ** 0.73)
    assert law == (pytest.approx(0.73), pytest.approx(factor, rel=1e-9, abs=0))


def test_the_envelope_needs_curves_that_overlap():
    tokens = np.geomspace(1e8, 1e12, 200)
    found = envelope([Curve(n, tokens, HOFFMANN.loss(n, tokens)) for n in np.geomspace(1e7, 1e11, 60)], 400)
    middle = (found.flops > 1e19) & (found.flops < 1e21)
    law = power_law(found.flops[middle], found.n_params[middle])
    assert law.exponent == pytest.approx(HOFFMANN.exponents[0], abs=0.03)
    with pytest.raises(ValueError, match="no budget"):
        envelope([Curve(1e6, tokens, tokens), Curve(1e15, tokens, tokens)])


def command(*words):
    result = CliRunner().invoke(app, ["scaling", *map(str, words)])
    return result.exit_code, result.output


def table(folder, runs):
    rows = "\n".join(
        f"{n!r},{d!r},{loss!r}"
        for n, d, loss in zip(*map(np.ndarray.tolist, (runs.n_params, runs.n_tokens, runs.losses)))
    )
    return written(folder, f"params,tokens,loss\n{rows}\n")


def test_the_fit_command_tells_all_that_is_asked_of_it(tmp_path):
    path = table(tmp_path, simulate_runs(BESIROGLU, n_runs=80, noise=0.003))
    code, output = command("fit", path, "--json", "--bootstrap", 50, "--starts", 100, "--drop-largest", 3)
    assert code == 0
    told = json.loads(output)
    wanted = {"A", "B", "E", "alpha", "beta", "a", "b", "objective", "n_points", "n_dropped", "intervals"}
    assert wanted <= set(told)
    assert (told["n_points"], told["n_dropped"]) == (77, 3)
    assert told["intervals"].keys() == {"A", "B", "E", "alpha", "beta", "a", "b"}
    assert told["intervals"]["beta"][0] < told["beta"] < told["intervals"]["beta"][1]
    code, output = command("fit", path, "--bootstrap", 0, "--starts", 50)
    assert code == 0
    assert "objective" in output


def test_the_isoflop_command_names_budgets_without_a_best_model(tmp_path):
    c, ratio = (grid.ravel() for grid in np.meshgrid([1e18, 1e19, 1e20], [0.3, 0.6, 1.0, 1.5, 3.0]))
    n, d = compute_optimal(BESIROGLU, c)
    losses = BESIROGLU.loss(n * ratio, d / ratio)
    losses[c == 1e20] = 4 - ratio[c == 1e20]
    code, output = command("isoflop", table(tmp_path, as_runs(n * ratio, d / ratio, losses)), "--json")
    told = json.loads(output)
    assert code == 0
    assert len(told["optima"]) == 2
    assert any("1e+20" in note and "lines" in note for note in told["notes"])


@pytest.mark.parametrize(
    ("name", "rows", "told"),
    [
        ("fit", "1e6,1e8,3\n2e6,1e8,2.9\n", "lines 2 and 3: the number of different pairs"),
        ("fit", "".join(f"{n},{1e15 / n},3\n" for n in (1e6, 2e6, 3e6, 4e6, 5e6, 6e6)), "all have one budget"),
        ("isoflop", "".join(f"{n},{1e15 / n},3\n" for n in (1e6, 2e6, 3e6, 4e6)), "lines 2, 3, 4, 5"),
        ("fit", "1e6,1e8,3\n2e6,1e8,-2.9\n", "line 3: loss is '-2.9'"),
    ],
)
def test_a_command_refuses_by_row(tmp_path, name, rows, told):
    code, output = command(name, written(tmp_path, f"n,d,loss\n{rows}"))
    assert code == 1
    assert told in " ".join(output.split())
