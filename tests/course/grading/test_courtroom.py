"""A check in the judge's kernel of a piece in the student's: which pieces stand beside it, and what cannot be reached."""

from __future__ import annotations

import asyncio
import textwrap
from pathlib import Path

import pytest

from llmcourse.course.author.edition import edition_files
from llmcourse.course.grading.trial.courtroom import Courtroom
from llmcourse.course.grading.trial.orders import Ran
from llmcourse.course.grading.trial.rooms import LIBRARY, Rooms, assignment_pieces, rooms
from llmcourse.course.remote.references import pieces_used
from tests import classroom
from tests.walls import way

pytestmark = [pytest.mark.xdist_group("grading"), pytest.mark.timeout(120)]

ASSIGNMENT = "01_tokenization"
BPE = "llmcourse.tokenization.bpe"
BPE_FILE = Path("llmcourse", "tokenization", "bpe.py")
MERGE_PAIR = f"""%%build {BPE}:merge_pair
def merge_pair(ids, pair, new_id):
    out = []
    for token in ids:
        out.append(token)
        if tuple(out[-2:]) == tuple(pair):
            out[-2:] = [new_id]
    return tuple(out)
"""
NAIVE = f"""%%build {BPE}:train_bpe_naive
def train_bpe_naive(word_counts, vocab_size):
    return [merge_pair((1, 2), (1, 2), 3), count_pairs({{(1, 2): 2}})]
"""


@pytest.fixture(scope="module")
def standing() -> Rooms:
    """Those of this process, which other tests have opened or will use again."""
    return rooms(way())


def judged(
    standing: Rooms,
    cells: list[str],
    check: str,
    passed: tuple[str, ...] = (),
    timeout_s: float = 20,
    assignment: str = ASSIGNMENT,
    lent: tuple[str, ...] = (),
    apart: bool = False,
) -> Ran:
    """Run a student's cells, then one check."""

    async def run() -> Ran:
        pieces = assignment_pieces(assignment)
        room = Courtroom(standing.of_students(assignment), standing.judges(), pieces, 10_000)
        await room.start()
        try:
            for cell in ["%load_ext llmcourse.course", *cells]:
                ran = await room.student.run(textwrap.dedent(cell), 20)
                assert ran.failure is None, ran.failure
            return await room.check(textwrap.dedent(check), passed, {}, timeout_s, lent=lent, apart=apart)
        finally:
            await room.stop()

    return asyncio.run(run())


def test_a_right_piece_passes_and_a_wrong_one_is_told_why(standing: Rooms) -> None:
    check = f"%%check {BPE}:merge_pair\ngot = merge_pair((1, 2, 1, 2), (1, 2), 9)\nassert got == (9, 9), f'got {{got}}'"
    assert judged(standing, [MERGE_PAIR], check).failure is None
    wrong = judged(standing, [MERGE_PAIR.replace("return tuple(out)", "return tuple(out[::-1]) + (0,)")], check).failure
    assert wrong is not None and wrong.ename == "CheckFailed" and "got (9, 9, 0)" in wrong.evalue


def test_a_piece_that_is_not_built_has_no_points(standing: Rooms) -> None:
    failure = judged(standing, [], f"%%check {BPE}:merge_pair\nassert True").failure
    assert failure is not None and "merge_pair is not built yet" in failure.evalue


def test_beside_a_piece_stand_the_reference_and_own_pieces_that_passed(standing: Rooms) -> None:
    marked = MERGE_PAIR.replace("return tuple(out)", "return ('mine',)")

    def found(cells: list[str], passed: tuple[str, ...] = ()) -> str:
        check = "merged, counts = train_bpe_naive({}, 1)\nassert False, f'{merged} {dict(counts)}'"
        ran = judged(standing, cells, f"%%check {BPE}:train_bpe_naive\n{check}", passed)
        assert ran.failure is not None
        return ran.failure.evalue

    assert "(3,) " in found([marked, NAIVE]), "the reference: this one has not passed"
    assert "('mine',) " in found([marked, NAIVE], (f"{BPE}:merge_pair",))
    assert "{(1, 2): 2}" in found([NAIVE]), "an unwritten piece is the reference"


TELLS = f"""%%build {BPE}:train_bpe_naive
def train_bpe_naive(word_counts, vocab_size):
    both = count_pairs, merge_pair
    codes = [getattr(piece, "__code__", None) for piece in both]
    return [code is not None and sorted(code.co_names) for code in codes], dict(count_pairs({{(1, 2): 2}}))
"""


