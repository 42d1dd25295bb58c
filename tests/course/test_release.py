from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from llmcourse.course import answers, cli, starting, submission
from llmcourse.course.author.edition import pieces_of
from llmcourse.course.author.release import ReleaseError, release
from llmcourse.course.grading.intake.received import read_notebooks
from llmcourse.course.grading.intake.submissions import find_submissions
from llmcourse.course.paths import course_root
from tests.classroom import cells, notebooks, reference

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = [path.name for path in starting.released_chapters(ROOT)]
TOKENIZATION = "01_tokenization"
SHORTEST_SECRET = 12
"""Shorter lines (`return x`, `i += 1`) are everywhere and give nothing away."""

NO_SECRETS = {
    "the same step under a strategy of many processes, a chapter later": """
        optimizer.zero_grad(set_to_none=True)
        if math.isfinite(loss) and math.isfinite(grad_norm):
        return StepResult(loss, grad_norm)
    """,
    "the plain way beside a piece, or what ends what the piece has begun": """
        parts = {me: shard}
        return torch.cat([parts[rank] for rank in range(n)])
        parameter, place = bucket.parameters[position], bucket.places[position]
        place.copy_(parameter.grad)
        if bucket.pending is None:
        bucket.pending = group.all_reduce(bucket.flat)
        unit.blank()
        unit.is_whole = False
    """,
    "the sums of the law once more, with a matrix beside them, given to whoever writes the search": """
        x, y = a - alpha * log_n, b - beta * log_d
        top = np.maximum(np.maximum(x, y), e)
        size = np.abs(residual)
    """,
    "idioms of Python and PyTorch, at home in any module": """
        return words
        return counts
        for _ in range(8):
        for _ in range(40):
        if not 0 < level < 1:
        if not 0 < value < math.inf:
        if not 0 <= value < math.inf:
        if count == 0:
        n_bytes += size
        random = np.random.default_rng(seed)
        costs = model_costs(config, seq_len)
        super().__init__()
        def __init__(self):
        raise ValueError(
        return found
        return result
        @staticmethod
        for name, weight in weights.items():
        return lengths
        return logits
        for part in parts:
        import heapq
        config = ModelConfig(
        def forward(self, inputs_BT, documents_BT=None):
        optimizer.step()
        loss.backward()
        torch.manual_seed(seed)
        with torch.enable_grad():
        with torch.no_grad():
        with evaluation_mode(model):
        self.eps = eps
        import itertools
        import numpy as np
        return total
        for bucket in buckets:
        for grad in grads:
        n, me = group.size, group.rank
        wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
        if value < 1:
        if bias is not None:
        if kind == "F":
    """,
    "a neighbour that is no exercise checks or prepares its arguments in the same way": """
        if n_heads % n_kv_heads:
        raise ValueError(f"n_kv_heads is {n_kv_heads!r}; it must divide n_heads, {n_heads!r}")
        raise ValueError(f"the {len(documents)} documents have no token")
        for number, document in enumerate(documents):
        for batch in micro_batches:
        for pair in zip(ids, ids[1:]):
        for token, token_id in special_tokens.items():
        if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; it must be one of {', '.join(map(repr, CONVENTIONS))}")
        if count < 1:
        check_layout(layout)
        _check_factor(factor)
        raise ValueError(f"{name} is {value!r}; it must be at least 1")
        n_targets = sum(count_targets(batch) for batch in micro_batches)
        if n_targets < 1:
        raise ValueError(f"n_targets is {n_targets} for {len(micro_batches)} micro-batches; it must be at least 1")
        if n_ranks < 1:
        raise ValueError(f"n_ranks is {n_ranks!r}; it must be at least 1")
        raise ValueError(f"max_norm is {max_norm!r}; it must be above 0")
        require_above(save_s=save_s, mtbf_s=mtbf_s)
        _require_sizes(n_stages, n_micro_batches)
        packed, scales = nf4_quantize(weight, block_size)
        return warm_up(step, warmup_steps)
        "type": "BPE",
    """,
    "a neighbour that is given for comparison (LayerNorm, FeedForward, Muon, Llama 3's scaling) has this step too": """
        self.weight = nn.Parameter(torch.ones(size))
        self.up = nn.Linear(d_model, d_ff, bias=bias)
        self.down = nn.Linear(d_ff, d_model, bias=bias)
        param.mul_(1 - lr * weight_decay)
        frequencies_N = rotary_frequencies(d_head, theta)
        rotations_N = original_max_seq_len * frequencies_N / (2 * math.pi)
        return keep_N * frequencies_N + (1 - keep_N) * frequencies_N / factor
    """,
}
"""Lines of solutions and hidden tests that also stand in library code which every student is given."""

