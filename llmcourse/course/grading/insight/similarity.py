"""Which submissions are so alike that somebody should look at them. It is a place to look, and no verdict.

Code is compared by its syntax tree, without names of its own, comments, docstrings, annotations and layout, so that
renaming changes nothing. What everybody was given, and the instructor's own solution, is left out; what many of the
class wrote counts little. So two right answers to a short exercise say nothing, and a slip that only two people made,
in several exercises, says much.

How: a sliding window of tokens is hashed, and by winnowing (Schleimer, Wilkerson, Aiken: "Winnowing: local algorithms
for document fingerprinting", SIGMOD 2003) a part of the hashes is kept, so that every shared run of `K + WINDOW - 1`
tokens leaves a shared hash. Two answers to an exercise are alike when most hashes of both are shared. Then a likelihood
ratio is built up over the exercises that both answered in their own way. People who work apart are alike in one with
the share `p` of the class that answers so; where one copies a part `f` of the exercises, with f + (1 - f) p. So an
alike exercise counts f / p + 1 - f, another one 1 - f. For independent people the expected ratio is 1, so that it
exceeds 2**b at most once in 2**b pairs: the threshold grows with the number of pairs.
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
"""The share of two answers' hashes that must be common for them to be alike."""
LEAST_PARTS = 3
"""An answer with fewer hashes of its own says nothing."""
COPIED = (0.1, 0.25, 0.5, 0.9)
"""The parts of the exercises that somebody may have copied, each as likely as the others."""
MARGIN_BITS = -4.0
"""How far above the bound for all pairs of a class a pair must be. The bound is a loose one: in made-up honest classes
of 60 the largest ratio stayed more than 6 bits below it, so 4 of them are given up to find copies of a few
exercises."""
LONG_PARTS, LONG_FACTOR = 10, 4.0
"""A long passage that two people and nobody else have is rarer than 2 in the class: by one for each so many hashes, and
at most by the factor."""


@dataclass(frozen=True)
class Pair:
    """Two students whose answers are alike.

    Attributes:
        similarity: The mean over `exercises`, from 0 to 1.
        exercises: Those that are alike, with the share of their hashes that both have, the most alike first.
        bits: How much likelier this is when one copied from the other than when both worked apart, as log2.
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
        elif (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            or isinstance(node, ast.ExceptHandler)
            and node.name
        ):
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
    return (
        holds
        and isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )


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
    own: dict[str, dict[str, frozenset[int]]] = {}
    alike: dict[tuple[str, str], list[tuple[str, float, float]]] = {}
    for exercise in dict.fromkeys(name for one in answers.values() for name in one):
        common = frozenset().union(*(_prints(text, exercise in prose) for text in given.get(exercise, ())))
        prints = {who: _prints(one.get(exercise, ""), exercise in prose) - common for who, one in answers.items()}
        own[exercise] = {who: parts for who, parts in prints.items() if len(parts) >= LEAST_PARTS}
        for pair, share, chance in _alike(own[exercise], n):
            alike.setdefault(pair, []).append((exercise, share, chance))
    enough = math.log2(n * (n - 1) / 2) + MARGIN_BITS
    pairs = []
    for (a, b), exercises in alike.items():
        both = sum(a in prints and b in prints for prints in own.values())
        bits = _bits([chance for *_, chance in exercises], both - len(exercises))
        if bits >= enough:
            ranked = sorted(((name, share) for name, share, _ in exercises), key=lambda one: (-one[1], one[0]))
            pairs.append(Pair((a, b), sum(share for _, share in ranked) / len(ranked), tuple(ranked), bits))
    return sorted(pairs, key=lambda pair: (-pair.bits, pair.students))


def _prints(text: str, is_prose: bool) -> frozenset[int]:
    return fingerprints(prose_tokens(text), K_WORDS) if is_prose else fingerprints(code_tokens(text))


def _bits(chances: list[float], others: int) -> float:
    """The likelihood ratio of copying against working apart, as log2.

    Args:
        chances: For each alike exercise, the probability that two people are alike in it.
        others: How many exercises both answered and are not alike.
    """
    ratios = [math.prod(f / p + 1 - f for p in chances) * (1 - f) ** others for f in COPIED]
    return math.log2(sum(ratios) / len(ratios))


def _alike(prints: Mapping[str, frozenset[int]], n: int) -> Iterator[tuple[tuple[str, str], float, float]]:
    """The pairs alike in one exercise: who, how much, and how probable that is for two who work apart."""
    people = sorted(prints)
    shares: dict[tuple[str, str], float] = {}
    near: dict[str, set[str]] = {who: {who} for who in people}
    for a, b in combinations(people, 2):
        least, most = sorted((len(prints[a]), len(prints[b])))
        if least < ALIKE * most:
            continue
        shared = len(prints[a] & prints[b])
        share = shared / (least + most - shared)
        if share >= ALIKE:
            shares[a, b] = share
            near[a].add(b)
            near[b].add(a)
    have = Counter(one for parts in prints.values() for one in parts)
    for (a, b), share in shares.items():
        theirs = sum(have[one] == 2 for one in prints[a] & prints[b])
        chance = len(near[a] | near[b]) / n / min(LONG_FACTOR, max(1.0, theirs / LONG_PARTS))
        yield (a, b), share, chance
