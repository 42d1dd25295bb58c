"""Archives that are traps, notebooks that are none, names that are paths, formulas or markup."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

from tests.attacks.attack import TOKENIZATION, Attack, Notebooks, cell_of, own_cell, right

NOTEBOOK = f"{TOKENIZATION}.ipynb"
NOTHING = {"count_pairs": 0, "merge_pair": 0}
Write = Callable[[Path, dict[str, bytes]], None]


def _zip(
    student: str, *entries: tuple[str | zipfile.ZipInfo, bytes | None], method: int = zipfile.ZIP_DEFLATED
) -> Write:
    """A .zip with these entries; None stands for the honest notebook."""

    def write(folder: Path, files: dict[str, bytes]) -> None:
        with zipfile.ZipFile(folder / f"{student}.zip", "w", method) as archive:
            for name, data in entries:
                archive.writestr(name, files[NOTEBOOK] if data is None else data)

    return write


def _link(name: str, kind: int = 0o120777) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, kind << 16
    return entry


def _bytes(student: str, make: Callable[[bytes], bytes]) -> Write:
    """A .zip changed after it was written."""

    def write(folder: Path, files: dict[str, bytes]) -> None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(NOTEBOOK, files[NOTEBOOK])
        (folder / f"{student}.zip").write_bytes(make(stream.getvalue()))

    return write


def _encrypted(data: bytes) -> bytes:
    at = data.rindex(b"PK\x01\x02") + 8
    return data[:6] + b"\x01\x00" + data[8:at] + b"\x01\x00" + data[at + 2 :]


def _many(folder: Path, files: dict[str, bytes]) -> None:
    """An archive that is nothing but its directory, whose entries all stand for the same byte."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    size = 2_000_000 * len(entry)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, size, 0, 0)
    (folder / "two_million_entries.zip").write_bytes(entry * 2_000_000 + end)