REGION = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)### END \1", re.DOTALL)


def long_lines(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if len(line.strip()) >= SHORTEST_SECRET}


def secrets() -> dict[str, str]:
    """Every line of a solution, a hidden test or a mark scheme -> where it stands."""
    found = {}
    for assignment in CHAPTERS:
        for name, notebook in notebooks(assignment, ROOT / "solutions").items():
            for cell in notebook.cells:
                facts = cell.metadata.get("llmcourse", {})
                for kind, text in REGION.findall(cell.source + "\n"):
                    for line in long_lines(text):
                        found[line] = f"{kind.lower()} of {facts.get('piece') or facts.get('id')} in {name}"
    return found


def shown_to_everybody() -> str:
    """What the chapters show: prose, hints, visible checks and experiments, and the docstrings of their exercises."""
    chapters = [REGION.sub("", path.read_text()) for path in sorted((ROOT / "book/chapters").rglob("*.md"))]
    answers = [ast.parse(source) for assignment in CHAPTERS for source in reference(assignment).values()]
    nodes = [node for tree in answers for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return "\n".join(chapters + [ast.get_docstring(node) or "" for node in nodes])


def strings(value: object):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        yield "".join(value)
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def texts(path: Path, data: bytes):
    """What can be read out of a file: its bytes, the strings of a notebook or JSON file, the members of an archive."""
    yield data.decode("utf-8", errors="replace")
    if path.suffix in (".ipynb", ".json"):
        yield from strings(json.loads(data))
    if data.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield from texts(Path(name), archive.read(name))


def leaks(folder: Path, *only: Path) -> list[str]:
    """What students must not see, wherever it stands in a folder, or in some of its files."""
    hidden, shown = secrets(), shown_to_everybody()
    allowed = set().union(*map(long_lines, NO_SECRETS.values()))
    found = []
    for path in only or sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        content = "\n".join(texts(path, path.read_bytes()))
        given = shown if name.startswith("notebooks/") else allowed
        found += [f"{name}: {line}   ({hidden[line]})" for line in hidden if line in content and line not in given]
    return found


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("class") / "course"
    release(ROOT, folder)
    return folder


@pytest.fixture
def received(released, tmp_path) -> Path:
    """A student's own copy of a release."""
    return Path(shutil.copytree(released, tmp_path / "course"))


def test_no_file_of_a_release_holds_a_solution_a_hidden_test_or_a_mark_scheme(released):
    assert len(secrets()) > 1000
    found = leaks(released)
    assert not found, "\n".join(["what students must not see, or lines for NO_SECRETS with a reason:", *found])
    for path in released.rglob("*"):
        kinds = "", ".py", ".ipynb", ".json", ".csv", ".js", ".css", ".html", ".md", ".toml", ".txt"
        assert path.suffix in kinds, path
        assert path.is_dir() or b"Mark scheme" not in path.read_bytes(), path


@pytest.mark.parametrize("hide", ["as text", "in a notebook", "in an archive"])
def test_the_search_finds_a_solution_wherever_it_is_put(received, hide):
    secret = "best = min(counts, key=lambda pair: (-counts[pair], pair))"
    if hide == "as text":
        path = received / "llmcourse/model/transformer.py"
        path.open("a").write(f"\n# {secret}\n")
    elif hide == "in a notebook":
        path = received / "notebooks" / TOKENIZATION / f"{TOKENIZATION}.ipynb"
        notebook = json.loads(path.read_text())
        notebook["cells"][3]["outputs"] = [{"text": [secret[:20], secret[20:]]}]
        path.write_text(json.dumps(notebook))
    else:
        path = received / "more.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bpe.py", secret)
    assert [line for line in leaks(received, path) if secret in line]


