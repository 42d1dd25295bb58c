import json
import re
import unicodedata
from html.parser import HTMLParser

import pytest
import quickjs
import tokenizers
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import models, pre_tokenizers, trainers

from llmcourse.course.notebook.interactive import (
    alarm_tuner,
    allreduce_stepper,
    bpe_stepper,
    bucket_timeline,
    cache_reader,
    checkpoint_figure,
    context_stretch,
    expert_queues,
    figure,
    four_bits,
    gate_explorer,
    isoflop_valleys,
    memory_ledger,
    mesh_explorer,
    minhash_banding,
    pipeline_schedule,
    price_race,
    rope_rotator,
    routing_heatmap,
    run_bill,
    scaling_optimum,
    serving_cost,
    token_exchange,
    token_sampler,
    valley_walk,
)
from llmcourse.course.notebook.interactive.figure import asset, embed, figure_id
from llmcourse.course.notebook.recorded import read_recorded
from llmcourse.course.paths import course_root
from llmcourse.pretrain.settings.config import load
from llmcourse.scaling_laws.recorded import ladder
from llmcourse.tokenization.bpe import build_vocab, train_bpe_naive
from llmcourse.tokenization.words import byte_alphabet, count_words, pretokenize
from tests.course.figures import core

LOOK = {"loss": 5.0, "norm": 1.0, "validation": 5.0, "balance": 1.0, "load": 1.5, "idle": 0, "epochs": 0.1}
FIGURES = {
    "allreduce": allreduce_stepper(),
    "alarm": alarm_tuner({"well": [LOOK, LOOK]}, [5, 10], well="well"),
    "mesh": mesh_explorer({"eight GPUs": (load(course_root() / "configs/eight-gpus.toml"), 8)}),
    "bpe": bpe_stepper("low lower"),
    "cache": cache_reader(),
    "rope": rope_rotator(),
    "memory": memory_ledger(),
    "pipeline": pipeline_schedule(),
    "checkpoints": checkpoint_figure(),
    "stretch": context_stretch(),
    "sampler": token_sampler({"a": torch.tensor([1.0, 2.0])}, ["b", "</script>"]),
    "bill": run_bill(),
    "scaling": scaling_optimum(),
    "gate": gate_explorer(),
    "queues": expert_queues(),
    "exchange": token_exchange(),
    "valley": valley_walk(),
    "serving": serving_cost(),
    "valleys": isoflop_valleys(ladder("python")),
    "overlap": bucket_timeline(),
    "four bits": four_bits(),
    "race": price_race(read_recorded("dense_or_sparse")[1], {"dense": 1.0, "mixture": 1.0, "large": 2.2}),
    "banding": minhash_banding([0.0, 0.2, 0.9]),
    "routing": routing_heatmap({"alone": [[[3, 0], [1, 2]]]}, ["letter", "digit"], [0], top_k=1),
}
EXAMPLES = [
    "low lower lowest, new newer newest",
    "aaaa aaaaa aaa",
    "abababab ab aba",
    "It's 2024: they'll say 12345 'tis\r\n\n\tindented   text ",
    "naïve café Ελλάδα 日本語日本 שלום हिन्दी",
    "👩‍👩‍👧 👩‍👩‍👧 e\u0301 \u00a0\u2003x\u0085y\ufeffz\u200b",
    "x\x00y\x1cz",
    " ",
    "!",
]
# Characters that every engine's Unicode tables know; Python 3.11's are older than the engine's.
known_text = st.text(
    st.one_of(st.sampled_from("ab \n'’é日👩\u200d1"), st.characters(exclude_categories=("Cs", "Cn", "Co"))), max_size=60
).filter(lambda text: all(unicodedata.category(character) != "Cn" for character in text))


js = core("bpe")


def train_with_tokenizers(text: str, n_merges: int) -> list[tuple[int, int]]:
    model = tokenizers.Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=256 + n_merges, initial_alphabet=alphabet, show_progress=False)
    model.train_from_iterator([text], trainer)
    ids = model.get_vocab()
    return [(ids[left], ids[right]) for left, right in json.loads(model.to_str())["model"]["merges"]]


