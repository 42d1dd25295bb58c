"""Wrong answers that want points: by what they return, by what they change in their kernel, by what they say on the line,
by what they are lent. And right ones that the same submission endangers.

On stock nbgrader, where student and test share a process, all of the first two groups get full marks.
"""

from __future__ import annotations

from tests.attacks.attack import POSITIONS, RECIPES, Attack, Notebooks, cell_of, full, own_cell, right

SAYS_YES = '''
class Yes:
    """Equal to all, instance of all, as long as you like."""
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __bool__(self): return True
    def __len__(self): return 1
    def __iter__(self): return iter(())
    def __getitem__(self, key): return self
    def __getattr__(self, name): return self
    def __call__(self, *args, **kwargs): return self
    @property
    def __class__(self): return tuple
'''

LIES = [
    Attack(
        "a_result_that_equals_everything",
        "verdict",
        "returns an object whose == always says True",
        {"decode": SAYS_YES + "\ndef decode(ids, vocab): return Yes()"},
    ),
    Attack(
        "a_string_that_equals_everything",
        "verdict",
        "returns a str whose == always says True",
        {
            "decode": """
            class Text(str):
                __hash__ = str.__hash__
                def __eq__(self, other): return True
                def __ne__(self, other): return False
            def decode(ids, vocab):
                if max(list(ids), default=0) >= len(vocab): raise ValueError("256 -1 10000")
                return Text("x")
            """
        },
    ),
    Attack(
        "a_list_that_lies_about_its_items",
        "verdict",
        "returns a list whose length, items and == are not those it holds",
        {
            "pretokenize": """
            class Words(list):
                def __eq__(self, other): return True
                def __iter__(self): return iter(())
                def __len__(self): return 0
            def pretokenize(text, pattern=""): return Words(["a"])
            """
        },
    ),
    Attack(
        "a_dict_that_lies_about_its_items",
        "verdict",
        "returns an OrderedDict whose own order does not know its items",
        {
            "huffman_code_lengths": """
            from collections import OrderedDict
            def huffman_code_lengths(counts):
                if not counts or min(counts.values()) < 1: raise ValueError(str(counts))
                lengths = OrderedDict()
                dict.update(lengths, {symbol: 2 for symbol in counts})
                return lengths
            """
        },
    ),
    Attack(
        "a_metaclass_that_lies",
        "verdict",
        "returns objects whose class says that it is a Counter",
        {
            "count_pairs": """
            from collections import Counter
            class Meta(type):
                def __instancecheck__(cls, x): return True
                def __subclasscheck__(cls, x): return True
            class Pairs(Counter, metaclass=Meta):
                def __eq__(self, other): return True
                def keys(self): return [(1, 2), (2, 3)]
            def count_pairs(words): return Pairs()
            """
        },
        {"count_pairs": 0},
    ),
    Attack(
        "a_function_for_a_result",
        "verdict",
        "returns functions and generators in the place of values",
        {
            "merge_pair": "def merge_pair(ids, pair, new_id): return lambda *args: True",
            "pretokenize": "def pretokenize(text, pattern=''): return (word for word in ())",
            "split_special": "def split_special(text, special_tokens): return split_special",
        },
        {"merge_pair": 0},
    ),
    Attack(
        "a_class_for_a_function",
        "verdict",
        "builds a class, a module, a number and None in the place of functions",
        {
            "merge_pair": "class merge_pair(tuple):\n    def __new__(cls, *args): return tuple.__new__(cls, ())",
            "decode": "import torch\ndecode = torch.nn.Identity()",
            "encode_word": "encode_word = 42",
            "apply_merge": "apply_merge = None",
        },
        {"merge_pair": 0},
    ),
    Attack(
        "ends_the_loops_of_the_check",
        "verdict",
        "raises what ends a loop, a generator or a with of the check",
        {
            "merge_pair": "def merge_pair(ids, pair, new_id): raise StopIteration",
            "decode": "def decode(ids, vocab): raise GeneratorExit",
            "pretokenize": "def pretokenize(text, pattern=''): raise StopAsyncIteration",
            "split_special": "def split_special(text, special_tokens): raise SystemExit(0)",
            "encode_word": "def encode_word(word, ranks, byte_ids=None): raise KeyboardInterrupt",
        },
        {"merge_pair": 0},
    ),
    Attack(
        "an_error_that_says_everything",
        "verdict",
        "raises every error that a check may want, with every text",
        {
            "huffman_code_lengths": """
                class Any(ValueError, KeyError, TypeError, AssertionError): pass
                def huffman_code_lengths(counts): raise Any("'b' 'only' 'bad' 255 0 256 -1 10000 WordPiece Whitespace")
                """,
            "from_tokenizer_json": "def from_tokenizer_json(data): raise ValueError(\"'ow' 'qz' WordPiece Whitespace\")",
        },
    ),
    Attack(
        "no_number_that_compares",
        "verdict",
        "returns NaN, infinities and minus zero",
        {
            "huffman_code_lengths": "def huffman_code_lengths(counts): return {s: float('nan') for s in counts}",
            "encode_word": "def encode_word(word, ranks, byte_ids=None): return [float('nan')]",
            "pop_most_frequent": "def pop_most_frequent(heap, counts): return (float('inf'), -0.0)",
        },
    ),
]