def test_the_released_notebooks_are_copied_byte_for_byte_and_all_else_a_class_needs_is_there(released):
    for path in (ROOT / "notebooks").glob("*/*.ipynb"):
        assert (released / path.relative_to(ROOT)).read_bytes() == path.read_bytes()
    needed = "README.md", "LICENSE", "pyproject.toml", "constraints.txt", "course.json"
    for name in (*needed, "book/data/ablations.csv", "configs/demo.toml"):
        assert (released / name).is_file(), name
    assert not (released / "book/chapters").exists() and not (released / "solutions").exists()
    assert "--name YOUR-NAME" in (released / "README.md").read_text()


def test_the_versions_that_were_tested_are_pinned_for_what_a_learner_installs_alone(released):
    names = {line.partition("==")[0] for line in (released / "constraints.txt").read_text().splitlines()[1:]}
    assert {"torch", "jupyterlab", "nbclient", "pyzmq", "typer", "psutil", "fqdn"} <= names
    assert not {"nbgrader", "jupytext", "pytest", "jupyter-book", "Sphinx"} & names
    for name in ("nbgrader", "jupytext", "pybtex"):
        assert name not in (released / "pyproject.toml").read_text()


def test_a_release_is_the_same_bytes_every_time(released, tmp_path):
    release(ROOT, tmp_path / "again", reversed(CHAPTERS))
    assert contents(released) == contents(tmp_path / "again")


@pytest.mark.parametrize("later", ["keep", "remove"])
def test_what_is_not_released_yet_keeps_its_bodies_or_loses_them(tmp_path, later):
    done = release(ROOT, tmp_path / "course", [TOKENIZATION], later=later)
    assert [path.name for path in (tmp_path / "course/notebooks").iterdir()] == [TOKENIZATION]
    assert ("F.silu(" in (tmp_path / "course/llmcourse/model/layers.py").read_text()) == (later == "keep")
    assert "best = min(counts" not in (tmp_path / "course/llmcourse/tokenization/bpe.py").read_text()
    n_all = sum(len(pieces_of(ROOT, assignment)) for assignment in CHAPTERS)
    assert done.n_pieces == (len(pieces_of(ROOT, TOKENIZATION)) if later == "keep" else n_all)
    assert not (tmp_path / "course/book").exists(), "studies go where a released notebook shows them"


def test_a_folder_that_holds_something_else_is_not_written_into(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(ReleaseError, match=r"holds thesis\.txt: name a new or an empty folder"):
            release(ROOT, tmp_path, force=force)
    with pytest.raises(ReleaseError, match="is not a folder"):
        release(ROOT, tmp_path / "thesis.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_release_is_replaced_on_demand_and_work_in_it_stays(tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    release(ROOT, folder)
    mine = folder / "work" / "03_recipes" / "3_data.ipynb"
    mine.parent.mkdir(parents=True)
    mine.write_text("my work")
    with pytest.raises(ReleaseError, match="holds a release already: --force replaces it"):
        release(ROOT, folder, [TOKENIZATION])
    release(ROOT, folder, [TOKENIZATION], force=True)
    assert mine.read_text() == "my work"
    assert [path.name for path in (folder / "notebooks").iterdir()] == [TOKENIZATION]
    assert not (folder / "book").exists()


def test_a_record_that_names_files_elsewhere_is_refused(tmp_path):
    (tmp_path / "course").mkdir()
    (tmp_path / "keep.txt").write_text("mine")
    (tmp_path / "course/course.json").write_text('{"files": ["../keep.txt"]}')
    with pytest.raises(ReleaseError, match="names files outside"):
        release(ROOT, tmp_path / "course", force=True)
    (tmp_path / "course/course.json").write_text("{}")
    with pytest.raises(ReleaseError, match="is not what a release writes"):
        release(ROOT, tmp_path / "course", force=True)
    assert (tmp_path / "keep.txt").read_text() == "mine"


def test_a_failure_leaves_nothing_half_written(tmp_path, monkeypatch):
    def fail(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="disk full"):
        release(ROOT, tmp_path / "course")
    assert not (tmp_path / "course").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"chapters": ["09_x"]}, "unknown chapter '09_x'; there are: 01_tokenization, "),
        ({"chapters": []}, "no chapter to release"),
        ({"later": "hide"}, "later must be one of keep, remove, got 'hide'"),
    ],
)
def test_what_cannot_be_released_is_named_with_what_can(tmp_path, arguments, message):
    with pytest.raises(ReleaseError, match=message):
        release(ROOT, tmp_path / "course", **arguments)
    assert not (tmp_path / "course").exists()


