"""The corpora: same text everywhere, no text in two splits, and a known entropy rate."""

import math
import random
import sys
import types
from collections import Counter
from itertools import pairwise

import pytest

from llmcourse.data import TOY_GRAMMAR, CorpusUnavailableError, corpus, stream, toy_entropy_rate
from llmcourse.data import corpora as data


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A standard library and site-packages of a few files, in place of this machine's."""

    def build(order):
        root = tmp_path / str(len(list(tmp_path.iterdir())))
        for i in order:
            folder = root / "lib" / f"package{i % 7}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"m{i}.py").write_text(f"value = {i}\n" * 5)
        packages = root / "lib" / "site-packages"
        (packages / "llmcourse").mkdir(parents=True)
        (packages / "llmcourse" / "own.py").write_text("own\n")
        (packages / "copy.py").write_text("value = 0\n" * 5)
        (packages / "crlf.py").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\x00\n")
        (packages / "latin1.py").write_bytes(b"# caf\xe9\n")
        (packages / "empty.py").write_text("")
        (packages / "notes.txt").write_text("not python")
        (packages / "__pycache__").mkdir()
        (packages / "__pycache__" / "cached.py").write_text("cached\n")
        paths = {"stdlib": str(root / "lib"), "purelib": str(packages), "platlib": str(packages)}
        monkeypatch.setattr(data.sysconfig, "get_paths", lambda: paths)

    return build


def test_python_corpus_does_not_depend_on_place_or_order_of_creation(tree):
    tree(list(range(200)))
    first = corpus("python"), corpus("python", "validation")
    tree(random.Random(0).sample(range(200), 200))
    assert (corpus("python"), corpus("python", "validation")) == first
    assert corpus("python", seed=1) != first[0]
    assert sorted(corpus("python", seed=1)) == sorted(first[0])


def test_python_corpus_is_clean_and_holds_each_text_once(tree):
    tree(list(range(200)))
    documents = corpus("python") + corpus("python", "validation")
    assert Counter(documents) == Counter([f"value = {i}\n" * 5 for i in range(200)] + ["a\nb\nc\n"])


def test_source_files_come_by_file_or_by_whole_folders(tree):
    tree(list(range(200)))
    by_file, by_folder = list(data.source_files()), list(data.source_files(by="folder"))
    assert sorted(by_file) == sorted(by_folder) and by_file != by_folder
    folders = [name.rsplit("/", 1)[0] for name, _ in by_folder]
    changes = len([1 for a, b in pairwise(folders) if a != b])
    assert changes == len(set(folders)) - 1
    with pytest.raises(ValueError, match="'size'"):
        next(data.source_files(by="size"))


def test_splits_share_no_document_and_validation_is_about_a_twentieth(tree):
    tree(list(range(400)))
    validation = corpus("python", "validation")
    assert not set(validation) & set(corpus("python"))
    assert 5 <= len(validation) <= 40


@pytest.mark.parametrize("name", ["python", "toy"])
def test_limit_gives_the_beginning_at_the_exact_size(name):
    small, large = corpus(name, limit_mb=0.05), corpus(name, limit_mb=0.2)
    assert 50_000 - 3 <= len("".join(small).encode()) <= 50_000
    assert "".join(large).startswith("".join(small))
    assert small[:-1] == large[: len(small) - 1]


def test_limit_cuts_between_characters():
    assert list(data._limit(["é" * 10], 5e-6)) == ["éé"]
    assert list(data._limit(["ab", "cd", "ef"], 4e-6)) == ["ab", "cd"]


def test_small_limit_reads_few_files(monkeypatch):
    read = []
    original = data.Path.read_bytes
    monkeypatch.setattr(data.Path, "read_bytes", lambda path: read.append(path) or original(path))
    corpus("python", limit_mb=0.1)
    assert len(read) < 200


def test_real_python_corpus_is_at_least_ten_megabytes():
    assert sum(len(document) for document in stream("python", limit_mb=10)) > 9_000_000


def derivation_bits(text: str) -> float:
    """The bits of a text's rules, read off the text from left to right: one word ahead decides between the rules."""

    def starts(body, symbols_after=()):
        if not body:
            return {None}
        if body[0] not in TOY_GRAMMAR:
            return {body[0]}
        return {start for _, rule in TOY_GRAMMAR[body[0]] for start in starts(rule)}

    position, bits, todo = 0, 0.0, ["TEXT"]
    while todo:
        item = todo.pop()
        if item not in TOY_GRAMMAR:
            assert text.startswith(item, position)
            position += len(item)
            continue
        options = TOY_GRAMMAR[item]
        fitting = [
            (weight, body)
            for weight, body in options
            if any(start is not None and text.startswith(start, position) for start in starts(body))
        ] or [(weight, body) for weight, body in options if not body]
        assert len(fitting) == 1, (item, text[position : position + 20])
        bits -= math.log2(fitting[0][0] / sum(weight for weight, _ in options))
        todo.extend(reversed(fitting[0][1]))
    assert position == len(text)
    return bits


