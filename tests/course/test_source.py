"""What is read, reached, mentioned and defined: each rule of Python's about names, where a walker could get it wrong."""

from __future__ import annotations

import ast
import symtable
from pathlib import Path

import pytest

import llmcourse
from llmcourse.course.source import (
    Definition,
    names_defined,
    names_mentioned,
    names_reached,
    names_read,
    names_read_at_import,
)

PACKAGE = Path(llmcourse.__file__).parent

READ = {
    "an argument, a variable": ("def f(x, *args, k=0, **more):\n    y = x\n    return y, args, k, more, out", "out"),
    "positional only": ("def f(x, /, y):\n    return x + y + out", "out"),
    "a variable bound below its use": ("def f():\n    while out:\n        use = x\n        x = 1", "out"),
    "a function in a function": ("def f(x):\n    def g(y):\n        return x + y + z + out\n    z = 1\n    return g", "out"),
    "an inner argument is no outer variable": ("def f():\n    def g(out):\n        return out\n    return out(g)", "out"),
    "what nonlocal binds": ("def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n    return g, n, out", "out"),
    "global": ("def f():\n    global n\n    n = out\n    return n", "n out"),
    "global below a variable of that name": ("def f():\n    n = 1\n    def g():\n        global n\n        return n\n    return g", "n"),
    "global, read in a comprehension": ("def f(n):\n    def g():\n        global n\n        return [n for _ in out]\n    return g", "n out"),
    "global that is only written": ("def f():\n    global n\n    n = 1", ""),
    "+= reads": ("n += 1", "n"),
    "+= of a variable": ("def f():\n    n = 0\n    n += out\n    return n", "out"),
    "+= of an item": ("table[key] += value", "key table value"),
    "del reads, and makes a variable": ("del n\ndef f():\n    del m", "n"),
    "a lambda": ("lambda x, y=out: x + y + z", "out z"),
    "a default is no business of its function": ("def f(x=x):\n    return x", "x"),
    "a keyword's default": ("def f(*, x=x):\n    return x", "x"),
    "a decorator": ("@mark(f)\ndef f():\n    pass", "f mark"),
    "a comprehension": ("[i + out for i in rows if i]", "out rows"),
    "its first iterable is outside": ("[x for x in x]", "x"),
    "its second iterable is inside": ("{y: x for x in rows for y in x}", "rows"),
    "a comprehension in a comprehension": ("{(x, y) for x in rows if all(x for y in x)} | {y}", "all rows y"),
    "a generator": ("def f(rows):\n    return sum(len(row) for row in rows), row", "len row sum"),
    "walrus": ("def f(x):\n    if (n := len(x)) > limit:\n        return n", "len limit"),
    "walrus in a comprehension": ("def f(x):\n    [[n := i for i in y] for y in x]\n    return n", ""),
    "annotations are not evaluated": ("def f(x: A, *y: B) -> C:\n    z: D = out\n    w: E\n    return w, x, y, z", "out"),
    "a class's body looks outside": ("class A(Base, metaclass=Meta):\n    x = x\n    y: T = z", "Base Meta x z"),
    "methods do not see their class": ("class A:\n    n = 1\n    def f(self):\n        return n", "n"),
    "methods see the function around": ("def f(n):\n    class A:\n        def g(self):\n            return n, A\n    return A", ""),
    "import a.b as c": ("def f():\n    import a.b as c\n    return c, b", "b"),
    "import a.b": ("def f():\n    import a.b\n    return a, b", "b"),
    "from a import b as c": ("def f():\n    from a import b as c\n    return a, b, c", "a b"),
    "a star binds nothing known": ("from a import *\nb", "b"),
    "an error's name": ("def f():\n    try:\n        pass\n    except Bad as error:\n        return error", "Bad"),
    "for, with, unpacking": ("def f(x):\n    with x as (a, *b):\n        for c, [d] in a:\n            return a, b, c, d, out", "out"),
    "match": (
        "def f(x):\n    match x:\n        case Point(a, y=b) | [a, b, *c] | {KEY.k: a, **d} if out:\n            return a, b, c, d\n"
        "        case (1 | 2) as e:\n            return e\n        case other:\n            return other",
        "KEY Point out",
    ),
    "async": ("async def f(x):\n    async for y in x:\n        await y(out)", "out"),
    "an attribute's owner": ("a.b.c = d[e].f", "a d e"),
    "f-strings": ("def f(x):\n    return f'{x:{width}} {out!r}'", "out width"),
    "strings are no code": ("'out'", ""),
}  # fmt: skip


@pytest.mark.parametrize(("source", "names"), READ.values(), ids=READ)
def test_names_read(source, names):
    assert names_read(source) == set(names.split())
    assert names_read(ast.parse(source)) == names_read(source)


def compiled_reads(definition: ast.stmt) -> set[str]:
    """What Python's own compiler looks up in the module, a class's own names that its body reads among them."""

    def found(table: symtable.SymbolTable) -> set[str]:
        looks_outside = table.get_type() in ("module", "class")
        symbols = [symbol for symbol in table.get_symbols() if symbol.is_referenced() and not symbol.is_free()]
        own = {symbol.get_name() for symbol in symbols if looks_outside or symbol.is_global()}
        return own.union(*map(found, table.get_children()))

    source = f"from __future__ import annotations\n{ast.unparse(definition)}"
    return found(symtable.symtable(source, "<test>", "exec"))