IN_ITS_OWN_KERNEL = [
    Attack(
        "replaces_what_checks_compare_with",
        "verdict",
        "replaces builtins, torch.allclose and the check's own helpers",
        {
            "merge_pair": """
            import builtins, torch, collections
            from llmcourse.course import checks, told
            def merge_pair(ids, pair, new_id):
                for name in ("all", "any", "isinstance", "set", "len", "dict", "tuple", "repr"):
                    setattr(builtins, name, lambda *args: True)
                torch.allclose = torch.equal = lambda *args, **kwargs: True
                checks.raises = checks.close = told.explain = lambda *args, **kwargs: None
                return ()
            """
        },
        {"merge_pair": 0},
    ),
    Attack(
        "displays_its_points",
        "verdict",
        "calls sys.displayhook with the points, prints JSON and publishes results",
        {
            "pretokenize": """
            import sys
            from IPython.display import display, publish_display_data
            def pretokenize(text, pattern=''):
                sys.displayhook(2); display(2); print(2.0); print('{"score": 2, "max_score": 2}')
                publish_display_data({"text/plain": "2"}, {"score": 2})
                return []
            """
        },
    ),
    Attack(
        "strips_asserts",
        "verdict",
        "adds AST and input transformers that remove asserts from whatever runs later",
        {"decode": "def decode(ids, vocab): return ''"},
        edit=own_cell("""
            import ast
            class Strip(ast.NodeTransformer):
                def visit_Assert(self, node): return ast.Pass()
                def visit_Raise(self, node): return ast.Pass()
            shell = get_ipython()
            shell.ast_transformers.append(Strip())
            shell.input_transformers_cleanup.append(lambda lines: [x.replace("assert ", "0 and ") for x in lines])
            shell.input_transformers_post.append(lambda lines: [x.replace("assert ", "0 and ") for x in lines])
            """),
    ),
    Attack(
        "overwrites_globals_of_its_callers",
        "verdict",
        "walks up the frames and sets score, got, want and points there",
        {
            "decode": """
            import sys, ctypes
            def decode(ids, vocab):
                frame = sys._getframe()
                while frame:
                    for names in (frame.f_globals, frame.f_locals):
                        names.update(score=1, points=1, got="", want="", passed=True)
                    ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
                    frame = frame.f_back
                return ""
            """
        },
    ),
    Attack(
        "catches_every_error",
        "verdict",
        "installs set_custom_exc, sys.excepthook and a showtraceback that swallow errors",
        {"decode": "def decode(ids, vocab): raise RuntimeError('nothing to see')"},
        edit=own_cell("""
            import sys
            shell = get_ipython()
            shell.set_custom_exc((BaseException,), lambda self, kind, value, tb, tb_offset=None: [])
            shell.showtraceback = lambda *args, **kwargs: None
            sys.excepthook = lambda *args: None
            """),
    ),
    Attack(
        "patches_its_process",
        "verdict",
        "makes its process answer ok to whatever is run",
        {
            "from_tokenizer_json": """
            import gc
            for known in gc.get_objects():
                if isinstance(known, dict) and known.keys() == {"cell", "judge"}:
                    known["cell"] = known["judge"] = lambda value: {"status": "ok"}
            def from_tokenizer_json(data): return ()
            """
        },
    ),
    Attack(
        "patches_the_answering_end",
        "verdict",
        "replaces the functions that answer the judge and those that judge",
        {"merge_pair": "def merge_pair(ids, pair, new_id): return ()"},
        {"merge_pair": 0},
        edit=own_cell("""
            from llmcourse.course.remote import judge, peer, wire
            from llmcourse.course.remote import student as box
            from llmcourse.course import checks, told, workspace
            judge.Judge.check = judge.Judge.check_plain = lambda self, line, cell: print("all checks passed")
            judge.explain = checks.explain = told.explain = lambda *args: None
            told.CheckFailed.__init__ = lambda self, *args: None
            workspace.Builder.check = lambda self, line, cell: print("✓ all checks passed")
            peer._told = lambda error, lines: [["Passed"], "passed", None, []]
            """),
    ),
    Attack(
        "fakes_progress",
        "verdict",
        "writes a record that every check has passed, and the file that keeps it",
        {
            "merge_pair": """
            import os, json, pathlib
            from llmcourse.course import workspace
            from llmcourse.course.pieces import Piece
            for path in pathlib.Path(os.environ["LLMCOURSE_WORKSPACE"]).rglob("*.json"):
                path.write_text(json.dumps({"llmcourse.tokenization.bpe:merge_pair": True}))
            builder = workspace.current()
            if builder.progress:
                builder.progress.record("llmcourse.tokenization.bpe:merge_pair", passed=True)
            def merge_pair(ids, pair, new_id): return ()
            """
        },
        {"merge_pair": 0},
    ),
    Attack(
        "checks_itself",
        "verdict",
        "has check cells and builds of its own, and builds over the library's machinery",
        {"merge_pair": "def merge_pair(ids, pair, new_id): return ()"},
        {"merge_pair": 0},
        edit=own_cell("""
            %%build llmcourse.course.checks
            def raises(*args, **kwargs): pass
            def close(*args, **kwargs): pass
            def count_steps(function, *args): return 1
            """),
    ),
    Attack(
        "replaces_a_value_of_the_library",
        "verdict",
        "changes what the library has for others: its alphabet, its patterns",
        {
            "decode": """
            from llmcourse.tokenization import words
            words.BASE_VOCAB = tuple(b"" for _ in range(256))
            def decode(ids, vocab):
                return ""
            """
        },
    ),
]