def scripts_of(html: str) -> list[str]:
    found = []

    class Parser(HTMLParser):
        inside = False

        def handle_starttag(self, tag, attrs):
            self.inside = tag == "script"

        def handle_data(self, data):
            if self.inside:
                found.append(data)

        def handle_endtag(self, tag):
            self.inside = False

    Parser().feed(html)
    return found


def test_javascript_has_the_library_s_byte_order(js):
    assert js.value("byteOfId") == [byte for byte, _ in byte_alphabet()]


@pytest.mark.parametrize("text", EXAMPLES)
def test_javascript_splits_words_as_the_library_does(js, text):
    order = [byte for byte, _ in byte_alphabet()]
    bytes_of_words = [bytes(order[i] for i in ids) for ids in js("toWords", text)]
    assert bytes_of_words == [word.encode() for word in pretokenize(text)]


@pytest.mark.parametrize("text", EXAMPLES)
def test_javascript_trains_as_tokenizers_does(js, text):
    merges = [tuple(pair) for pair in js("train", text, 40)["merges"]]
    assert merges == train_with_tokenizers(text, 40)


@settings(max_examples=150, deadline=None)
@given(text=known_text.filter(bool) | st.text("ab", min_size=20, max_size=90))
def test_javascript_trains_as_the_library_does_merge_for_merge(js, text):
    merges = [tuple(pair) for pair in js("train", text, 30)["merges"]]
    assert merges == train_bpe_naive(count_words([text]), 256 + 30)


def test_javascript_counts_tokens_after_each_merge(js):
    trained = js("train", "aaaa aaa", 3)
    # a,a,a,a ␣,a,a,a -> aa,aa ␣,aa,a -> ␣aa is only one of several pairs found once
    assert trained["counts"][:2] == [8, 5]
    assert all(later < earlier for earlier, later in zip(trained["counts"], trained["counts"][1:], strict=False))


@settings(max_examples=100, deadline=None)
@given(text=known_text)
def test_javascript_bytes_of_tokens_are_the_library_s(js, text):
    merges = js("train", text, 20)["merges"]
    vocab = build_vocab([tuple(pair) for pair in merges])
    assert [bytes(js("bytesOf", 256 + i, merges)) for i in range(len(merges))] == vocab[256 : 256 + len(merges)]


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=12))
def test_javascript_shows_a_byte_as_hexadecimal_exactly_where_python_cannot_decode_it(js, raw):
    shown = js("display", list(raw))
    invalid = [part["text"] for part in shown if part["kind"] == "byte" and not part["text"].startswith("U+")]
    # "surrogateescape" keeps each byte that is no part of a whole character as U+DC80 to U+DCFF.
    expected = [f"{ord(c) - 0xDC00:02X}" for c in raw.decode("utf-8", "surrogateescape") if "\udc80" <= c <= "\udcff"]
    assert invalid == expected


def test_javascript_makes_blanks_and_bare_accents_visible(js):
    def texts(characters):
        return [part["text"] for part in js("display", list(characters.encode()))]

    assert texts(" a\n\t") == ["␣", "a", "⏎", "⇥"]
    assert texts("\u0301") == ["\u25cc\u0301"]
    assert texts("\u200b\x00") == ["U+200B", "U+0000"]
    assert texts("👩‍👧") == ["👩‍👧"]


def test_javascript_takes_half_a_surrogate_pair_for_the_replacement_character(js):
    assert js("utf8", "\ud83d") == list("\ufffd".encode())


@pytest.mark.parametrize("shown", FIGURES.values(), ids=FIGURES)
def test_the_whole_figure_is_valid_javascript_and_leaves_no_global_behind(shown):
    context = quickjs.Context()
    before = json.loads(context.eval("JSON.stringify(Object.getOwnPropertyNames(globalThis))"))
    context.eval("globalThis.document = {querySelectorAll: () => []}")
    (script,) = scripts_of(shown.data)
    context.eval(script)
    after = json.loads(context.eval("JSON.stringify(Object.getOwnPropertyNames(globalThis))"))
    assert set(after) - set(before) == {"document"}