def test_a_notebook_with_a_solution_in_it_is_not_released(tmp_path, monkeypatch):
    instructors = shutil.copytree(ROOT / "solutions", tmp_path / "root/notebooks").parent
    with pytest.raises(ReleaseError, match="holds '### BEGIN SOLUTION', which no student should see"):
        release(instructors, tmp_path / "course")


def test_the_command_releases_and_refuses_stale_notebooks(tmp_path, monkeypatch):
    from llmcourse.course.author import build

    monkeypatch.setattr(build, "build", lambda *a, **k: None)
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(cli.app, ["release", str(tmp_path / "course"), "--chapters", "1, 02_positional_encoding"])
    assert done.exit_code == 0
    assert json.loads((tmp_path / "course/course.json").read_text())["chapters"] == CHAPTERS[:2]

    def stale(*arguments, **options):
        raise build.StaleError("diff")

    monkeypatch.setattr(build, "build", stale)
    assert CliRunner().invoke(cli.app, ["release", str(tmp_path / "other")]).exit_code == 1
    assert not (tmp_path / "other").exists()


def test_a_received_folder_is_a_course_and_a_folder_of_that_shape_is_not(received, tmp_path):
    assert course_root(received / "notebooks" / TOKENIZATION) == received
    for name in ("home/notebooks", "home/llmcourse/llmcourse"):
        (tmp_path / name).mkdir(parents=True)
    assert course_root(tmp_path / "home") == ROOT


