"""One page of plots: alone it has everything, asks nobody for anything, and loses no spike."""

from __future__ import annotations

import html
import json
import math
import re
import shutil
import subprocess

import pytest
import quickjs

from llmcourse.pretrain.results.curves import (
    KNOWN,
    STATIC,
    read_curve,
    read_settings,
    script_json,
    thinned,
    write_curves,
)
from llmcourse.training.history import Row


def a_run(folder, n=60, settings="[training]\nlr = 0.001\n", **change):
    folder.mkdir(parents=True)
    rows = []
    for step in range(1, n + 1):
        row = {"step": step, "loss": 4.0 / step**0.5, "tokens": 100 * step, "seconds": 2.0 * step, "lr": 1e-3}
        if step % 20 == 0:
            row |= {"val_loss": 4.1 / step**0.5, "sample": "def f"}
        rows.append(row | {name: change[name](step) for name in change})
    (folder / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    if settings is not None:
        (folder / "run.toml").write_text(settings)
    return folder


def told(page):
    """What the page's script is given."""
    found = re.search(r"^const data = (.*);$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return json.loads(found[1])


def test_a_page_asks_no_host_for_anything(tmp_path):
    page = write_curves([a_run(tmp_path / "a"), a_run(tmp_path / "b")], tmp_path / "out" / "page.html")
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"\b(?:src|href)\s*=|@import|url\(|fetch\(|https?:(?!//www\.w3\.org/2000/svg)", text)
    assert "default-src 'none'" in text and '<meta name="viewport"' in text
    assert not re.findall(r"@\w+@", text)


def test_every_field_with_a_number_has_a_plot_and_known_ones_come_first(tmp_path):
    page = write_curves([a_run(tmp_path / "a", my_number=float, epochs_code=float)], tmp_path / "page.html")
    assert [plot["field"] for plot in told(page)["plots"]] == ["loss", "val_loss", "lr", "epochs_code", "my_number"]
    assert [plot["title"] for plot in told(page)["plots"]][3:] == ["Epochs of code", "my number"]
    (run,) = told(page)["runs"]
    assert run["lines"]["val_loss"]["step"] == [20, 40, 60] and len(run["lines"]["loss"]["y"]) == 60


def test_known_fields_are_those_of_a_row():
    assert set(Row.__annotations__) - {"step", "sample"} <= set(KNOWN)


def test_time_goes_on_over_restarts_which_are_marked(tmp_path):
    def seconds(step):
        return 2.0 * step if step <= 30 else 2.0 * (step - 30)

    folder = a_run(tmp_path / "a", seconds=seconds, restarted=lambda step: int(step == 31))
    run = read_curve(folder, "a")
    assert run["lines"]["loss"]["seconds"] == [2.0 * step for step in range(1, 61)]
    assert run["restarts"] == [{"step": 31, "tokens": 3100, "seconds": 62.0}]


def test_spikes_are_marked_once_each(tmp_path):
    def loss(step):
        return 3.0 + 0.01 * (step % 5) + (4.0 if step in (40, 41, 42, 80) else 0)

    run = read_curve(a_run(tmp_path / "a", n=100, loss=loss), "a")
    assert [spike["step"] for spike in run["spikes"]] == [40, 80]
    run = read_curve(a_run(tmp_path / "b", n=100, spikes=lambda step: int(step == 50)), "b")
    assert [spike["step"] for spike in run["spikes"]] == [50]  # between rows: the run has seen it


def test_what_is_no_finite_number_is_left_out(tmp_path):
    page = write_curves(
        [a_run(tmp_path / "a", loss=lambda step: math.nan if step == 7 else 1.0, flag=lambda step: True)],
        tmp_path / "page.html",
    )
    (run,) = told(page)["runs"]
    assert len(run["lines"]["loss"]["y"]) == 59 and 7 not in run["lines"]["loss"]["step"]
    assert "flag" not in run["lines"]


def test_a_long_run_is_thinned_and_keeps_its_extremes():
    rows = [{"step": step, "loss": 2.0 + 0.001 * (step % 7)} for step in range(100_000)]
    rows[54_321]["loss"], rows[12_345]["loss"] = 9.0, 0.5
    kept = thinned(rows, "loss")
    assert len(kept) <= 1200 and kept[0]["step"] == 0 and kept[-1]["step"] == 99_999
    assert {54_321, 12_345} <= {row["step"] for row in kept}
    assert [row["step"] for row in kept] == sorted(row["step"] for row in kept)


@pytest.mark.parametrize("name", ["</script><script>alert(1)", "<b>&\"'", "@data@ and @css@"])
def test_a_name_is_only_a_name(tmp_path, name):
    folder = a_run(tmp_path / name.replace("/", "_"), settings=f"[run]\nnote = {json.dumps(name)}\n")
    page = write_curves([folder], tmp_path / "page.html")
    text = page.read_text(encoding="utf-8")
    assert told(page)["runs"][0]["name"] == folder.name
    assert text.count("<script>") == 1 and text.count("</script>") == 1
    assert html.escape(name) in text and text.count("const data = ") == 1
    assert json.loads(script_json(name)) == name and "<" not in script_json(name)


def test_runs_of_one_name_are_told_apart(tmp_path):
    page = write_curves([a_run(tmp_path / "a" / "run"), a_run(tmp_path / "b" / "run")], tmp_path / "page.html")
    assert [run["name"] for run in told(page)["runs"]] == ["a/run", "b/run"]


def test_settings_that_differ_are_in_a_table(tmp_path):
    one = '[run]\nfolder = "x"\n[training]\nlr = 0.001\nsteps = 5\n[[data.sources]]\nname = "code"\n'
    other = one.replace("0.001", "0.002").replace('"x"', '"y"').replace("code", "prose") + "weight = 2.0\n"
    page = write_curves(
        [a_run(tmp_path / "a", settings=one), a_run(tmp_path / "b", settings=other)], tmp_path / "p.html"
    )
    table = page.read_text(encoding="utf-8").partition("<summary>Settings</summary>")[2].partition("</table>")[0]
    found = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td>', table)
    assert found == [
        ("training.lr", "0.001", "0.002"), ("data.sources.0.name", "code", "prose"),
        ("data.sources.0.weight", "–", "2.0"),
    ]  # fmt: skip
    assert read_settings(tmp_path) == {}


def test_a_run_without_settings_is_shown_and_said(tmp_path):
    page = write_curves([a_run(tmp_path / "a"), a_run(tmp_path / "b", settings=None)], tmp_path / "page.html")
    assert "No run.toml can be read in: b." in page.read_text(encoding="utf-8")


def test_what_is_wrong_is_named(tmp_path):
    with pytest.raises(ValueError, match="runs is empty"):
        write_curves([], tmp_path / "page.html")
    folder = a_run(tmp_path / "a")
    with pytest.raises(ValueError, match="a is given twice"):
        write_curves([folder, folder], tmp_path / "page.html")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty has no history"):
        write_curves([folder, tmp_path / "empty"], tmp_path / "page.html")
    (folder / "history.jsonl").write_text('{"step": 1}\nnonsense\n')
    with pytest.raises(ValueError, match="line 2 of .*history.jsonl is 'nonsense'"):
        write_curves([folder], tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


# The script.


@pytest.fixture(scope="module")
def script():
    context = quickjs.Context()
    run = {"name": "a", "lines": {"loss": {"step": [1, 2, 4], "tokens": [10, None, 40], "y": [3.0, 2.0, 1.0]}}}
    context.eval(f"const data = {json.dumps({'runs': [run], 'plots': [], 'axes': ['step', 'tokens']})};")
    whole = (STATIC / "curves.js").read_text(encoding="utf-8")
    helpers = whole.partition("// ---- one plot")[0] + "const bounds" + whole.partition("\nconst bounds")[2]
    context.eval(helpers.partition("// ---- the page")[0])
    return lambda code: json.loads(context.eval(f"JSON.stringify({code})"))


@pytest.mark.parametrize(
    ("value", "want"),
    [(0, "0"), (2.45531, "2.455"), (0.0003, "3e-4"), (0.00012345, "1.23e-4"), (-1.5, "-1.5"), (1.5e9, "1.5\u202fB")],
)
def test_numbers_are_read_as_people_write_them(script, value, want):
    assert script(f"number({value})") == want


@pytest.mark.parametrize(
    ("call", "want"),
    [
        ("ticks(0, 3790, 4)", [0, 1000, 2000, 3000]),
        ("ticks(0.28, 0.345, 4)", [0.28, 0.3, 0.32, 0.34]),
        ("ticks(5, 5, 4)", [5]),
        ("ticks(0, 836, 4, true)", [0, 300, 600]),
        ("ticks(0, 9000, 4, true)", [0, 3600, 7200]),
        ("logTicks(0.5, 12)", [0.5, 1, 2, 5, 10]),
        ("logTicks(0.0005, 12)", [0.001, 0.01, 0.1, 1, 10]),
    ],
)
def test_marks_on_the_axes_are_round(script, call, want):
    assert script(call) == pytest.approx(want)


def test_smoothing_is_a_mean_that_does_not_hold_the_first_values_back(script):
    assert script("smoothed([4, 4, 4], 0.9)") == pytest.approx([4, 4, 4])
    assert script("smoothed([0, 1], 0.5)") == pytest.approx([0, (0.5 * 1) / 0.75])


def test_a_value_is_read_where_the_run_was(script):
    assert script("[0, 1.4, 2.9, 3.1, 4].map((at) => valueAt(lineOf(data.runs[0], 'loss'), at))") == [3, 3, 2, 1, 1]
    assert script("valueAt(lineOf(data.runs[0], 'loss'), 9)") is None
    assert script("(() => { state.axis = 'tokens'; const l = lineOf(data.runs[0], 'loss'); state.axis = 'step';"
                  " return l.x; })()") == [10, 40]  # fmt: skip


def test_a_scale_is_logarithmic_where_a_few_values_are_far_above(script):
    assert script("wantsLog(Array.from({length: 40}, (_, i) => i === 20 ? 30 : 1))")
    assert not script("wantsLog(Array.from({length: 40}, (_, i) => i === 20 ? 3 : 1))")
    assert not script("wantsLog(Array.from({length: 40}, (_, i) => i === 20 ? 30 : 0))")


DRIVE = """<script>setTimeout(() => {
  const page = document.querySelector("iframe").contentDocument, charts = page.querySelectorAll("svg.chart");
  const press = (key) => charts[0].dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
  const said = () => charts[0].getAttribute("aria-valuetext"), out = { charts: charts.length, end: said() };
  page.querySelectorAll("details").forEach((details) => { details.open = true; });
  press("Home"); out.home = said(); press("ArrowRight"); out.next = said();
  out.linked = charts[1].getAttribute("aria-valuetext");
  page.querySelectorAll(".axis button")[1].click(); press("End"); out.tokens = said();
  page.querySelector(".runs button").click(); out.hidden = said();
  setTimeout(() => {
    out.rows = page.querySelectorAll(".plot tbody tr").length;
    out.wide = page.documentElement.scrollWidth - page.documentElement.clientWidth;
    const told = document.createElement("pre");
    told.textContent = "TOLD" + JSON.stringify(out) + "END";
    document.body.append(told);
  }, 100);
}, 300);</script>"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no browser here")
def test_in_a_browser_keys_read_values_out_and_a_phone_shows_all(tmp_path):
    page = write_curves([a_run(tmp_path / "a"), a_run(tmp_path / ("b" * 60))], tmp_path / "page.html")
    inside = html.escape(page.read_text(encoding="utf-8"), quote=True)
    frame = f'<!doctype html><body><iframe style="width:360px;height:700px" srcdoc="{inside}"></iframe>{DRIVE}'
    (tmp_path / "frame.html").write_text(frame, encoding="utf-8")
    command = ["chromium", "--headless=new", "--no-sandbox", "--virtual-time-budget=5000", "--dump-dom"]
    done = subprocess.run([*command, f"file://{tmp_path}/frame.html"], capture_output=True, text=True, timeout=120)
    found = re.search(r"TOLD(\{.*\})END", html.unescape(done.stdout.rpartition("<pre>")[2]))
    assert found, done.stderr[-2000:]
    out, b = json.loads(found[1]), "b" * 60
    assert out["charts"] == 3 and out["wide"] <= 0
    assert out["home"] == f"step 1: a 4, {b} 4" and out["next"] == f"step 2: a 2.828, {b} 2.828"
    assert out["linked"].startswith("step 2: ") and out["tokens"].startswith("6\u202fk tokens: a 0.5164")
    assert out["hidden"] == f"6\u202fk tokens: {b} 0.5164"
    assert out["rows"] == 12 + 3 + 12