def test_toy_texts_have_one_derivation_each_and_its_bits_average_to_the_entropy_rate():
    documents = corpus("toy", limit_mb=0.8)[:-1]
    bits = [derivation_bits(document) for document in documents]
    characters = [len(document) for document in documents]
    rate = sum(bits) / sum(characters)
    # The standard error of a ratio of sums, over independent documents.
    n = len(documents)
    residuals = [b - rate * c for b, c in zip(bits, characters)]
    error = math.sqrt(sum(r * r for r in residuals)) / sum(characters)
    assert n > 2000 and error < 0.003
    assert abs(rate - toy_entropy_rate()) < 4 * error


def test_toy_entropy_rate_is_below_what_an_order_k_character_model_reaches():
    text = "".join(corpus("toy", limit_mb=0.8))
    order = 7
    contexts, continued = Counter(), Counter()
    for i in range(order, len(text)):
        contexts[text[i - order : i]] += 1
        continued[text[i - order : i + 1]] += 1
    conditional = sum(n * math.log2(contexts[key[:-1]] / n) for key, n in continued.items()) / sum(continued.values())
    assert toy_entropy_rate() < conditional < toy_entropy_rate() * 1.25


def test_toy_entropy_rate_of_a_grammar_solved_by_hand(monkeypatch):
    monkeypatch.setattr(data, "TOY_GRAMMAR", {"TEXT": [(1, ["a", "TEXT"]), (1, ["b"])]})
    assert toy_entropy_rate() == pytest.approx(1.0)
    monkeypatch.setattr(data, "TOY_GRAMMAR", {"TEXT": [(3, ["aa", "X", "X"])], "X": [(1, ["b"]), (3, [])]})
    hand = 2 * (0.25 * 2 + 0.75 * math.log2(4 / 3)) / (2 + 2 * 0.25)
    assert toy_entropy_rate() == pytest.approx(hand)


def test_toy_corpus_is_the_same_for_the_same_seed_only():
    assert corpus("toy", limit_mb=0.01) == corpus("toy", limit_mb=0.01)
    assert corpus("toy", limit_mb=0.01) != corpus("toy", limit_mb=0.01, seed=1)
    assert corpus("toy", limit_mb=0.01) != corpus("toy", "validation", limit_mb=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("books",), "the corpus is 'books'; it must be one of 'python', 'toy', 'fineweb-edu', 'tinystories'"),
        (("toy", "test"), "split is 'test'"),
        (("toy", "train", 0), "limit_mb is 0"),
        (("toy", "train", -1.5), "limit_mb is -1.5"),
        (("toy", "train", math.nan), "limit_mb is nan"),
    ],
)
def test_arguments_that_name_nothing_are_refused_at_once(arguments, message):
    with pytest.raises(ValueError, match=message):
        stream(*arguments)


def test_hub_corpus_without_the_extra_says_what_to_install_and_what_works_offline(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(CorpusUnavailableError, match=r"llmcourse\[hub\].*'python' and 'toy' work offline"):
        corpus("tinystories")


def hub_with(monkeypatch, load_dataset):
    module = types.ModuleType("datasets")
    module.load_dataset = load_dataset
    monkeypatch.setitem(sys.modules, "datasets", module)


def test_hub_corpus_without_a_network_says_what_works_offline(monkeypatch):
    def load_dataset(**_):
        raise ConnectionError("no route")

    hub_with(monkeypatch, load_dataset)
    with pytest.raises(CorpusUnavailableError, match=r"'fineweb-edu' could not be reached .*'python' and 'toy'"):
        corpus("fineweb-edu")


def test_hub_corpus_is_streamed_and_split(monkeypatch):
    rows = [{"text": f"story {i}\r\n"} for i in range(300)]

    def load_dataset(path, split, streaming):
        assert (path, split, streaming) == ("roneneldan/TinyStories", "train", True)
        return iter(rows)

    hub_with(monkeypatch, load_dataset)
    both = corpus("tinystories") + corpus("tinystories", "validation")
    assert sorted(both) == sorted(f"story {i}\n" for i in range(300))