class Student:
    """Somebody who has a received folder, and its commands."""

    def __init__(self, folder: Path):
        self.folder = folder
        kept = {k: v for k, v in os.environ.items() if not k.startswith("LLMCOURSE")}
        self.environment = {**kept, "PYTHONPATH": str(folder), "COLUMNS": "200", "NO_COLOR": "1"}

    def run(self, *arguments: str) -> tuple[int, str]:
        main = "import sys; from llmcourse.course.cli import main; sys.argv[0] = 'llmcourse'; main()"
        command = [sys.executable, "-c", main, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    def write(self, assignment: str, notebook: str, **answers: str) -> None:
        path = self.folder / "work" / assignment / f"{notebook}.ipynb"
        content = nbformat.read(path, as_version=4)
        for piece, cell in cells(content, "exercise").items():
            if piece in answers:
                cell.source = cell.source.partition("\n")[0] + "\n" + answers[piece]
        nbformat.write(content, path)


def lines(text: str, *words: str) -> list[str]:
    return [line for line in text.splitlines() if all(word in line for word in words)]


@pytest.mark.timeout(300)
def test_a_student_starts_writes_checks_and_hands_in(received, tmp_path):
    student, right = Student(received), reference(TOKENIZATION)
    code, text = student.run("start", "1")
    assert code == 0 and "copied" in text and (received / "work" / TOKENIZATION).is_dir()
    student.write(TOKENIZATION, TOKENIZATION, merge_pair=right["merge_pair"], apply_merge=right["apply_merge"])
    code, text = student.run("check", "1")
    assert code == 1 and lines(text, "✓ 1/1", "1.4 Merge a pair")
    assert lines(text, "apply_merge needs another piece here, and count_pairs is not written yet: exercise 1.3 in ")
    assert lines(text, "decode is not written yet: replace `raise NotImplementedError()` in its cell.")
    wrong = "def count_pairs(words):\n    return Counter(p for ids in words for p in zip(ids, ids[1:]))"
    student.write(TOKENIZATION, TOKENIZATION, count_pairs=wrong, train_bpe_naive=right["train_bpe_naive"])
    _, text = student.run("check", "1", "train_bpe_naive")
    assert lines(text, "✗ 0/3", "1.5 Train BPE")
    assert lines(text, "It uses your own count_pairs, not checked yet or not passed")
    student.write(TOKENIZATION, TOKENIZATION, count_pairs=right["count_pairs"])
    _, text = student.run("check", "1", "apply_merge")
    assert lines(text, "✓ 3/3", "1.6 Merge where it matters")
    code, text = student.run("status")
    assert lines(text, "Merge a pair", "yours", "1/1") and lines(text, "1.10 Decode", "not written")
    assert "reference" not in text
    code, text = student.run("status", "merge_pair", "--use", "reference")
    assert code == 1 and "merge_pair: this course comes without a reference" in text
    code, text = student.run("submit", "1", "--name", "Ada Lovelace")
    assert code == 0 and lines(text, "not answered", "1.10 Decode") and not lines(text, "not answered", "Merge a pair")
    (handed_in,), _ = find_submissions(_only_archives(received, tmp_path / "class"))
    (taken,) = read_notebooks(handed_in, TOKENIZATION, [TOKENIZATION]).values()
    assert taken.data == (received / "work" / TOKENIZATION / f"{TOKENIZATION}.ipynb").read_bytes() and not taken.notes


def _only_archives(folder: Path, target: Path) -> Path:
    target.mkdir()
    for path in folder.glob("*.zip"):
        shutil.copy(path, target)
    return target


@pytest.mark.timeout(300)
def test_a_chapter_of_several_notebooks_is_checked_with_the_pieces_of_the_others(received):
    student, right = Student(received), reference("03_recipes")
    student.run("start", "3")
    student.write("03_recipes", "4_training", train_step=right["train_step"])
    _, text = student.run("check", "3", "4_training")
    assert lines(text, "train_step needs another piece here, and", "in 03_recipes/2_optimization.ipynb asks for it")
    student.write("03_recipes", "2_optimization", **{k: right[k] for k in ("accumulate_gradients", "clip_gradients")})
    student.run("check", "3", "2_optimization")
    _, text = student.run("check", "3", "4_training")
    assert lines(text, "✓", "The training step"), text


@pytest.mark.timeout(300)
def test_a_piece_may_need_one_that_stands_further_down(received):
    student, right = Student(received), reference("02_positional_encoding")
    student.run("start", "2")
    student.write("02_positional_encoding", "02_positional_encoding", **right)
    code, text = student.run("check", "2")
    assert code == 0, text


def test_doctor_asks_for_nothing_that_only_authors_need(received):
    student = Student(received)
    code, text = student.run("doctor")
    assert code == 0, text
    assert "nbgrader" not in text and "walls" not in text
    assert lines(text, "library", "ok") and lines(text, "course", str(received))
    assert "No such command" in student.run("grade", "class")[1]


def test_handing_in_says_what_is_missing(released, tmp_path):
    work = tmp_path / "work"
    with pytest.raises(FileNotFoundError, match=r"01_tokenization\.ipynb not found in .*llmcourse start 01_"):
        submission.submit(released, work, TOKENIZATION, "ada", tmp_path)
    starting.start(released, work, TOKENIZATION)
    with pytest.raises(ValueError, match="'--' has no letter"):
        submission.submit(released, work, TOKENIZATION, "--", tmp_path)
    done = submission.submit(released, work, TOKENIZATION, "Zoë / ../x", tmp_path)
    assert done.archive.name == "01_tokenization-Zoë_.._x.zip"
    assert len(done.unanswered) == len(pieces_of(ROOT, TOKENIZATION)) + 1
    first = done.archive.read_bytes()
    submission.submit(released, work, TOKENIZATION, "Zoë / ../x", tmp_path)
    assert done.archive.read_bytes() == first
    notebook = work / TOKENIZATION / f"{TOKENIZATION}.ipynb"
    notebook.write_text("{half")
    with pytest.raises(ValueError, match="cannot be read as a notebook"):
        submission.submit(released, work, TOKENIZATION, "ada", tmp_path)
    notebook.write_bytes(b" " * (answers.MAX_NOTEBOOK_BYTES + 1))
    with pytest.raises(ValueError, match="larger than 20 MB: clear its outputs"):
        submission.submit(released, work, TOKENIZATION, "ada", tmp_path)
    assert not list(tmp_path.glob("*ada*")) and not list(tmp_path.glob(".*unfinished"))
