"""A mixture is a function of the seed and the step: of any number of ranks, from any step on, read row by row."""

import time

import numpy as np
import pytest
import torch

from llmcourse.data import Batches, batch_windows, open_shards, write_shards
from llmcourse.pretrain.data.mixture import MixtureBatches, mixture_counts, rank_rows
from llmcourse.tokenization import BASE_VOCAB, BPETokenizer

SOURCES = {"code": np.arange(401), "prose": 1000 + np.arange(82), "notes": 5000 + np.arange(30)}
WEIGHTS = {"code": 0.6, "prose": 0.3, "notes": 0.1}


def mixed(batch_size=12, **more):
    return MixtureBatches(SOURCES, WEIGHTS, seq_len=4, batch_size=batch_size, **more)


class Watched:
    """Tokens that note what is read of them."""

    def __init__(self, tokens):
        self.tokens, self.read, self.shape = tokens, [], tokens.shape

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, key):
        self.read.append((key.start, key.stop))
        return self.tokens[key]


@pytest.mark.parametrize(
    ("weights", "cycle", "counts"),
    [
        ({"a": 1}, 1000, [1000]),
        ({"a": 3, "b": 1}, 1000, [750, 250]),
        ({"a": 1, "b": 1, "c": 1}, 10, [4, 3, 3]),
        ({"a": 1, "b": 1, "c": 1}, 11, [4, 4, 3]),
        ({"a": 47000, "b": 16000, "c": 15900, "d": 12000, "e": 6000, "f": 3100}, 10, [5, 2, 1, 1, 1, 0]),
        ({"a": 1, "b": 3}, 2, [1, 1]),
        ({"a": 1e-300, "b": 3e-300}, 4, [1, 3]),
        ({"a": np.float32(0.5), "b": np.int64(1)}, 3, [1, 2]),
        # in floats 0.7 / (0.1 + 0.2 + 0.7) * 1000 is no whole number
        ({"a": 0.1, "b": 0.2, "c": 0.7}, 1000, [100, 200, 700]),
    ],
)
def test_rows_are_shared_by_the_largest_remainder(weights, cycle, counts):
    if 0 in counts:
        with pytest.raises(ValueError, match="'f' is 3100, which is no row of a cycle of 10"):
            mixture_counts(weights, cycle)
    else:
        found = mixture_counts(weights, cycle)
        assert list(found.values()) == counts and list(found) == list(weights)
        assert all(type(count) is int for count in found.values())


def test_equal_remainders_are_served_in_order_and_every_share_is_within_one_row():
    rng = np.random.default_rng(0)
    for _ in range(200):
        weights = {str(i): float(w) for i, w in enumerate(rng.integers(1, 9, size=rng.integers(1, 9)))}
        counts = mixture_counts(weights, 97)
        total = sum(weights.values())
        assert sum(counts.values()) == 97
        assert all(abs(counts[name] - 97 * weights[name] / total) < 1 for name in weights)
        for one in weights:
            for other in weights:
                if weights[one] == weights[other] and int(one) < int(other):
                    assert counts[one] >= counts[other]


@pytest.mark.parametrize("weight", [0, -1.0, float("nan"), float("inf"), True, "1", None])
def test_a_weight_of_nothing_is_refused_by_name(weight):
    with pytest.raises(ValueError, match=f"the weight of 'b' is {weight!r}; it must be"):
        mixture_counts({"a": 1, "b": weight})


def test_a_weight_too_small_for_a_row_is_refused_and_told_how_large_it_must_be():
    with pytest.raises(ValueError, match="'b' is 0.0004, which is no row of a cycle of 1000; .* about 0.001"):
        mixture_counts({"a": 1, "b": 0.0004})
    with pytest.raises(ValueError, match="weights is empty"):
        mixture_counts({})
    with pytest.raises(ValueError, match="cycle is 0; "):
        mixture_counts({"a": 1}, 0)


@pytest.mark.parametrize("step", [0, 1, 7, 10**12])
@pytest.mark.parametrize(("n_ranks", "n_micro"), [(1, 1), (1, 6), (2, 3), (3, 4), (12, 1), (4, 3)])
def test_rows_of_a_step_are_the_same_however_they_are_cut(step, n_ranks, n_micro):
    cut = [pair for rank in range(n_ranks) for pair in rank_rows(step, 12, n_ranks, rank, n_micro)]
    assert [row for first, end in cut for row in range(first, end)] == list(range(12 * step, 12 * step + 12))
    assert len({end - first for first, end in cut}) == 1 and len(cut) == n_ranks * n_micro


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((-1, 8), "step is -1"),
        ((0, 0), "batch_size is 0"),
        ((0, 8, 0), "n_ranks is 0"),
        ((0, 8, 2, 2), "rank is 2"),
        ((0, 8, 2, -1), "rank is -1"),
        ((0, 8, 2, 0, 0), "n_micro_batches is 0"),
        ((0, 8, 3, 0), "batch_size is 8; .* 3, as n_ranks is 3 and n_micro_batches is 1"),
        ((0, 8, 2, 0, 3), "batch_size is 8; .* 6, as n_ranks is 2 and n_micro_batches is 3"),
        ((0.5, 8), "step is 0.5; it must be a whole number"),
    ],
)
def test_what_cannot_be_cut_is_named(arguments, says):
    with pytest.raises(ValueError, match=says):
        rank_rows(*arguments)


