"""Answers that are right if their author got hold of something: points would show that the theft has worked.

Each searches for a solution, a hidden test or anybody else's data, and answers with nothing when there is none to find.
"""

from __future__ import annotations

from tests.attacks.attack import Attack, own_cell

STOLEN = """
def stolen(text):
    \"\"\"The function in a source text, if it has a body.\"\"\"
    start = text.find("def count_pairs(")
    body = text[start:].split("\\ndef ")[0] if start >= 0 else ""
    if "NotImplementedError" in body or "return" not in body.split('\"\"\"')[-1]: return None
    scope = {"Counter": __import__("collections").Counter}
    exec("from __future__ import annotations\\n" + body, scope)
    return scope["count_pairs"]
"""


def _steals(name: str, about: str, search: str, says: str = "nothing to steal") -> Attack:
    """An answer to count_pairs that is whatever `search` finds: a generator over source texts or functions."""
    body = "\n".join(f"    {line}" for line in search.strip("\n").splitlines())
    source = f"""{STOLEN}
def search():
{body}
def count_pairs(words):
    found = search()
    while True:
        try: item = next(found)
        except StopIteration: raise LookupError("nothing to steal") from None
        except Exception: raise LookupError("nothing to steal") from None
        function = stolen(item) if isinstance(item, str) else item
        if function is not None: return function(words)
"""
    return Attack(name, "reading", about, {"count_pairs": source}, {"count_pairs": 0}, says={"count_pairs": says})


FILES = """
import os
for top in TOPS:
    for folder, folders, files in os.walk(top, onerror=lambda error: None):
        folders[:] = [f for f in folders if f not in ("proc", "sys", "torch", "lib2to3", "test")]
        for file in files:
            if WANTED(file):
                try: data = open(os.path.join(folder, file), "rb").read(2**22)
                except OSError: continue
                yield data.decode("utf-8", "replace").replace("\\\\n", "\\n")
"""