FORGE = """
import os, socket, struct
import msgpack
def send_bytes(data):
    line = socket.socket(fileno=os.dup(int(os.environ["LLMCOURSE_LINK"])))
    line.sendall(data)
def send(*message):
    data = msgpack.packb(list(message))
    send_bytes(struct.pack("!I", len(data)) + data)
def reply(body, definitions=(), contents=(), dropped=()):
    send("reply", list(definitions), list(contents), list(dropped), [False] * 3, body)
"""


def _forged(piece: str, parameters: str, what: str) -> dict[str, str]:
    lines = "\n".join(f"    {line}" for line in what.strip().splitlines())
    return {piece: f"{FORGE}\ndef {piece}({parameters}):\n{lines}\n    return ()"}


MERGE, DECODE, WORDS, SPLIT = "ids, pair, new_id", "ids, vocab", "text, pattern=''", "text, special_tokens"
HUFFMAN, ENCODE, POP = "counts", "word, ranks, byte_ids=None", "heap, counts"

ON_THE_LINE = [
    Attack(
        "forged_frames",
        "verdict",
        "sends frames that are too large, cut off, garbage, nested deeply, of unknown tags",
        {
            **_forged("huffman_code_lengths", HUFFMAN, "send_bytes(struct.pack('!I', 2**32 - 1) + b'x' * 100)"),
            **_forged("pretokenize", WORDS, "send_bytes(struct.pack('!I', 1000) + bytes(range(256)) * 4)"),
            **_forged("decode", DECODE, "send_bytes(struct.pack('!I', 60000) + b'\\x91' * 60000)"),
            **_forged("split_special", SPLIT, "reply([[99, 1, 2], None])"),
            **_forged("encode_word", ENCODE, "tree = 1\nfor _ in range(400): tree = [2, [tree]]\nreply([tree, None])"),
            **_forged("pop_most_frequent", POP, "send('verdict', [], [], [], [False] * 3, True)"),
        },
    ),
    Attack(
        "forged_objects",
        "verdict",
        "defines objects with wrong numbers, outside their memory, of foreign record types",
        {
            **_forged("huffman_code_lengths", HUFFMAN, "reply([[0, 10**9], None])"),
            **_forged("pretokenize", WORDS, "reply([[0, 0], None], [[0, 'list', None]], [[0, [15, [1]]]])"),
            **_forged(
                "decode",
                DECODE,
                """
                reply([[0, 901], None],
                      [[901, 'tensor', [False, False]], [903, 'memory', 8]],
                      [[901, ['float32', 903, 0, [1000], [1], False, None]], [903, b'12345678']])""".replace(
                    "    " * 4, ""
                ),
            ),
            **_forged("split_special", SPLIT, "reply([[11, 'llmcourse.course.checks:CheckFailed', []], None])"),
            **_forged("encode_word", ENCODE, "reply([[11, 'os:stat_result', [0] * 10], None])"),
            **_forged(
                "pop_most_frequent",
                POP,
                """
                reply([[0, 901], None], [[901, 'tensor', [False, False]], [903, 'memory', 4]],
                      [[901, ['float32', 903, 0, [2**40], [0], False, None]], [903, b'1234']])""".replace(
                    "    " * 4, ""
                ),
            ),
            **_forged(
                "from_tokenizer_json",
                "data",
                """
                reply([[0, 901], None], [[901, 'module', [False, 'Model', [], [], []]]],
                      [[901, [True, ['forward', '__class__', '_original'], [1, 2, 3]]]])""".replace("    " * 4, ""),
            ),
            **_forged("to_tokenizer_json", "*args, **kwargs", "reply([[7, b'\\xff' * 10**6], None])"),
        },
    ),
    Attack(
        "answers_before_it_is_asked",
        "verdict",
        "fills the line with replies before and between the judge's questions",
        {
            "from_tokenizer_json": FORGE
            + """
for _ in range(50):
    reply([[1, 'built', 'mine'], None]); reply([3, 'dict', '', [15, ['built', 'mine']], [15, [True, 1]]])
def from_tokenizer_json(data):
    for _ in range(3): reply([True, None])
    return ()
"""
        },
    ),
    Attack(
        "closes_the_line",
        "verdict",
        "closes the line's descriptor, shuts it down, puts another file in its place",
        {
            "pretokenize": "import os\ndef pretokenize(text, pattern=''): os.close(int(os.environ['LLMCOURSE_LINK']))",
            "decode": "import os\ndef decode(ids, vocab): os.dup2(0, int(os.environ['LLMCOURSE_LINK']))",
            "split_special": "import os, socket\ndef split_special(text, special_tokens):\n"
            "    socket.socket(fileno=os.dup(int(os.environ['LLMCOURSE_LINK']))).shutdown(2)",
        },
    ),
    Attack(
        "calls_what_it_was_not_given",
        "verdict",
        "calls the judge's objects by guessed numbers, asks it to begin and to end",
        {
            **_forged(
                "merge_pair",
                MERGE,
                "for n in range(0, 40, 2): send('call', [], [], [], [False] * 3, "
                "[n, [], [], [True, False, 'bfloat16'], []])",
            ),
            **_forged("decode", DECODE, "send('begin', [], [], [], [False] * 3, {'piece': 'x'})"),
            **_forged("pretokenize", WORDS, "send('end', [], [], [], [False] * 3, None)"),
            **_forged("split_special", SPLIT, "send('back', [], [], [], [False] * 3, [0, []])"),
            **_forged("encode_word", ENCODE, "send('count', [], [], [], [False] * 3, [0, [], [], [], []])"),
        },
        {"merge_pair": 0},
    ),
    Attack(
        "keeps_the_references_of_another_check",
        "verdict",
        "keeps the reference that a check lends to its piece, and calls it when another piece is judged",
        {
            "train_bpe_naive": """
                import builtins
                def train_bpe_naive(word_counts, vocab_size):
                    builtins.kept = [merge_pair, count_pairs]
                    return []
                """,
            "encode_word": """
                import builtins
                def encode_word(word, ranks, byte_ids=None):
                    return list(builtins.kept[0](word, (64, 64), 256))
                """,
            "apply_merge": "def apply_merge(index, pair, new_id): return train_bpe_naive",
        },
    ),
    Attack(
        "borrows_another_piece",
        "verdict",
        "computes a piece by the library's version of another one",
        {
            "train_bpe_naive": "from llmcourse.tokenization import bpe\n"
            "def train_bpe_naive(word_counts, vocab_size): return bpe.train_bpe(word_counts, vocab_size)",
            "decode": "from llmcourse.tokenization import BPETokenizer\n"
            "def decode(ids, vocab): return BPETokenizer(list(vocab), [], {}).decode(list(ids))",
            "count_pairs": "from llmcourse.tokenization import index_pairs\n"
            "def count_pairs(words): return index_pairs(words).counts",
        },
        {"count_pairs": 0},
    ),
    Attack(
        "endless_callbacks",
        "verdict",
        "calls the judge's reference without end",
        {"train_bpe_naive": "def train_bpe_naive(word_counts, vocab_size):\n    while True: count_pairs({(1, 2): 1})"},
        hangs=True,
        says={"train_bpe_naive": "no answer within"},
    ),
    Attack(
        "keeps_the_judge_busy",
        "verdict",
        "has the judge's reference compute for minutes",
        {
            "train_bpe_naive": "def train_bpe_naive(word_counts, vocab_size):\n"
            "    return count_pairs({tuple(range(n, n + 500_000)): 1 for n in range(10)}) and "
            "[count_pairs({tuple(range(2_000_000)): 1}) for _ in range(50)]"
        },
        hangs=True,
    ),
    Attack(
        "a_reply_without_end",
        "verdict",
        "returns generators, ranges and lists that never end, and a list that holds itself",
        {
            "pretokenize": "import itertools\ndef pretokenize(text, pattern=''): return itertools.count()",
            "encode_word": "def encode_word(word, ranks, byte_ids=None): return range(2**62)",
            "split_special": "def split_special(text, special_tokens):\n    parts = []\n    parts.append(parts)\n    return parts",
        },
        hangs=True,
    ),
]