@pytest.mark.parametrize("hostile", ["</script><b>x", "<!--<script>", "\u2028 & ' \" \\", "$x$ \\(y\\)"])
def test_hostile_text_stays_inside_the_figure(hostile):
    page = bpe_stepper(hostile, n_merges=1).data
    (script,) = scripts_of(page)
    assert script.rstrip().endswith("})();")
    assert "<b>x" not in page


def test_pages_are_reproducible_and_different_figures_have_different_ids():
    assert bpe_stepper("low lower").data == bpe_stepper("low lower").data
    assert figure_id("a", {"x": 1, "y": 2}) == figure_id("a", {"y": 2, "x": 1})
    assert len({figure_id("a", {}), figure_id("b", {}), figure_id("a", {"x": 1})}) == 3


@pytest.mark.parametrize("shown", FIGURES.values(), ids=FIGURES)
def test_the_figure_asks_no_other_host_for_anything(shown):
    page = shown.data
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", page))
    assert addresses <= {"http://www.w3.org"}  # the name of SVG's namespace, which nothing fetches
    assert not re.search(r"\b(?:src|href|fetch|import|XMLHttpRequest)\s*[=(]", page)


def test_without_javascript_the_first_merges_are_a_table():
    page = bpe_stepper("low lower lowest", n_merges=3).data
    rows = re.findall(r"<tr><td>(\d+)</td>(.*?)<td>(\d+)</td></tr>", page)
    cells = [re.findall("<code>(.*?)</code>", row[1]) for row in rows]
    # l,o,w ␣,l,o,w,e,r ␣,l,o,w,e,s,t: "lo" and "ow" tie at 3, and l has the smaller id
    assert [row[2] for row in rows] == ["16", "13", "10", "8"]
    assert cells[1:] == [["l", "o", "lo"], ["lo", "w", "low"], ["␣", "low", "␣low"]]


@settings(max_examples=30, deadline=None)
@given(text=known_text.filter(bool))
def test_the_table_agrees_with_the_javascript(js, text):
    page = bpe_stepper(text, n_merges=5).data
    table = [int(n) for n in re.findall(r"<td>(\d+)</td></tr>", page)]
    assert table == js("train", text, 5)["counts"]


def test_given_merges_are_replayed():
    first, second = [(78, 86), (75, 256)], [(75, 78), (256, 86)]
    pages = [bpe_stepper("low", merges=merges, n_merges=2).data for merges in (first, second)]
    assert "<code>ow</code>" in pages[0] and "<code>lo</code>" in pages[1]
    assert '"merges": [[78, 86], [75, 256]]' in pages[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": ""}, "0 characters"),
        ({"text": "a" * 601}, "601 characters"),
        ({"text": "\ud800"}, "surrogate"),
        ({"text": "a", "n_merges": 0}, "n_merges is 0"),
        ({"text": "a", "merges": [(0, 256)]}, r"merge 0 is \(0, 256\)"),
        ({"text": "a", "merges": [(0, 1), (-1, 2)]}, "merge 1"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        bpe_stepper(**arguments)


def test_an_asset_that_would_end_its_script_is_refused(tmp_path, monkeypatch):
    (tmp_path / "bad.js").write_text("const s = '</script>';", encoding="utf-8")
    monkeypatch.setattr(figure, "STATIC", tmp_path)
    with pytest.raises(ValueError, match="would end"):
        asset("bad.js")
    with pytest.raises(ValueError, match="no asset 'none.js'"):
        asset("none.js")


def test_a_bad_name_is_refused():
    with pytest.raises(ValueError, match="Bad name"):
        embed("Bad name", scripts=(), config={}, fallback="", label="")


def test_keys_that_are_pressed_in_a_figure_do_not_reach_the_page():
    """The book turns pages with the arrow keys, which also move sliders."""
    context = quickjs.Context()
    context.eval(asset("figure.js"))
    context.eval("""
        const heard = {};
        const host = {
            dataset: {}, addEventListener: (kind, listener) => { heard[kind] = listener; },
            attachShadow: () => ({ append() {} }),
        };
        const document = { querySelectorAll: () => [host], createElement: () => ({}) };
        startFigure("id", "", {}, () => {});
        let stopped = 0;
        heard.keydown({ key: "ArrowRight", stopPropagation: () => { stopped += 1; } });
    """)
    assert context.eval("stopped") == 1