def _copies(folder: Path, files: dict[str, bytes]) -> None:
    """Twice as much as is read of one submission."""
    with zipfile.ZipFile(folder / "four_hundred_copies.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(NOTEBOOK, files[NOTEBOOK])
        for n in range(400):
            archive.writestr(f"{n}/{NOTEBOOK}", files[NOTEBOOK] + b" " * (2**20 + n))


def _folder(student: str, make: Callable[[Path, dict[str, bytes]], None]) -> Write:
    def write(folder: Path, files: dict[str, bytes]) -> None:
        (folder / student).mkdir()
        make(folder / student, files)

    return write


def _links(folder: Path, files: dict[str, bytes]) -> None:
    os.symlink("../honest/" + NOTEBOOK, folder / NOTEBOOK)
    os.symlink("/", folder / "root")
    os.symlink(".", folder / TOKENIZATION)


def _hard_link(folder: Path, files: dict[str, bytes]) -> None:
    (folder / "secret").write_bytes(b"not a notebook")
    os.link(folder / "secret", folder / NOTEBOOK)


def _pipe(folder: Path, files: dict[str, bytes]) -> None:
    os.mkfifo(folder / NOTEBOOK)
    (folder / TOKENIZATION).mkdir()
    (folder / TOKENIZATION / NOTEBOOK).mkdir()


SHADOW = b"import os\nos._exit(7)\n"


def _shadows(folder: Path, files: dict[str, bytes]) -> None:
    """Modules that stock nbgrader's kernel imports from its working directory, before any cell."""
    (folder / NOTEBOOK).write_bytes(files[NOTEBOOK])
    for name in (
        "torch.py",
        "ipykernel_launcher.py",
        "sitecustomize.py",
        "usercustomize.py",
        "conftest.py",
        "random.py",
        "json.py",
        "evil.pth",
    ):
        (folder / name).write_bytes(SHADOW)
    for package in ("llmcourse", "IPython", ".ipython/profile_default/startup"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_bytes(SHADOW)
    (folder / "nbgrader_config.py").write_bytes(SHADOW)


def _timed(folder: Path, files: dict[str, bytes]) -> None:
    (folder / NOTEBOOK).write_bytes(files[NOTEBOOK])
    (folder / "timestamp.txt").write_text("0001-01-01 00:00:00 UTC\n" + "9" * 5000)


ARCHIVES = [
    Attack("a_time_of_its_own", "archive", "a timestamp.txt that says a time before all others, and more",
           write=_folder("a_time_of_its_own", _timed)),
    Attack("paths_out_of_the_archive", "archive", "entries with ../, absolute paths, drives and backslashes", points=NOTHING,
           write=_zip("paths_out_of_the_archive", (f"../../{NOTEBOOK}", None), (f"/tmp/{NOTEBOOK}", None), (f"C:/{NOTEBOOK}", None),
                      (f"..\\..\\honest\\{NOTEBOOK}", None), (f"a/../../{NOTEBOOK}", None), ("../gradebook.db", b"x"))),
    Attack("links_in_the_archive", "archive", "symbolic links and devices as entries", points=NOTHING,
           write=_zip("links_in_the_archive", (_link(NOTEBOOK), b"/etc/passwd"), (_link(f"a/{NOTEBOOK}", 0o020666), b""))),
    Attack("a_bomb_of_zeros", "archive", "an entry of 300 MB in an archive of 300 KB", points=NOTHING,
           write=_zip("a_bomb_of_zeros", (NOTEBOOK, bytes(300 * 2**20)))),
    Attack("an_encrypted_archive", "archive", "an entry that says it is encrypted", points=NOTHING,
           write=_bytes("an_encrypted_archive", _encrypted)),
    Attack("two_million_entries", "archive", "a directory of two million entries, which takes a minute to read", points=NOTHING, write=_many),
    Attack("four_hundred_copies", "archive", "hundreds of different copies of the notebook, each large", write=_copies),
    Attack("a_torn_archive", "archive", "an archive without its end", points=NOTHING, write=_bytes("a_torn_archive", lambda data: data[:-30])),
    Attack("an_archive_of_noise", "archive", "an archive whose compressed bytes are noise", points=NOTHING,
           write=_bytes("an_archive_of_noise", lambda data: data[:60] + os.urandom(2000) + data[2060:])),
    Attack("a_lying_size", "archive", "a directory that says that the entry has four bytes", points=NOTHING,
           write=_bytes("a_lying_size", lambda data: data[: (at := data.rindex(b"PK\x01\x02")) + 20] + struct.pack("<II", 4, 4) + data[at + 28 :])),
    Attack("links_in_the_folder", "archive", "a folder with links to a neighbour's notebook, to / and to itself", points=NOTHING,
           write=_folder("links_in_the_folder", _links)),
    Attack("a_hard_link", "archive", "a hard link to something that is no notebook", points=NOTHING, write=_folder("a_hard_link", _hard_link)),
    Attack("a_pipe_for_a_notebook", "archive", "a pipe that nobody writes to, and a folder of the notebook's name", points=NOTHING,
           write=_folder("a_pipe_for_a_notebook", _pipe)),
    Attack("ships_its_own_modules", "archive", "torch.py, ipykernel_launcher.py, sitecustomize.py, conftest.py beside the notebook",
           write=_folder("ships_its_own_modules", _shadows)),
]  # fmt: skip


def _raw(student: str, make: Callable[[dict[str, Any]], bytes | str]) -> Write:
    """A notebook written as bytes of its own making, from the honest one's JSON."""

    def write(folder: Path, files: dict[str, bytes]) -> None:
        made = make(json.loads(files[NOTEBOOK]))
        (folder / student).mkdir()
        (folder / student / NOTEBOOK).write_bytes(
            made.encode("utf-8", "surrogatepass") if isinstance(made, str) else made
        )

    return write


def _wrong_types(notebook: dict[str, Any]) -> str:
    cells = notebook["cells"]
    odd: list[Any] = [
        None,
        1,
        [],
        "cell",
        {},
        {"cell_type": 7, "source": {}, "metadata": []},
        {"source": [1, None, ["x"]]},
        {"cell_type": "code", "source": 5, "metadata": {"nbgrader": [], "llmcourse": "x"}, "id": {}, "outputs": 3},
    ]
    return json.dumps(
        {**notebook, "metadata": [], "nbformat": "four", "nbformat_minor": None, "cells": [*odd, *cells, *odd]}
    )


def _without_metadata(notebook: dict[str, Any]) -> str:
    for cell in notebook["cells"]:
        cell["metadata"] = {"x": "y" * 10_000}
    notebook["metadata"] = {"x" * 1000: [["deep"] * 100] * 1000}
    return json.dumps(notebook)


def _duplicate_keys(notebook: dict[str, Any]) -> str:
    text = json.dumps(notebook)
    return '{"cells": [], "cells": 7, ' + text[1:-1] + ', "metadata": {}, "nbformat": 4}'


def _more_points(notebooks: Notebooks) -> None:
    """Points, locks, ids and kinds that the student wrote."""
    for notebook in notebooks.values():
        notebook.metadata["llmcourse"] = {"assignment": "x", "fault": ""}
        for cell in notebook.cells:
            grader = cell.metadata.get("nbgrader", {})
            if "points" in grader:
                grader.update(points=400, locked=False, solution=True, task=True)
            cell.metadata.setdefault("llmcourse", {})["fault"] = ""
    cell_of(notebooks, "check", "decode").source = "pass"
    extra = nbformat.v4.new_code_cell("assert True")
    extra.metadata["nbgrader"] = {
        "grade": True,
        "points": 100,
        "grade_id": "extra",
        "locked": True,
        "solution": False,
        "schema_version": 3,
        "task": False,
    }
    extra.metadata["llmcourse"] = {"kind": "check", "id": "extra", "piece": "llmcourse.tokenization.bpe:decode"}
    next(iter(notebooks.values())).cells.append(extra)


def _fake_outputs(notebooks: Notebooks) -> None:
    for notebook in notebooks.values():
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.execution_count = 400
                cell.outputs = [
                    nbformat.v4.new_output("stream", text="✓ all checks passed"),
                    nbformat.v4.new_output("execute_result", {"text/plain": "400"}, execution_count=400),
                    nbformat.v4.new_output("error", ename="", evalue="", traceback=[]),
                ]


def _doubled(notebooks: Notebooks) -> None:
    notebook = next(iter(notebooks.values()))
    doubled = [cell_of(notebooks, "check", "count_pairs"), cell_of(notebooks, "exercise", "merge_pair")]
    notebook.cells += [nbformat.from_dict({**cell, "id": f"{cell.id}-again"}) for cell in doubled]


def _deleted(notebooks: Notebooks) -> None:
    notebook = next(iter(notebooks.values()))
    gone = [cell_of(notebooks, "check", "merge_pair"), cell_of(notebooks, "exercise", "decode")]
    notebook.cells = [cell for cell in notebook.cells if not any(cell is other for other in gone)]


def _reordered(notebooks: Notebooks) -> None:
    next(iter(notebooks.values())).cells.reverse()


def _retyped_check(notebooks: Notebooks) -> None:
    cell_of(
        notebooks, "check", "decode"
    ).source = "%%check llmcourse.tokenization.bpe:decode\nprint('✓ decode: all checks passed')"
    cell_of(notebooks, "check", "pretokenize").source = ""


def _old_format(notebook: dict[str, Any]) -> str:
    return json.dumps(
        {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": notebook["cells"]}]}
    )


RAISED = "\\x1b[31mred\\x1b]0;title\\x07\\x9b31m \\u202egnp.exe \\u2066x \\u200f <script>alert(1)</script><img src=x onerror=alert(1)> \\x00\\x08 =1+1"
MARKUP = """<script>alert(1)</script> <img src=x onerror=alert(1)> <svg/onload=alert(1)> <iframe srcdoc='x'></iframe>
[a](javascript:alert(1)) ![b](https://evil.example/b.png) ![c][r] <https://evil.example> \u202etxt.exe\u2066
\x1b[31mred &lt;script&gt; <style>*{display:none}</style> <!-- --> <a href="javascript:alert(1)">x</a>

[r]: https://evil.example/r.png
$\\href{javascript:alert(1)}{x}$ ```<script>``` {{ 7*7 }} {% raw %}
"""

NOTEBOOKS = [
    Attack("wrong_types_everywhere", "notebook", "numbers, lists and nulls where JSON should hold something else",
           write=_raw("wrong_types_everywhere", _wrong_types)),
    Attack("no_metadata", "notebook", "cells without ids or grade ids, with huge metadata", write=_raw("no_metadata", _without_metadata)),
    Attack("duplicate_keys", "notebook", "JSON with keys that are there twice", write=_raw("duplicate_keys", _duplicate_keys)),
    Attack("an_old_format", "notebook", "a notebook of format 3", points=NOTHING, write=_raw("an_old_format", _old_format)),
    Attack("nested_deeply", "notebook", "a million brackets", points=NOTHING, write=_raw("nested_deeply", lambda nb: "[" * 10**6)),
    Attack("a_number_without_end", "notebook", "a number of a million digits", points=NOTHING,
           write=_raw("a_number_without_end", lambda nb: '{"cells": [' + "9" * 10**6 + "]}")),
    Attack("a_million_cells", "notebook", "millions of empty cells", points=NOTHING,
           write=_raw("a_million_cells", lambda nb: '{"cells": [' + "{}," * 6_000_000 + "{}]}")),
    Attack("no_utf_8", "notebook", "bytes that are no UTF-8", points=NOTHING, write=_raw("no_utf_8", lambda nb: b'{"cells": [{"source": "\xff\xfe"}]}')),
    Attack("lone_surrogates", "notebook", "strings with halves of characters, in sources and names",
           {"decode": "def decode(ids, vocab): return '\ud800'[:0]"}, write=_raw("lone_surrogates", lambda nb: json.dumps(nb))),
    Attack("more_points", "notebook", "changes points, grade ids and locks, adds a graded cell of 100 points", edit=_more_points),
    Attack("fake_outputs", "notebook", "brings outputs, errors and counts that say that all passed", edit=_fake_outputs),
    Attack("doubled_cells", "notebook", "a check twice, an exercise twice", edit=_doubled),
    Attack("deleted_cells", "notebook", "a check and an exercise deleted", points={"merge_pair": 0}, edit=_deleted),
    Attack("reordered_cells", "notebook", "all cells in reverse", edit=_reordered),
    Attack("retyped_checks", "notebook", "checks that pass always, or are empty", edit=_retyped_check),
    Attack("a_cell_of_a_megabyte", "notebook", "an answer of a million characters, and of brackets nested deeply",
           {"decode": "#" * 10**6, "pretokenize": "pretokenize = " + "(" * 5000 + ")" * 5000, "encode_word": "encode_word = " + "-" * 90_000 + "1"}),
    Attack("markup_in_errors", "notebook", "scripts, terminal codes, bidirectional marks and formulas in an error",
           {"decode": f"def decode(ids, vocab): raise ValueError('{RAISED}')", "pretokenize": f"raise ValueError('{RAISED}')",
            "encode_word": f"import os\nos.write(1, b'{RAISED[:12]}')\nprint('{RAISED}')\ndef encode_word(*args): os._exit(0)"}),
    Attack("markup_in_answers", "notebook", "scripts, images of elsewhere and marks in written answers and cells of its own",
           written=MARKUP, edit=own_cell(MARKUP, markdown=True)),
    Attack("active_outputs", "notebook", "displays HTML, JavaScript, SVG and widgets, which a formgrader would run",
           {"count_pairs": "from IPython.display import HTML, Javascript, SVG, display\n"
            "display(HTML('<script>alert(1)</script>'), Javascript('alert(1)'), {'application/vnd.jupyter.widget-view+json': {}}, raw=False)\n"
            "display({'image/svg+xml': '<svg onload=\"alert(1)\"/>', 'text/latex': '$\\\\\\\\href{javascript:alert(1)}{x}$', 'text/markdown': '<script>'}, raw=True)\n"
            + right("count_pairs")}),
]  # fmt: skip


def _named(name: str | bytes, *, student: str, about: str, short: str) -> Attack:
    def write(folder: Path, files: dict[str, bytes]) -> None:
        made = os.path.join(os.fsencode(folder), os.fsencode(name))
        os.mkdir(made)
        with open(os.path.join(made, NOTEBOOK.encode()), "wb") as file:
            file.write(files[NOTEBOOK])

    return Attack(short, "names", about, write=write, student=student)


def _loop(folder: Path, files: dict[str, bytes]) -> None:
    os.symlink("a_link_to_itself", folder / "a_link_to_itself")


NAMES = [
    _named(
        "name with\nnewline", short="newline", student="name_with_newline", about="a folder named with a line's end"
    ),
    _named("=cmd|'!A0", short="formula", student="cmd_A0", about="a folder named like a formula"),
    _named(
        "<img src=x onerror=alert(1)>",
        short="markup",
        student="img_src_x_onerror_alert_1",
        about="a folder named like markup",
    ),
    _named(
        "a\u202exe.zip",
        short="right_to_left",
        student="a_xe.zip",
        about="a folder whose name is written from right to left",
    ),
    _named("_.._", short="dots", student="student-97bd92", about="a folder whose name has no letter"),
    _named("😀𐌰" + "𐌰" * 60, short="long_letters", student="𐌰" * 30, about="a name of letters of four bytes each"),
    _named(b"caf\xe9", short="no_utf_8_name", student="caf", about="a name that is no UTF-8"),
    _named("HONEST", short="case_of_a_neighbour", student="HONEST-a04f27", about="the name of a neighbour in capitals"),
    _named(
        "honest ",
        short="space_behind_a_neighbour",
        student="honest-4beacc",
        about="the name of a neighbour and a space",
    ),
    _named("*", short="star", student="student-684888", about="what nbgrader takes for all students"),
    _named("$(touch x)`id`;%s{0}", short="shell", student="touch_x_id_s_0", about="a shell's and a format's commands"),
    Attack("a_link_to_itself", "names", "a link to itself in the folder of submissions", points=NOTHING, write=_loop),
]

ATTACKS = [*ARCHIVES, *NOTEBOOKS, *NAMES]