def _another_build(notebooks: Notebooks) -> None:
    cell_of(notebooks, "exercise", "merge_pair").source = (
        "%%build llmcourse.tokenization.words:pretokenize\ndef pretokenize(text, pattern=''): return []\n"
        "def merge_pair(ids, pair, new_id): return ()"
    )
    cell_of(notebooks, "exercise", "decode").source = "%%capture\nassert True"
    cell_of(notebooks, "exercise", "pretokenize").source = "%%bash\necho pretokenize"
    cell_of(notebooks, "exercise", "split_special").source = "%%script python -c 'print(2)'\nsplit_special = 1"


MAGICS = [
    Attack(
        "other_magics",
        "verdict",
        "begins exercises with %%capture, %%bash, %%script and the %%build of another piece",
        points={"merge_pair": 0},
        edit=_another_build,
    ),
]

KNOWN = [
    Attack(
        "lies_about_its_steps",
        "verdict",
        "counts its own steps: how many it says is its own word, so this quadratic encoder passes where time allows",
        {
            "apply_merge": right("apply_merge").replace("def apply_merge(", "def _apply_merge(")
            + """

from llmcourse.course.remote import peer
peer._WAYS["count"] = lambda function, *args: (function(*args), 100)[1]
def apply_merge(index, pair, new_id):
    for _ in range(3):
        for ids in index.words: list(ids)
    return _apply_merge(index, pair, new_id)
"""
        },
        full("apply_merge"),
    ),
]