def test_python_itself_looks_up_the_same_names_in_every_function_and_class_of_the_package():
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, Definition):
                assert names_read(node) == compiled_reads(node), f"{path}: {node.name}"


def test_a_long_sum_is_not_too_deep():
    assert names_read(" + ".join(["x"] * 900)) == {"x"}


@pytest.mark.parametrize("find", [names_read, names_reached, names_mentioned, names_defined, names_read_at_import])
def test_what_is_no_python_is_said(find):
    assert not find("")
    with pytest.raises(SyntaxError):
        find("def f(:")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(x):\n    return x.g(out).h", "g h out"),
        ("def f(x):\n    x.g = 1", "g"),
        ("def f():\n    import a.b as c\n    return c", "a b"),
        ("def f():\n    from a import b as c\n    return c", "b"),
        ("from a import *", ""),
        ("def f(piece):\n    return piece", ""),
        ("def f(x: a.b):\n    y: a.c = x", ""),
        ("class A:\n    def f(self):\n        return [self.x for self in self.all]", "all x"),
    ],
)
def test_names_reached(source, names):
    assert names_reached(source) == set(names.split())


def test_names_in_annotations_are_reached_when_asked():
    source = "def f(x: A, *y: B, z: c.D = 1, **k: [E for _ in F]) -> G:\n    def g(h: x): pass\n    i: H\nclass J:\n    k: K = 1"
    assert names_reached(source, annotations=True) == {*"ABcDEFGHK"}
    assert names_reached(source) == set()


def test_a_function_reaches_the_same_by_its_source_and_by_its_code():
    source = """
def f(x, other=None):
    from a import piece as p
    local = [y.size for y in x if y]
    def inner(z):
        return helper(z, lambda w: w + LIMIT)
    return inner(local), x.bpe.train, p
"""
    namespace: dict = {}
    exec(source, namespace)  # noqa: S102
    wanted = {"piece", "size", "helper", "LIMIT", "bpe", "train"}
    assert names_reached(source) == wanted
    assert names_reached(namespace["f"].__code__) == wanted | {"a"}  # the compiler writes the module down as well


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(x):\n    y = x", "x y"),
        ("def f(unused): pass", ""),
        ("import a.b\nfrom c import d as e\nimport g.h as i", "a b d e g h i"),
        ("x: 'Some[_Type]' = f'{y} and _z'", "Some _Type and _z x y"),
        ("def f():\n    '''See `_helper`.\n\n    >>> _helper2(3)\n    '''", "See _helper _helper2 3"),
        ("def f(x: A) -> _B: x._c = 1", "A _B _c x"),
    ],
)
def test_names_mentioned(source, names):
    assert names_mentioned(source) == set(names.split())


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(): x = 1\nasync def g(): pass\nclass A:\n    y = 2", "f g A"),
        ("x = y = 1\n(a, [b, *c]), d = z", "x y a b c d"),
        ("x[i] = 1\ny.z = 2", ""),
        ("x: int = 1\ny: int", "x"),
        ("x = 1\nx = 2\ndef x(): pass", "x"),
        ("x = y = z = 1\ndel x, (y)\ny = 3", "z y"),
        ("if a:\n    x = 1\nfor y in a: pass", ""),  # it may come to none of them
        ("import a.b", ""),
    ],
)
def test_names_defined(source, names):
    assert names_defined(source) == names.split()


def test_names_defined_counts_imports_when_asked():
    source = "import a.b\nimport c.d as e\nfrom f import g, h as i\nfrom j import *\nk = 1"
    assert names_defined(source, imports=True) == ["a", "e", "g", "i", "k"]
    assert names_defined(ast.parse(source).body[1], imports=True) == ["e"]
    assert names_defined(source) == ["k"]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("def piece():\n    return piece", []),
        ("def f():\n    def g(x=piece): pass", []),
        ("@piece\ndef f(): pass", [1]),
        ("def f(x=piece, *,\n      y=piece): pass", [1, 2]),
        ("def f(x: piece) -> piece: pass\nx: piece = 1\ny: piece", []),
        ("class A(piece): pass", [1]),
        (
            "class A:\n    x = piece()\n    def f(self):\n        piece()\n    @piece\n    def g(self, x=piece): pass",
            [2, 5, 6],
        ),
        ("table = {'a': piece,\n  'b': [piece for _ in x]}", [1, 2]),
        ("f = lambda: piece", []),
        ("f = lambda x=piece: x", [1]),
        ("piece = 1", []),
        ("[piece for piece in x]", []),
        ("if x:\n    piece += 1\nelse:\n    (y := piece)", [2, 4]),
        ("x.piece\nfrom a import piece", []),
    ],
)
def test_names_read_at_import(source, lines):
    assert sorted(line for name, line in names_read_at_import(source) if name == "piece") == lines
