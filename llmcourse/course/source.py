"""Which names a piece of Python source reads, reaches, mentions and defines, found without running it.

Each function takes source as text or as a part of its syntax tree, and raises `SyntaxError` where a text is no Python.
Annotations are taken to be left unevaluated, as they are all over the course. Where it is open whether a name is looked
up outside (a class's own name in the class's body), it counts as if it were.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import CodeType
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef

Code = str | ast.AST
_Read = tuple[str, int]
"""A name and the line that reads it."""


def names_read(code: Code) -> set[str]:
    """The names that code looks up in its module: all that it reads but for the arguments and variables of functions.

    What a module defines and reads itself is among them.

    Example:
        >>> sorted(names_read("def f(x, n=LIMIT):\\n    total = sum(i for i in x)\\n    return helper(total)"))
        ['LIMIT', 'helper', 'sum']
    """
    return {name for name, _ in _walked(code).reads}


def names_reached(code: Code | CodeType, *, annotations: bool = False) -> set[str]:
    """The names by which code may use what is defined elsewhere: those it reads, its attributes, what it imports.

    Args:
        code: Source; or compiled code, for a function whose source is not at hand.
        annotations: Count the names in annotations, too: the code of an argument's class may run.

    Example:
        >>> sorted(names_reached("from a.b import c as d\\ndef f(x):\\n    return x.g(d)"))
        ['c', 'd', 'g']
    """
    if isinstance(code, CodeType):
        inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
        return set(code.co_names).union(*map(names_reached, inner))
    scope = _walked(code, annotations=annotations)
    return {name for name, _ in scope.reads} | scope.reached


def names_mentioned(code: Code) -> set[str]:
    """Every word of code that may stand for something defined elsewhere, written to or in a string as well.

    What nothing mentions can be taken out: no doctest needs it, and no `getattr`.

    Example:
        >>> sorted(names_mentioned("_cache = None\\ndef f(x):\\n    return getattr(x, '_key')"))
        ['_cache', '_key', 'getattr', 'x']
    """
    found: set[str] = set()
    for node in ast.walk(_parsed(code)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.update((*node.name.split("."), _bound(node)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(re.findall(r"\w+", node.value))
    return found


def names_defined(code: Code, *, imports: bool = False) -> list[str]:
    """The functions, classes and variables that code is sure to define at its top level, in order.

    Args:
        code: Source, or one statement of it.
        imports: Count what it imports as defined; what a star brings is not known.

    Example:
        >>> names_defined("import os\\nLIMIT, n = 3, 4\\ndef f(): pass\\ndel n")
        ['LIMIT', 'f']
    """
    found: dict[str, None] = {}
    tree = _parsed(code)
    for statement in tree.body if isinstance(tree, ast.Module) else [tree]:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found[statement.name] = None
            case ast.Assign() | ast.AnnAssign(value=ast.expr()):
                found |= dict.fromkeys(_variables(statement, ast.Store))
            case ast.Import() | ast.ImportFrom() if imports:
                found |= {_bound(alias): None for alias in statement.names if alias.name != "*"}
            case ast.Delete():
                for name in _variables(statement, ast.Del):
                    found.pop(name, None)
    return list(found)


def names_read_at_import(code: Code) -> list[tuple[str, int]]:
    """The names that a module reads while it is imported, each with its line: base classes, defaults, tables.

    The bodies of functions run later.

    Example:
        >>> names_read_at_import("def f(x: int = LIMIT):\\n    return g(x)\\nTABLE = {'f': f}")
        [('LIMIT', 1), ('f', 3)]
    """
    return _walked(code, at_import=True).reads


def _parsed(code: Code) -> ast.AST:
    return parsed(code) if isinstance(code, str) else code


@lru_cache(maxsize=4)
def parsed(source: str) -> ast.Module:
    """The tree of a source, to be read and not changed: whoever asks next for the same source gets the same one.

    Raises:
        SyntaxError: It is no Python.
    """
    try:
        return ast.parse(source)
    except ValueError as error:  # what Python before 3.11.4 says of a zero byte
        raise SyntaxError(str(error)) from None


def _bound(alias: ast.alias) -> str:
    """The name that an import gives to what it imports: of `a.b` without an `as`, it is `a`."""
    return alias.asname or alias.name.partition(".")[0]


def _variables(statement: ast.Assign | ast.AnnAssign | ast.Delete, context: type[ast.expr_context]) -> list[str]:
    """The variables among a statement's targets; the list in `a[0] = 1` is only looked up."""
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else statement.targets
    names = [part for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
    written = [name for name in names if isinstance(name.ctx, context)]
    return [name.id for name in sorted(written, key=lambda name: (name.lineno, name.col_offset))]


def _walked(code: Code, *, at_import: bool = False, annotations: bool = False) -> _Scope:
    module = _Scope(at_import, annotations)
    module.walk([_parsed(code)])
    module.reads += module.global_reads
    return module


class _Scope:
    """The names of a module, a class, a function or a comprehension, found by walking its code.

    Args:
        at_import: Leave out the bodies of functions.
        annotations: Walk annotations as if they ran.
        bound: Names that it binds before its code begins: a function's arguments.
        around: Of a comprehension, the scope in which its `:=` binds.

    Attributes:
        reads: What it, and the scopes in it, look up and do not bind, and what it looks up and binds itself.
        global_reads: What is looked up in the module, whatever the scopes between bind.
        reached: Attributes and what is imported, here and in the scopes in it.
    """

    def __init__(self, at_import: bool, annotations: bool, bound: Iterable[str] = (), around: _Scope | None = None):
        self.at_import, self.annotations = at_import, annotations
        self.bound, self.around = set(bound), around
        self.reads: list[_Read] = []
        self.global_reads: list[_Read] = []
        self.reached: set[str] = set()
        self._global, self._nonlocal = set[str](), set[str]()

    def walk(self, nodes: Iterable[ast.AST]) -> None:
        """Take in code; what nests without being a scope is walked in a loop, so that a long sum is not too deep."""
        waiting = list(nodes)[::-1]
        while waiting:
            waiting += list(self._enter(waiting.pop()))[::-1]

    def _enter(self, node: ast.AST) -> Iterable[ast.AST]:
        """Take in what one node says; returns what is left to walk of it in this scope."""
        match node:
            case ast.Name():
                if not isinstance(node.ctx, ast.Store):
                    self._read(node.id, node.lineno)
                if not isinstance(node.ctx, ast.Load):
                    self._bind(node.id)
            case ast.AugAssign(target=ast.Name() as target):
                self._read(target.id, target.lineno)
            case ast.NamedExpr():
                (self.around or self)._bind(node.target.id)
                return [node.value]
            case ast.Attribute():
                self.reached.add(node.attr)
            case ast.alias() if node.name != "*":
                self.reached.update(node.name.split("."))
                self._bind(_bound(node))
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                self._bind(name)
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                self._bind(name)
            case ast.Global():
                self._global.update(node.names)
            case ast.Nonlocal():
                self._nonlocal.update(node.names)
            case ast.AnnAssign() if not self.annotations:
                return filter(None, [node.target, node.value])
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                return self._enter_function(node)
            case ast.ClassDef():
                self._bind(node.name)
                self._take(node.body, self._inner(), is_class=True)
                return [*node.decorator_list, *node.bases, *node.keywords]
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return self._enter_comprehension(node)
        return ast.iter_child_nodes(node)

    def _enter_function(self, node: Function | ast.Lambda) -> Iterator[ast.AST]:
        """Take in the body; what is left in this scope are decorators, defaults and annotations."""
        args = node.args
        arguments = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]
        if not self.at_import:
            body = [node.body] if isinstance(node, ast.Lambda) else node.body
            self._take(body, self._inner(bound=[argument.arg for argument in arguments]))
        if not isinstance(node, ast.Lambda):
            self._bind(node.name)
            yield from node.decorator_list
        yield from (*args.defaults, *filter(None, args.kw_defaults))
        if self.annotations:
            yield from filter(None, [*(argument.annotation for argument in arguments), getattr(node, "returns", None)])

    def _enter_comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> Iterable[ast.AST]:
        """Take in all but what the first `for` runs over, which belongs to the scope around."""
        first, *others = node.generators
        values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._take([first.target, *first.ifs, *others, *values], self._inner(around=self.around or self))
        return [first.iter]

    def _inner(self, bound: Iterable[str] = (), around: _Scope | None = None) -> _Scope:
        return _Scope(self.at_import, self.annotations, bound, around)

    def _take(self, nodes: Iterable[ast.AST], inner: _Scope, *, is_class: bool = False) -> None:
        """Walk a scope in this one. Nothing in a class sees its names but its body, which may look outside for them."""
        inner.walk(nodes)
        self.reached |= inner.reached
        self.global_reads += inner.global_reads
        for name, line in inner.reads:
            if is_class or name not in inner.bound:
                self._read(name, line)

    def _read(self, name: str, line: int) -> None:
        (self.global_reads if name in self._global else self.reads).append((name, line))

    def _bind(self, name: str) -> None:
        if name not in self._global | self._nonlocal:
            self.bound.add(name)


def as_python(shell: Any, cell: str) -> str:
    """A cell's source as Python: IPython's own syntax is translated where there is any, which is slow to find out.

    What is wrong in a way that neither understands comes back as it is, for the caller to say so.
    """
    try:
        parsed(cell)
    except SyntaxError:
        try:
            return str(shell.transform_cell(cell))
        except (SyntaxError, ValueError):
            return cell
    return cell


def magic_to_the_top(lines: list[str]) -> list[str]:
    """A cell's lines with its `%%build` or `%%check` as the first where only comments and blank lines stand above it.

    Example:
        >>> magic_to_the_top(["# mine\\n", "%%build llmcourse.toy:double\\n", "def double(x): ...\\n"])
        ['%%build llmcourse.toy:double\\n', '# mine\\n', 'def double(x): ...\\n']
    """
    for position, line in enumerate(lines):
        if line.startswith(("%%build ", "%%check ")):
            return [line, *lines[:position], *lines[position + 1 :]]
        if line.strip() and not line.lstrip().startswith("#"):
            break
    return lines