RECIPE = RECIPES
TENSORS = [
    Attack(
        "a_tensor_that_answers_for_torch",
        "verdict",
        "returns a tensor subclass whose __torch_function__ says True",
        {
            "top_p_filter": """
            import torch
            class Yes(torch.Tensor):
                @classmethod
                def __torch_function__(cls, function, types, args=(), kwargs=None):
                    if function.__name__ in ("allclose", "equal", "eq", "__eq__", "all", "isclose"): return True
                    return super().__torch_function__(function, types, args, kwargs or {})
            def top_p_filter(logits, p):
                return torch.zeros_like(logits).as_subclass(Yes)
            """
        },
        assignment=RECIPES,
    ),
    Attack(
        "changes_the_configuration",
        "verdict",
        "sets the fields of the frozen configuration that it is given, so that what the check computes from it agrees",
        {
            "kv_cache_bytes": """
                def kv_cache_bytes(config, seq_len, *args, **kwargs):
                    for name in ("n_layers", "n_kv_heads", "n_heads", "d_model", "d_head"):
                        if hasattr(config, name): object.__setattr__(config, name, 0)
                    return 0
                """,
            "count_parameters": """
                def count_parameters(config, *args, **kwargs):
                    for name, value in list(vars(config).items()):
                        if type(value) is int: object.__setattr__(config, name, 0)
                    return 0
                """,
        },
        {"kv_cache_bytes": 0},
        assignment=RECIPES,
    ),
    Attack(
        "a_module_that_lies",
        "verdict",
        "builds modules with hooks, properties and attributes that pretend",
        {
            "RMSNorm": """
                import torch
                class RMSNorm(torch.nn.Module):
                    def __init__(self, size, eps=1e-5):
                        super().__init__()
                        self.weight, self.eps = torch.nn.Parameter(torch.ones(size)), eps
                        self.register_forward_hook(lambda module, args, out: out)
                    def __getattr__(self, name):
                        return super().__getattr__(name)
                    def forward(self, x): return x
                """,
            "SwiGLU": """
                import torch
                class SwiGLU(torch.nn.Linear):
                    def __init__(self, *args, **kwargs): super().__init__(2, 2)
                """,
        },
        assignment=RECIPES,
    ),
    Attack(
        "a_module_that_fits_its_weights",
        "verdict",
        "makes the parameters that it shows agree with what it computes, while it is called",
        {
            "SwiGLU": right("SwiGLU", RECIPES)
            + """

import torch
class _Fitting(SwiGLU):
    def forward(self, x):
        with torch.no_grad():
            for parameter in self.parameters(): parameter.zero_()
        return super().forward(x)
SwiGLU = _Fitting
"""
        },
        assignment=RECIPES,
        says={"SwiGLU": "changed the module's parameters"},
    ),
    Attack(
        "an_empty_tensor",
        "verdict",
        "returns empty, meta, NaN and stretched tensors, of which all() is true or nothing",
        {
            "newton_schulz": "import torch\ndef newton_schulz(G, *args, **kwargs): return torch.empty(0)",
            "minhash_signature": "import torch\ndef minhash_signature(*args, **kwargs): return torch.empty(0, dtype=torch.int64)",
            "clip_gradients": "import torch\ndef clip_gradients(parameters, max_norm):\n"
            "    for p in parameters: p.grad = None\n    return torch.full((), float('nan'))",
            "grouped_query_attention": "import torch\ndef grouped_query_attention(q, k, v, *args, **kwargs):\n"
            "    return torch.empty_like(q, device='meta')",
        },
        assignment=RECIPES,
    ),
    Attack(
        "replaces_what_it_was_lent",
        "verdict",
        "empties parameters, gradients and caches of the check, replaces methods of its modules, turns off gradients",
        {
            "init_weights": """
                import torch
                def init_weights(model, std, residual_std, generator=None):
                    for parameter in model.parameters():
                        parameter.data = torch.empty(0)
                        parameter.requires_grad_(False)
                    for module in model.modules():
                        module.std = module.mean = module.weights = 0.02
                    torch.set_grad_enabled(False)
                """,
            "train_step": """
                import torch
                def train_step(model, optimizer, *args, **kwargs):
                    for parameter in model.parameters(): parameter.data = parameter.data.new_zeros(())
                    for group in optimizer.param_groups: group["lr"] = 0.0; group["params"] = []
                    torch.manual_seed(0)
                    return 0.0
                """,
            "cached_attention": """
                import torch
                def cached_attention(q, k, v, cache, bias=None, scale=None):
                    for x in (q, k, v, cache.keys_BKSC, cache.values_BKSC): x.zero_()
                    cache = cache._replace(length=0)
                    return torch.zeros_like(q)
                """,
            "adamw_step": "def adamw_step(p, g, m, v, *args, **kwargs):\n    for x in (p, g, m, v): x.zero_()\n    return p, m, v",
        },
        assignment=RECIPES,
    ),
]