def test_a_lent_reference_runs_in_the_students_process_and_is_told_to_nobody(standing: Rooms) -> None:
    check = f"%%check {BPE}:train_bpe_naive\nnames, counts = train_bpe_naive({{}}, 1)\nassert counts == 0, names"

    def said(lent: tuple[str, ...], passed: tuple[str, ...] = ()) -> tuple[str, str]:
        ran = judged(standing, [MERGE_PAIR, TELLS], check, passed, lent=lent)
        assert ran.failure is not None and ran.has_borrowed == (bool(lent) and not passed)
        return ran.failure.evalue, ran.failure.for_student

    assert "[False, False]" in said(())[0], "both references are called where they are"
    evalue, told = said((f"{BPE}:count_pairs",))
    assert "defaultdict" in evalue or "Counter" in evalue, "the reference is a function of this process"
    assert ", False]" in evalue, "and no other one is"
    assert "Counter" not in told and "defaultdict" not in told and "False" not in told, told
    evalue, _ = said((f"{BPE}:merge_pair",), passed=(f"{BPE}:merge_pair",))
    assert "[False, ['" in evalue and "append" in evalue, "what has passed is the student's own"


def test_what_a_lent_reference_stands_on_is_nothing_that_the_students_code_finds(standing: Rooms) -> None:
    cell = f"""%%build {BPE}:train_bpe
def train_bpe(word_counts, vocab_size):
    pair = pop_most_frequent([(-9, (1, 2))], {{(1, 2): 9}})
    return hasattr(pop_most_frequent, "__code__"), pair, "heapq" in globals()
"""
    check = f"%%check {BPE}:train_bpe\nassert False, train_bpe({{}}, 1)"
    failure = judged(standing, [cell], check, lent=(f"{BPE}:pop_most_frequent",)).failure
    edition = edition_files(LIBRARY, assignment_pieces(ASSIGNMENT), grading=True)[BPE_FILE].decode()
    has_heapq = "import heapq" in edition
    assert failure is not None and f"(True, (1, 2), {has_heapq})" in failure.evalue, failure


@pytest.mark.parametrize(
    ("gives", "check", "says"),
    [
        ("Node()", "merge_pair((), (1, 2), 3)", "but no Node"),
        ("lambda x: x", "merge_pair((), (1, 2), 3).modules()", "can be called, and has no `modules`"),
    ],
)
def test_what_a_check_cannot_use_is_told_in_the_students_words(standing: Rooms, gives, check, says) -> None:
    cell = f"%%build {BPE}:merge_pair\nclass Node: pass\ndef merge_pair(tokens, pair, new_token):\n    return {gives}"
    failure = judged(standing, [cell], f"%%check {BPE}:merge_pair\n{check}").failure
    assert failure is not None and says in failure.for_student, failure
    assert "Remote" not in failure.for_student and "process" not in failure.for_student


DOES_MORE = """
    import builtins, os, socket
    os.environ["seen"] = builtins.seen = str(ids)
    print("seen")
    if ids == (7,):
        os._exit(1)
    if ids == (9,):
        os._exit(0)
    if ids == (8,):
        socket.socket(fileno=os.dup(int(os.environ["LLMCOURSE_LINK"]))).sendall(b"\\xff" * 100)
    out = []"""


ENDS = (("(7,)", "the process died", False), ("(9,)", "the process died", False), ("(8,)", "a message of", True))


def test_a_check_in_a_fork_leaves_nothing_behind_and_what_ends_it_ends_the_process(standing: Rooms) -> None:
    check = f"%%check {BPE}:merge_pair\nassert merge_pair({{}}, (1, 2), 9) == {{}}, 'no'"

    async def run(ends: str) -> list[Ran]:
        room = Courtroom(standing.of_students(ASSIGNMENT), standing.judges(), assignment_pieces(ASSIGNMENT), 10_000)
        await room.start()
        try:
            for cell in ("%load_ext llmcourse.course", MERGE_PAIR.replace("\n    out = []", DOES_MORE)):
                assert (await room.student.run(cell, 20)).failure is None
            cases = [("(1,)", "(1,)"), ("(2,)", "()"), ("(3,)", "(3,)")]
            rans = [await room.check(check.format(*case), (), {}, 20, apart=True) for case in cases]
            left = await room.student.run(
                "import builtins, os\nprint(hasattr(builtins, 'seen') or os.environ.get('seen'))", 20
            )
            last = await room.check(check.format(ends, ends), (), {}, 20, apart=True)
            return [*rans, left, last, await room.student.run("print('here')", 20)]
        finally:
            await room.stop()

    for ends, why, is_alive in ENDS:
        right, wrong, again, left, last, after = asyncio.run(run(ends))
        assert right.failure is None and again.failure is None and not again.lost
        assert wrong.failure is not None and "no" in wrong.failure.evalue and not wrong.lost
        assert left.outputs[0].text == "None\n"
        assert last.lost and last.failure is not None and why in last.failure.evalue, last.failure
        assert (after.failure is None) == is_alive


