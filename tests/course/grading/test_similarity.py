"""Near-identical submissions: copies are found whatever is renamed; an honest class gives few pairs."""

from __future__ import annotations

import ast
import random
from collections.abc import Mapping

import pytest

from llmcourse.course.grading.insight.similarity import code_tokens, fingerprints, prose_tokens, similar_pairs
from tests.classroom import cells, notebooks, reference
from tests.mutants import right_solutions, wrong_solutions

ASSIGNMENT = "01_tokenization"
Answers = dict[str, dict[str, str]]


class OwnHand(ast.NodeTransformer):
    """Another way to write the same: temporaries, turned comparisons, loops with counters, branches the other way round."""

    def __init__(self, rng: random.Random, often: float):
        self.rng, self.often, self.names = rng, often, 0

    def _now(self) -> bool:
        return self.rng.random() < self.often

    def visit_Return(self, node: ast.Return) -> object:
        self.generic_visit(node)
        if node.value is None or isinstance(node.value, ast.Name) or not self._now():
            return node
        self.names += 1
        name = f"result_{self.names}"
        return [ast.Assign([ast.Name(name, ast.Store())], node.value), ast.Return(ast.Name(name, ast.Load()))]

    def visit_Compare(self, node: ast.Compare) -> object:
        self.generic_visit(node)
        turned = {
            ast.Lt: ast.Gt,
            ast.Gt: ast.Lt,
            ast.LtE: ast.GtE,
            ast.GtE: ast.LtE,
            ast.Eq: ast.Eq,
            ast.NotEq: ast.NotEq,
        }
        if len(node.ops) > 1 or type(node.ops[0]) not in turned or not self._now():
            return node
        return ast.Compare(node.comparators[0], [turned[type(node.ops[0])]()], [node.left])

    def visit_AugAssign(self, node: ast.AugAssign) -> object:
        self.generic_visit(node)
        if not isinstance(node.target, ast.Name) or not self._now():
            return node
        return ast.Assign([node.target], ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value))

    def visit_If(self, node: ast.If) -> object:
        self.generic_visit(node)
        if not node.orelse or not self._now():
            return node
        return ast.If(ast.UnaryOp(ast.Not(), node.test), node.orelse, node.body)

    def visit_Assign(self, node: ast.Assign) -> object:
        self.generic_visit(node)
        if not isinstance(node.value, ast.Call | ast.BinOp) or not self._now():
            return node
        self.names += 1
        return [
            ast.Assign([ast.Name(f"t{self.names}", ast.Store())], node.value),
            ast.Assign(node.targets, ast.Name(f"t{self.names}", ast.Load())),
        ]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> object:
        self.generic_visit(node)
        if node.args.args and self._now():
            name = node.args.args[self.rng.randrange(len(node.args.args))].arg
            node.body.insert(
                0,
                ast.parse(
                    self.rng.choice([f"assert {name} is not None", f"print({name!r}, {name})", f"{name}_ = {name}"])
                ).body[0],
            )
        return node


def in_own_hand(source: str, rng: random.Random, often: float = 0.5) -> str:
    return ast.unparse(ast.fix_missing_locations(OwnHand(rng, often).visit(ast.parse(source))))


def renamed(source: str, rng: random.Random) -> str:
    """What a copier does: other names, other comments, other layout."""
    tree = ast.parse(source)
    names = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg) and node.arg != "self"}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    new = {name: f"{rng.choice('abcxyz')}{i}_{name[:1]}" for i, name in enumerate(sorted(names))}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.arg = new.get(node.arg, node.arg)
        elif isinstance(node, ast.Name):
            node.id = new.get(node.id, node.id)
    return "# my own work\n" + ast.unparse(tree)


@pytest.fixture(scope="module")
def ways() -> dict[str, list[str]]:
    """Every exercise's answers in the banks: right ones twice as likely as each wrong one."""
    found = {piece: [source] * 6 for piece, source in reference(ASSIGNMENT).items()}
    for bank, times in ((right_solutions(ASSIGNMENT), 6), (wrong_solutions(ASSIGNMENT), 1)):
        for piece, solutions in bank.items():
            found[piece] += [solution.source for solution in solutions] * times
    return found