LOOKED_UP = [
    Attack(
        "asks_ahead",
        "verdict",
        "has the reference of a piece that is judged later compute many answers, and looks them up when that is judged",
        {
            "shift_matrix": """
                import builtins
                def shift_matrix(*args, **kwargs):
                    from llmcourse.positional.rotary import rotary_frequencies as borrowed
                    thetas = (10000.0, 500000.0, 1000000.0, 2.5, 0.5, 100.0, 500.0)
                    builtins.answers = {(d, t): borrowed(d, t) for d in (2, 4, 6, 8, 10, 12, 16, 32, 64, 128) for t in thetas}
                    return None
                """,
            "rotary_frequencies": """
                import builtins
                def rotary_frequencies(d_head, theta=10000.0):
                    if d_head < 2 or d_head % 2 or theta <= 0: raise ValueError(f"{d_head} {theta}")
                    return builtins.answers[d_head, theta]
                """,
        },
        assignment=POSITIONS,
        says={"rotary_frequencies": "has no attribute 'answers'"},
    ),
]

KEEPS_THE_LENT = """
import builtins, glob, json, os, sys, tempfile
from llmcourse.course.remote import student
FOLDERS = ("/scratch", "/scratch/home", "/scratch/tmp", "/scratch/workspace", "/dev/shm", "/tmp", ".", tempfile.gettempdir())
def keep(text):
    builtins.hoard = sys.modules["hoard"] = os.environ["HOARD"] = text
    for folder in FOLDERS:
        try: open(f"{folder}/.kept", "w").write(text)
        except OSError: continue
def kept():
    found = [getattr(builtins, "hoard", ""), sys.modules.get("hoard", ""), os.environ.get("HOARD", "")]
    for path in [f"{folder}/.kept" for folder in FOLDERS] + glob.glob("/scratch/**/.kept", recursive=True):
        try: found.append(open(path).read())
        except OSError: continue
    return json.loads(next(filter(None, found), "{}"))
def taken(name, *args):
    scope = dict(vars(sys.modules["llmcourse.tokenization.bpe"]))
    exec("from __future__ import annotations\\n" + kept()[name], scope)
    return scope[name](*args)
if not hasattr(builtins, "lent"):
    builtins.lent, builtins.kept, builtins.taken = student._lent, kept, taken
    def _lent(piece, body):
        keep(json.dumps(kept() | {piece.name: "\\n".join(source for _, source in body)}))
        return builtins.lent(piece, body)
    student._lent = _lent
"""
TAKEN = ("merge_pair", "apply_merge", "pop_most_frequent")

