"""Which submissions are so alike that somebody should look at them. It is a place to look, and no verdict.

Code is compared by its syntax tree, without names of its own, comments, docstrings, annotations and layout, so that
renaming changes nothing. What everybody was given, and the instructor's own solution, is left out; what many of the
class wrote counts little. So two right answers to a short exercise say nothing, and a slip that only two people made,
in several exercises, says much.

How: a sliding window of tokens is hashed, and by winnowing (Schleimer, Wilkerson, Aiken: "Winnowing: local algorithms for
document fingerprinting", SIGMOD 2003) a part of the hashes is kept, so that every shared run of `K + WINDOW - 1` tokens
leaves a shared hash. A hash that `n` of `N` people have weighs log2(N / n) bits. In each exercise, two answers are alike
when most of the weight of both is shared; a pair is shown when its alike exercises together are rarer than
chance would give among so many pairs.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

K, WINDOW = 12, 6
K_WORDS = 6
ALIKE = 0.75
"""The share of two answers' rare parts that must be common for an exercise to count."""
MANY = 0.1
"""What more than this share of the class has in common says nothing about two of them (but two always count)."""
MARGIN_BITS = 1.0
"""How much rarer a pair must be than the rarest that chance gives in a class: 1 bit is one false pair in two classes,
if exercises were independent and the class as varied as its rarest answers."""
FULL_PARTS, MAX_FACTOR = 15, 2.0
"""How many shared parts make one exercise count once, and how often a long one counts at most: the parts of one answer
follow from one another."""


@dataclass(frozen=True)
class Pair:
    """Two students whose answers are alike.

    Attributes:
        similarity: The mean over `exercises`, from 0 to 1.
        exercises: Those that are alike, with the share of their rare parts that both have, the most alike first.
        bits: How unlikely it is that two people write this independently, as log2; larger is rarer.
    """

    students: tuple[str, str]
    similarity: float
    exercises: tuple[tuple[str, float], ...]
    bits: float


def code_tokens(source: str, *, numbered: bool = False) -> tuple[str, ...]:
    """A cell's syntax tree in order, without what renaming, commenting or formatting changes.

    Args:
        source: A cell; its magic line is skipped.
        numbered: Keep which own name is which, by the order of their appearance, instead of only that it is one.

    Returns:
        Tokens; none when the cell is no Python.

    Example:
        >>> one = code_tokens("def f(x: int) -> int:\\n    '''Doubles.'''\\n    return x + x", numbered=True)
        >>> other = code_tokens("def g(a):\\n    return a + a  # twice", numbered=True)
        >>> one == other, one == code_tokens("def g(a):\\n    return a * a", numbered=True)
        (True, False)
    """
    lines = source.lstrip().splitlines()
    body = "\n".join(lines[1:] if lines and lines[0].startswith("%%") else lines)
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(body)
            own = {name: f"_{i}" if numbered else "_" for i, name in enumerate(dict.fromkeys(_own_names(tree)))}
            return tuple(_tokens(tree, own))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()


def _own_names(tree: ast.AST) -> Iterator[str]:
    for node in _in_order(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in _children(node):
        yield from _in_order(child)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_comment", "ctx", "type_params"):
            continue
        parts = value if isinstance(value, list) else [value]
        if name == "body" and parts and _is_docstring(node, parts[0]):
            parts = parts[1:]
        yield from (part for part in parts if isinstance(part, ast.AST))


def _is_docstring(node: ast.AST, first: ast.AST) -> bool:
    holds = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module)
    return holds and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


def _tokens(node: ast.AST, own: Mapping[str, str]) -> Iterator[str]:
    yield "Assign" if isinstance(node, ast.AnnAssign) else type(node).__name__
    if isinstance(node, ast.Name):
        yield own.get(node.id, node.id)
    elif isinstance(node, ast.arg):
        yield own.get(node.arg, node.arg)
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg
    elif isinstance(node, ast.Constant):
        yield repr(node.value)[:200]
    elif isinstance(node, ast.alias):
        yield node.name
    for child in _children(node):
        yield from _tokens(child, own)
    if isinstance(node, ast.stmt):
        yield ";"