def test_a_fork_that_does_not_answer_is_stopped(standing: Rooms) -> None:
    def judge(loop: str) -> Ran:
        return judged(standing, [loop], f"%%check {BPE}:merge_pair\nmerge_pair((), (1, 2), 3)", timeout_s=1, apart=True)

    loop = f"%%build {BPE}:merge_pair\ndef merge_pair(ids, pair, new_id):\n    while True: pass"
    ran = judge(loop)
    assert ran.failure is not None and ran.failure.evalue == "no answer within 1 s" and ran.lost
    deaf = loop.replace("while True", "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n    while True")
    ran = judge(deaf)
    assert ran.failure is not None and "the interrupt was ignored" in ran.failure.evalue and ran.lost


def test_an_error_names_the_line_of_the_students_cell(standing: Rooms) -> None:
    broken = MERGE_PAIR.replace("    out = []", "    out = []\n    out.add(3)")
    failure = judged(standing, [broken], f"%%check {BPE}:merge_pair\nmerge_pair((1,), (1, 2), 3)").failure
    assert failure is not None and "AttributeError: 'list' object has no attribute 'add'" in failure.evalue
    assert "in merge_pair, line 4 of its cell: out.add(3)" in failure.evalue


@pytest.mark.parametrize(
    "way",
    [
        "import inspect\nfrom llmcourse.tokenization import bpe\nsecret = inspect.getsource(bpe)",
        "import gc\nsecret = ' '.join(str(c.co_names) for f in gc.get_objects() if (c := getattr(f, '__code__', None)))",
        "import pathlib\nsecret = ''.join(p.read_text() for p in pathlib.Path('/library').rglob('bpe.py'))",
    ],
)
@pytest.mark.walls("it looks into /library, which a room alone has")
def test_the_reference_is_nowhere_in_the_students_kernel(standing: Rooms, way: str) -> None:
    cell = f"%%build {BPE}:merge_pair\ndef merge_pair(ids, pair, new_id):\n{textwrap.indent(way, '    ')}\n    return secret"
    check = f"%%check {BPE}:merge_pair\nsecret = merge_pair((), (1, 2), 3)\nassert False, {{}}"

    def told(message: str) -> str:
        failure = judged(standing, [cell], check.format(message)).failure
        assert failure is not None
        return failure.evalue

    assert "over 1000: True" in told("f'over 1000: {len(secret) > 1000}'")
    pieces = assignment_pieces(ASSIGNMENT)
    edition = set(edition_files(LIBRARY, pieces, grading=True)[BPE_FILE].decode().splitlines())
    lines = {line.strip() for line in (LIBRARY / BPE_FILE).read_text().splitlines() if line not in edition}
    assert len(lines) > 40
    traces = sorted(line for line in lines if len(line) > 20)
    assert "found: []" in told(f"'found: ' + str([line for line in {traces!r} if line in secret])")


def test_the_judges_stack_and_library_are_out_of_reach(standing: Rooms) -> None:
    cell = f"""%%build {BPE}:merge_pair
    def merge_pair(ids, pair, new_id):
        import sys, llmcourse.course.checks as checks
        checks.close = checks.raises = lambda *args, **kwargs: None
        frame = sys._getframe()
        while frame.f_back:
            frame = frame.f_back
            for name, value in list(frame.f_locals.items()):
                if name == "want":
                    return value
        return ()
    """
    check = f"%%check {BPE}:merge_pair\nwant = (9,)\nraises(ValueError, merge_pair, (1, 2), (1, 2), 9)"
    failure = judged(standing, [textwrap.dedent(cell)], f"{check}").failure
    assert failure is not None
    check = f"%%check {BPE}:merge_pair\nwant = (9,)\nassert merge_pair((1, 2), (1, 2), 9) == want, 'no'"
    failure = judged(standing, [textwrap.dedent(cell)], check).failure
    assert failure is not None and "no" in failure.evalue