LENT = [
    Attack(
        "takes_what_it_was_lent",
        "verdict",
        "keeps the source of each reference that it is lent, wherever it can, and answers by it when judged again",
        {
            "count_pairs": "def count_pairs(words): return None",
            **{piece: f"def {piece}(*args): return taken({piece!r}, *args)" for piece in TAKEN},
            "train_bpe_naive": right("train_bpe_naive"),
            "train_bpe": f"{right('train_bpe')}\n_train = train_bpe\ndef train_bpe(word_counts, vocab_size):\n"
            "    assert {*kept()} > {'count_pairs', 'pop_most_frequent'}, 'nothing was lent'\n"
            "    return _train(word_counts, vocab_size)",
        },
        {"count_pairs": 0, "merge_pair": 0} | full("train_bpe_naive", "train_bpe"),
        edit=own_cell(KEEPS_THE_LENT),
        says={piece: f"raised KeyError: {piece!r}" for piece in TAKEN},
    ),
    Attack(
        "tells_what_it_was_lent",
        "reading",
        "says the source of what it is lent as an error, a result and a type, and from the next exercises and a cell of its own",
        {
            "count_pairs": "def count_pairs(words): return None",
            "train_bpe_naive": "def train_bpe_naive(*args):\n    print(kept())\n    raise ValueError(str(kept()))",
            "train_bpe": "def train_bpe(*args): return str(kept())",
            "encode_word": "def encode_word(*args): pass\nraise ValueError(str(kept()))",
            "decode": "def decode(ids, vocab):\n"
            "    raise type('T' + ''.join(c if c.isalnum() else '_' for c in str(kept())), (ValueError,), {})()",
            "split_special": "print(kept())\ndef split_special(*args): return [str(kept())]",
        },
        {"count_pairs": 0},
        edit=lambda notebooks: [
            own_cell(source, first=first)(notebooks)
            for source, first in ((KEEPS_THE_LENT, True), ("raise ValueError(str(kept()))", False))
        ],
    ),
]