def test_ranks_read_the_batch_of_one_process_and_only_their_rows():
    whole = mixed(end_of_text=1000)
    for step in (0, 3, 100, 10**9):
        batch = whole.batch(step)
        for world_size in (1, 2, 3, 4, 6, 12):
            parts = [whole.batch(step, rank, world_size) for rank in range(world_size)]
            for field in ("inputs", "targets", "documents"):
                assert torch.cat([getattr(part, field) for part in parts]).equal(getattr(batch, field))
    watched = {name: Watched(tokens) for name, tokens in SOURCES.items()}
    few = MixtureBatches(watched, WEIGHTS, seq_len=4, batch_size=12)
    few.batch(5, rank=3, world_size=4)
    reads = [span for tokens in watched.values() for span in tokens.read]
    assert len(reads) == 3 and all(stop - start == 5 for start, stop in reads)


def test_a_batch_does_not_depend_on_what_was_asked_before():
    one, other = mixed(seed=3), mixed(seed=3)
    steps = np.random.default_rng(0).permutation(400).tolist()
    seen = {step: one.batch(step).inputs for step in steps}
    assert all(other.batch(step).inputs.equal(seen[step]) for step in range(400))
    assert not mixed(seed=4).batch(0).inputs.equal(seen[0])


def test_any_rows_may_be_read():
    batches = mixed()
    joined = torch.cat([batches.batch(step).inputs for step in range(200)])
    assert batches.rows(991, 1013).inputs.equal(joined[991:1013])
    with pytest.raises(ValueError, match="first is 3 and end is 3"):
        batches.rows(3, 3)


def test_every_cycle_holds_the_weights_and_has_an_order_of_its_own():
    batches = mixed(batch_size=1000)
    names = [batches.source_names(step) for step in range(3)]
    for cycle in names:
        assert {name: cycle.count(name) for name in WEIGHTS} == {"code": 600, "prose": 300, "notes": 100}
    assert names[0] != names[1] != names[2]
    # well mixed: no run of one source that chance would not give
    assert all(40 <= cycle[start : start + 100].count("code") <= 80 for cycle in names for start in range(0, 1000, 100))


def test_each_source_is_read_in_the_order_of_its_own_epochs():
    batches = mixed(seed=5)
    names = [name for step in range(250) for name in batches.source_names(step)]
    rows = torch.cat([batches.batch(step).inputs for step in range(250)]).numpy()
    for name, tokens in SOURCES.items():
        mine = rows[[i for i, found in enumerate(names) if found == name]]
        n_windows = (len(tokens) - 1) // 4
        windows = [batch_windows(k, 1, n_windows, seed=5)[0] for k in range(len(mine))]
        assert np.array_equal(mine, np.stack([tokens[w * 4 : w * 4 + 4] for w in windows]))
        assert batches.epochs(250)[name] == pytest.approx(len(mine) / n_windows)
    assert batches.epochs(0) == dict.fromkeys(SOURCES, 0.0)


def test_one_source_is_a_run_without_a_mixture():
    alone = MixtureBatches({"code": SOURCES["code"]}, {"code": 2.0}, seq_len=4, batch_size=8, seed=9)
    plain = Batches(SOURCES["code"], 4, 8, seed=9)
    for step in (0, 1, 11, 12, 13, 5000):
        assert all(a.equal(b) for a, b in zip(alone.batch(step)[:2], plain.batch(step)[:2]))


def test_a_late_step_takes_no_longer():
    tokens = np.zeros(4_000_001, dtype=np.uint16)
    batches = MixtureBatches({str(i): tokens for i in range(12)}, {str(i): 1 + i for i in range(12)}, 4, 64)

    def seconds(first):
        batches.batch(first)
        started = time.process_time()
        for step in range(first + 1, first + 21):
            batches.batch(step)
        return time.process_time() - started

    early, late = min(seconds(0) for _ in range(3)), min(seconds(10**9) for _ in range(3))
    # A million windows take 20 ms to shuffle: a dozen sources shuffled at each step would take 20 times as long.
    assert late < 5 * early + 0.05 and late < 1


def test_shards_are_sources_and_two_tokenizers_are_refused(tmp_path):
    ours, other = BPETokenizer(BASE_VOCAB), BPETokenizer(list(reversed(BASE_VOCAB)))
    for name, tokenizer in (("a", ours), ("b", ours), ("c", other)):
        write_shards(tmp_path / name, [name * 300], tokenizer, shard_tokens=100)
    shards = {name: open_shards(tmp_path / name) for name in "abc"}
    batches = MixtureBatches({name: shards[name] for name in "ab"}, {"a": 1, "b": 1}, 16, 8)
    assert set(batches.batch(0).inputs.flatten().tolist()) == {ours.encode("a")[0], ours.encode("b")[0]}
    with pytest.raises(ValueError, match="the source 'c' has shards of the tokenizer .* 'a'"):
        MixtureBatches({"a": shards["a"], "c": shards["c"]}, {"a": 1, "c": 1}, 16, 8)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"weights": {"code": 1, "prose": 1}}, "'notes' is in one alone"),
        ({"weights": {**WEIGHTS, "more": 1}}, "'more' is in one alone"),
        ({"weights": {**WEIGHTS, "notes": 0}}, "the weight of 'notes' is 0"),
        ({"seq_len": 40}, "the source 'notes': tokens has 30 elements"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"seq_len": 2.5}, "seq_len is 2.5"),
    ],
)
def test_what_cannot_be_mixed_is_named(change, says):
    with pytest.raises(ValueError, match=says):
        MixtureBatches(**({"sources": SOURCES, "weights": WEIGHTS, "seq_len": 4, "batch_size": 12} | change))


def test_a_batch_cannot_be_cut_into_unequal_parts():
    with pytest.raises(ValueError, match="batch_size is 12"):
        mixed().batch(0, 0, 5)
    with pytest.raises(ValueError, match="rank is 2"):
        mixed().batch(0, 2, 2)