@pytest.fixture(scope="module")
def given() -> dict[str, list[str]]:
    stubs = {
        piece: cell.source for nb in notebooks(ASSIGNMENT).values() for piece, cell in cells(nb, "exercise").items()
    }
    return {piece: [stubs[piece], source] for piece, source in reference(ASSIGNMENT).items()}


def honest(ways: Mapping[str, list[str]], n: int, seed: int) -> Answers:
    rng = random.Random(seed)
    return {f"s{i:03}": {piece: in_own_hand(rng.choice(all_), rng) for piece, all_ in ways.items()} for i in range(n)}


@pytest.mark.parametrize("seed", range(4))
def test_an_honest_class_gives_next_to_no_pairs(ways, given, seed: int) -> None:
    assert len(similar_pairs(honest(ways, 60, seed), given)) <= 1


def test_a_class_of_right_answers_gives_none(ways, given) -> None:
    same = {f"s{i}": reference(ASSIGNMENT) for i in range(40)}
    assert similar_pairs(same, given) == []


@pytest.mark.parametrize("n", [12, 60, 200])
def test_copies_are_found_whatever_was_renamed(ways, given, n: int) -> None:
    rng = random.Random(n)
    answers = honest(ways, n, n)
    answers["copier"] = {piece: renamed(source, rng) for piece, source in answers["s003"].items()}
    long = sorted(ways, key=lambda piece: -len(answers["s005"][piece]))[:7]
    answers["half"] = answers["s007"] | {piece: renamed(answers["s005"][piece], rng) for piece in long}
    found = {pair.students: pair for pair in similar_pairs(answers, given)}
    assert found[("copier", "s003")].similarity > 0.95
    half = found[("half", "s005")]
    assert {name for name, _ in half.exercises} <= set(long)
    assert len(found.keys() - {("copier", "s003"), ("half", "s005"), ("half", "s007")}) <= 1


def test_a_written_answer_that_was_copied_is_found() -> None:
    words = [f"word{i}" for i in range(300)]
    answers: Answers = {}
    for i in range(30):
        rng = random.Random(i)
        answers[f"s{i}"] = {"why": " ".join(rng.choices(words, k=150)), "how": " ".join(rng.choices(words, k=80))}
    answers["copier"] = {"why": answers["s4"]["why"].upper() + " Indeed.", "how": answers["s4"]["how"]}
    pairs = similar_pairs(answers, {}, written=["why", "how"])
    assert [pair.students for pair in pairs] == [("copier", "s4")]


def test_tokens_do_not_see_names_comments_docstrings_annotations_and_layout() -> None:
    one = 'def f(words: list[int], n: int = 2) -> int:\n    """Doc."""\n    total: int = 0\n    for w in words:\n        total += w\n    return total * n\n'
    other = "%%build m:f\ndef f(a, b=2):\n\n    # sum\n    s = 0\n    for x in a: s += x\n    return (s * b)"
    assert code_tokens(one) == code_tokens(other) and code_tokens(one, numbered=True) == code_tokens(
        other, numbered=True
    )
    assert code_tokens(one) != code_tokens(other.replace("+=", "-="))
    swapped = other.replace("s * b", "b * s")
    assert code_tokens(one, numbered=True) != code_tokens(swapped, numbered=True)


@pytest.mark.parametrize("source", ["", "def f(:", "\0", "(" * 5000, "x = " + "-" * 20000 + "1", "%%build m:f"])
def test_what_is_no_python_has_no_tokens_and_stops_nothing(source: str) -> None:
    assert isinstance(code_tokens(source), tuple)
    assert similar_pairs({"a": {"f": source}, "b": {"f": source}}, {}) == []


def test_a_shared_run_leaves_a_shared_fingerprint() -> None:
    rng = random.Random(0)
    run = tuple(str(rng.random()) for _ in range(17))
    one, other = (
        tuple(str(rng.random()) for _ in range(n)) + run + tuple(str(rng.random()) for _ in range(40)) for n in (30, 90)
    )
    assert fingerprints(one) & fingerprints(other)
    assert prose_tokens("It's a Test.") == ("it", "s", "a", "test")