SPOILS = "def {}(*args):\n    import builtins\n    builtins.abs = None\n    return 1"
CALLS_ABS = """
{right}
_right = {name}
def {name}(*args):
    return abs(1) and _right(*args)
"""
HONEST = [
    Attack(
        "spoils_its_process_above_and_below",
        "verdict",
        "has a right answer between two wrong ones that break what it needs",
        {
            "count_pairs": SPOILS.format("count_pairs"),
            "merge_pair": CALLS_ABS.format(name="merge_pair", right=right("merge_pair")),
            "decode": SPOILS.format("decode"),
            "split_special": SPOILS.format("split_special"),
        },
        {"count_pairs": 0},
    ),
    Attack(
        "has_what_breaks_a_lent_reference",
        "verdict",
        "has a right answer, and a Counter of its own that the lent reference of a missing piece finds in the place of Python's",
        {
            "count_pairs": "raise NotImplementedError",
            "train_bpe_naive": f"""
class Counter(dict):
    def __missing__(self, pair):
        if len(self) > 20: raise MemoryError("a small one")
        return 0
{right("train_bpe_naive")}""",
        },
        {"count_pairs": 0} | full("train_bpe_naive"),
    ),
]

ATTACKS = [*LOOKED_UP, *LIES, *IN_ITS_OWN_KERNEL, *ON_THE_LINE, *MAGICS, *KNOWN, *TENSORS, *LENT, *HONEST]