ATTACKS = [
    _steals(
        "reads_the_course_folder",
        "opens solutions, gradebook, its own and other submissions by their paths",
        "import pathlib\n"
        "for place in ('@SOURCE@', '@OUTPUT@', '@SUBMISSIONS@', '.', '..', '/tmp', '/var', '/mnt', '/srv'):\n"
        "    for path in pathlib.Path(place).rglob('*'):\n"
        "        if path.is_file(): yield path.read_text(errors='replace').replace('\\\\n', '\\n')",
    ),
    _steals(
        "searches_every_file",
        "reads every notebook, database, archive and copy of the library that it can see",
        FILES.replace("TOPS", "('/',)").replace(
            "WANTED(file)", "file.endswith(('.ipynb', '.db', '.sqlite', 'bpe.py', '.pack', '.orig', '.whl'))"
        ),
    ),
    _steals(
        "asks_the_import_system",
        "inspect, linecache, loaders, zipimport and byte code of the library's modules",
        "import inspect, linecache, sys, glob, importlib.util\n"
        "from llmcourse.tokenization import bpe\n"
        "yield inspect.getsource(bpe)\n"
        "yield ''.join(linecache.getlines(bpe.__file__))\n"
        "yield bpe.__loader__.get_data(bpe.__file__).decode()\n"
        "yield ''.join(''.join(entry[2]) for entry in linecache.cache.values() if len(entry) > 3)\n"
        "for path in glob.glob(str(importlib.util.cache_from_source(bpe.__file__)).replace('cpython', '*')):\n"
        "    import marshal, types\n"
        "    for code in marshal.loads(open(path, 'rb').read()[16:]).co_consts:\n"
        "        if getattr(code, 'co_name', '') == 'count_pairs' and 'NotImplementedError' not in code.co_names:\n"
        "            yield types.FunctionType(code, vars(bpe))",
    ),
    _steals(
        "searches_its_memory",
        "every object that the collector knows and every frame of every thread",
        "import gc, sys, types\n"
        "for o in gc.get_objects():\n"
        "    if isinstance(o, types.FunctionType) and o.__name__ == 'count_pairs' and o.__module__ == 'llmcourse.tokenization.bpe':\n"
        "        if 'NotImplementedError' not in o.__code__.co_names and 'search' not in o.__code__.co_names: yield o\n"
        "for frame in sys._current_frames().values():\n"
        "    while frame:\n"
        "        for value in [*frame.f_locals.values()]:\n"
        "            if isinstance(value, str) and 'HIDDEN' 'TESTS' in value: yield value\n"
        "        frame = frame.f_back",
    ),
    _steals(
        "asks_for_its_own_reference",
        "the judge's reference of the piece that is judged, by every number on the line",
        "from llmcourse.course.remote import student\n"
        "table = student._peer().table\n"
        "from llmcourse.course.remote.modules import RemoteFunction\n"
        "for number in range(0, 60):\n"
        "    try: RemoteFunction(table, number, 'x')({(1, 2): 1})\n"
        "    except Exception: continue\n"
        "    yield RemoteFunction(table, number, 'x')",
        "cannot be read",
    ),
    Attack(
        "reads_the_memory_of_processes",
        "reading",
        "looks for a hidden test in the memory, files and environment of every process",
        {
            "decode": """
            import glob, os, re
            def found():
                for process in glob.glob("/proc/[0-9]*"):
                    for name in ("environ", "cmdline"):
                        try: data = open(f"{process}/{name}", "rb").read()
                        except OSError: continue
                        if b"gradebook" in data or b"LLMCOURSE_JUDGE" in data: return True
                    for fd in glob.glob(f"{process}/fd/*") + [f"{process}/root/work", f"{process}/cwd/gradebook.db"]:
                        try: target = os.readlink(fd)
                        except OSError: continue
                        if "gradebook" in target or "solutions" in target: return True
                    if process.endswith(f"/{os.getpid()}"): continue
                    try: memory, maps = open(f"{process}/mem", "rb"), open(f"{process}/maps").read()
                    except OSError: continue
                    return True  # another process's memory can be opened
                memory = open("/proc/self/mem", "rb", 0)
                for line in open("/proc/self/maps"):
                    start, end, flags = re.match(r"(\\w+)-(\\w+) (\\S+)", line).groups()
                    size = int(end, 16) - int(start, 16)
                    if "r" not in flags or "w" not in flags or size > 2**28: continue
                    try:
                        memory.seek(int(start, 16))
                        if re.search(rb"longest[_]least", memory.read(size)): return True
                    except (OSError, ValueError, OverflowError): continue
                return False
            seen = found()
            def decode(ids, vocab):
                assert seen, "nothing to steal"
                ids = list(ids)
                for i in ids:
                    if not 0 <= i < len(vocab): raise ValueError(str(i))
                return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
            """
        },
        says={"decode": "nothing to steal"},
    ),
    Attack(
        "reaches_the_network",
        "reading",
        "HTTP, DNS, sockets of this machine by address, name, path and abstract name",
        {
            "decode": """
            import socket, urllib.request
            def reached():
                for family, address in [
                    (socket.AF_INET, ("1.1.1.1", 53)), (socket.AF_INET, ("8.8.8.8", 443)), (socket.AF_INET, ("10.0.0.1", 80)),
                    (socket.AF_INET, ("127.0.0.1", 22)), (socket.AF_INET, ("127.0.0.1", 8888)), (socket.AF_INET6, ("::1", 22)),
                    (socket.AF_INET, ("169.254.169.254", 80)), (socket.AF_UNIX, "/run/docker.sock"),
                    (socket.AF_UNIX, "\\0/tmp/.X11-unix/X0"), (socket.AF_UNIX, "/run/dbus/system_bus_socket"),
                    (socket.AF_UNIX, "\\0@MARKER@"),
                ]:
                    try:
                        with socket.socket(family) as s:
                            s.settimeout(1); s.connect(address)
                            return True
                    except OSError: continue
                try: socket.getaddrinfo("example.com", 80); return True
                except OSError: pass
                for kind in (socket.AF_PACKET, getattr(socket, "AF_VSOCK", 40)):
                    try: socket.socket(kind, socket.SOCK_DGRAM); return True
                    except OSError: continue
                return False
            seen = reached()
            def decode(ids, vocab):
                assert seen, "nothing to reach"
                ids = list(ids)
                for i in ids:
                    if not 0 <= i < len(vocab): raise ValueError(str(i))
                return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
            """
        },
        says={"decode": "nothing to reach"},
    ),
    Attack(
        "tells_hidden_inputs",
        "reading",
        "raises and prints what it is given: the words of a hidden test must not come with the page that it gets back",
        {
            "huffman_code_lengths": """
            import sys, traceback
            def huffman_code_lengths(counts):
                stack, frame = "".join(traceback.format_stack()), sys._getframe()
                while frame:
                    stack, frame = stack + repr(frame.f_locals), frame.f_back
                print(stack)
                raise ValueError(stack[-1500:])
            """
        },
    ),
    Attack(
        "keeps_hidden_inputs_for_later",
        "reading",
        "keeps what a hidden test passes in, and says it as a type, as a result, and from the next exercises and a cell of its own",
        {
            "decode": """
            import builtins
            builtins.kept = []
            def decode(ids, vocab):
                builtins.kept.append(repr((ids, vocab))[:200])
                raise type("T" + "".join(c if c.isalnum() else "_" for c in builtins.kept[-1]), (ValueError,), {})()
            """,
            "pretokenize": "import builtins\ndef pretokenize(text, pattern=''): return [*getattr(builtins, 'kept', []), text]",
            "split_special": "import builtins\nraise ValueError(repr(getattr(builtins, 'kept', '')))",
        },
        edit=own_cell("import builtins\nraise ValueError(repr(builtins.kept))", first=False),
    ),
    Attack(
        "pads_its_message",
        "reading",
        "raises messages of a length at which the quoted line of a hidden test would be cut in two",
        {
            "decode": "def decode(ids, vocab):\n    if list(ids) == [10_000]: raise KeyError('x' * 1965)\n"
            "    ids = list(ids)\n    for i in ids:\n        if not 0 <= i < len(vocab): raise ValueError(str(i))\n"
            "    return b''.join(vocab[i] for i in ids).decode('utf-8', errors='replace')",
        },
    ),
]