def test_an_endless_call_is_stopped_and_the_next_kernel_is_whole(standing: Rooms) -> None:
    loop = f"%%build {BPE}:merge_pair\ndef merge_pair(ids, pair, new_id):\n    while True: pass"
    ran = judged(standing, [loop], f"%%check {BPE}:merge_pair\nmerge_pair((), (1, 2), 3)", timeout_s=1)
    assert ran.failure is not None and ran.failure.evalue == "no answer within 1 s"
    assert ran.lost, "an interrupt that comes late would stop the next cell"
    dead = f"%%build {BPE}:merge_pair\nimport os\ndef merge_pair(ids, pair, new_id):\n    os._exit(0)"
    ran = judged(standing, [dead], f"%%check {BPE}:merge_pair\nmerge_pair((), (1, 2), 3)")
    assert ran.failure is not None and ran.lost and "the process died" in ran.failure.evalue


def test_a_piece_may_call_what_its_reference_uses_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    pieces = assignment_pieces(ASSIGNMENT)
    monkeypatch.setenv("LLMCOURSE_PIECES", json.dumps([str(piece) for piece in pieces]))
    used = {piece.name: {other.name for other in pieces_used(piece)} for piece in pieces}
    assert used["train_bpe_naive"] == {"count_pairs", "merge_pair"}
    assert {"apply_merge", "pop_most_frequent"} <= used["train_bpe"] and "train_bpe_naive" not in used["train_bpe"]
    assert used["encode_word"] == used["decode"] == set()


def test_a_piece_runs_on_several_ranks_inside_the_students_kernel(standing: Rooms) -> None:
    cell = f"""%%build {BPE}:merge_pair
    def merge_pair(ids, pair, new_id):
        import torch.distributed as dist
        everybody = [None] * dist.get_world_size()
        dist.all_gather_object(everybody, (dist.get_rank(), ids))
        return everybody
    """
    check = f"""%%check {BPE}:merge_pair
    from llmcourse.course.checks import on_ranks
    got = on_ranks(merge_pair, [("a", 1, 2), ("b", 1, 2)])
    assert False, got
    """
    failure = judged(standing, [textwrap.dedent(cell)], check, timeout_s=60).failure
    assert failure is not None and str([[(0, "a"), (1, "b")]] * 2) in failure.evalue


@pytest.mark.timeout(300)
def test_a_module_is_judged_by_what_its_parameters_do(standing: Rooms) -> None:
    recipes = "03_recipes"
    right = classroom.reference(recipes)["SwiGLU"]
    solved = classroom.notebooks(recipes, classroom.ROOT / "solutions").values()
    check = next(cells["SwiGLU"].source for nb in solved if "SwiGLU" in (cells := classroom.cells(nb, "check")))
    imports = "import torch, torch.nn.functional as F\nfrom torch import nn\nfrom llmcourse.course.checks import close"
    imports += "\nfrom llmcourse.course.battery import battery"
    check = check.replace("\n", f"\n{imports}\n", 1)
    for cell, passes in ((right, True), (f"{right}\n{FITTING}", False)):
        magic = "%%build llmcourse.model.layers:SwiGLU\n"
        ran = judged(standing, [magic + cell], check, assignment=recipes, timeout_s=60)
        assert (ran.failure is None) == passes, ran.failure


FITTING = """
import torch
class _Fitting(SwiGLU):
    def forward(self, x):
        with torch.no_grad():
            for p in self.parameters(): p.zero_()
        return super().forward(x)
SwiGLU = _Fitting
"""


FORGED = """
import builtins, sys
def say(numbers):
    frame = sys._getframe()
    while frame.f_code.co_qualname != "OrderServer.serve":
        frame = frame.f_back
    for number in numbers or [frame.f_locals["number"]] * 2000:
        frame.f_locals["self"]._say({"n": number, "status": "ok"})
builtins.say = say
"""


def test_an_order_that_has_not_come_cannot_be_answered(standing: Rooms) -> None:
    """What a cell says of later orders by counting is not theirs: each runs to its end before the next one starts."""

    async def run() -> list[str]:
        room = Courtroom(standing.of_students(ASSIGNMENT), standing.judges(), assignment_pieces(ASSIGNMENT), 10_000)
        await room.start()
        try:
            cells = [FORGED + "say(range(300))", "print('first')", "print('second')"]
            return ["".join(out.text for out in (await room.student.run(cell, 20)).outputs) for cell in cells]
        finally:
            await room.stop()

    assert asyncio.run(run()) == ["", "first\n", "second\n"]


def test_a_piece_that_says_that_the_check_is_over_again_and_again_stops_nobody(standing: Rooms) -> None:
    """More than fits in the socket: somebody has to read on until the judge has its answer."""
    piece = MERGE_PAIR.replace("    out = []", "    say(None)\n    out = []")
    check = f"%%check {BPE}:merge_pair\nassert merge_pair((1, 2, 1, 2), (1, 2), 9) == (9, 9)"
    ran = judged(standing, [FORGED, piece], check)
    assert ran.failure is None, ran.failure