def prose_tokens(text: str) -> tuple[str, ...]:
    """A written answer's words."""
    return tuple(re.findall(r"\w+", text.casefold()))


def fingerprints(tokens: tuple[str, ...], k: int = K, window: int = WINDOW) -> frozenset[int]:
    """The winnowed hashes of every run of `k` tokens: of each `window` neighbours the smallest."""
    hashes = [zlib.crc32("\x1f".join(tokens[i : i + k]).encode("utf-8", "replace")) for i in range(len(tokens) - k + 1)]
    if len(hashes) <= window:
        return frozenset(hashes)
    return frozenset(min(hashes[i : i + window]) for i in range(len(hashes) - window + 1))


def similar_pairs(
    answers: Mapping[str, Mapping[str, str]], given: Mapping[str, Iterable[str]], written: Iterable[str] = ()
) -> list[Pair]:
    """The pairs of a class that somebody should look at, the rarest coincidence first.

    Args:
        answers: Student -> exercise -> what they handed in.
        given: Exercise -> texts that nobody gets credit for: the release, the instructor's solution.
        written: The exercises that are answered in prose.
    """
    prose, n = set(written), len(answers)
    if n < 2:
        return []
    found: dict[tuple[str, str], list[tuple[str, float, float]]] = {}
    for exercise in dict.fromkeys(name for one in answers.values() for name in one):
        prints = {who: _prints(one.get(exercise, ""), exercise in prose) for who, one in answers.items()}
        common = frozenset().union(*(_prints(text, exercise in prose) for text in given.get(exercise, ())))
        for pair, alike, bits in _alike({who: own - common for who, own in prints.items()}, n):
            found.setdefault(pair, []).append((exercise, alike, bits))
    enough = math.log2(n * (n - 1) / 2) + MARGIN_BITS
    pairs = [_pair(students, exercises) for students, exercises in found.items()]
    return sorted((p for p in pairs if p.bits >= enough), key=lambda p: (-p.bits, p.students))


def _prints(text: str, is_prose: bool) -> frozenset[int]:
    return fingerprints(prose_tokens(text), K_WORDS) if is_prose else fingerprints(code_tokens(text))


def _alike(prints: Mapping[str, frozenset[int]], n: int) -> Iterator[tuple[tuple[str, str], float, float]]:
    """The pairs alike in one exercise: who, how much, and how unlikely that is in bits."""
    have = Counter(one for own in prints.values() for one in own)
    rare = {one: math.log2(n / count) for one, count in have.items() if count <= max(2, MANY * n)}
    own_rare = {who: {one for one in own if one in rare} for who, own in prints.items()}
    weight = {who: sum(rare[one] for one in own) for who, own in own_rare.items()}
    holders: dict[int, list[str]] = {}
    for who in sorted(own_rare):
        for one in own_rare[who]:
            holders.setdefault(one, []).append(who)
    shared: dict[tuple[str, str], list[int]] = {}
    for one, people in holders.items():
        for pair in combinations(people, 2):
            shared.setdefault(pair, []).append(one)
    for (a, b), both in shared.items():
        of_both = sum(rare[one] for one in both)
        alike = of_both / (weight[a] + weight[b] - of_both) if of_both else 0.0
        all_shared = len(prints[a] & prints[b]) / len(prints[a] | prints[b])
        if min(alike, all_shared) >= ALIKE:
            yield (a, b), min(alike, all_shared), of_both / len(both) * min(MAX_FACTOR, len(both) / FULL_PARTS)


def _pair(students: tuple[str, str], exercises: list[tuple[str, float, float]]) -> Pair:
    ranked = sorted(exercises, key=lambda one: (-one[1], one[0]))
    mean = sum(alike for _, alike, _ in exercises) / len(exercises)
    return Pair(students, mean, tuple((name, alike) for name, alike, _ in ranked), sum(bits for *_, bits in exercises))
