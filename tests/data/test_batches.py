"""Batches: a pure function of seed and step, each window once an epoch, the same at any number of ranks."""

import numpy as np
import pytest
import torch

from llmcourse.data import Batches, batch_windows, epoch_order, tokenize_corpus
from llmcourse.tokenization import BASE_VOCAB, BPETokenizer

MARKED = BPETokenizer([*BASE_VOCAB, b"<|end|>"], special_tokens={"<|end|>": 256})


def test_tokenize_corpus_gives_the_texts_back_and_marks_their_ends():
    texts = ["def f():\n", "", "größer <|end|>"]
    tokens = tokenize_corpus(texts, MARKED, "<|end|>")
    ends = np.flatnonzero(tokens == 256)
    parts = np.split(tokens, ends + 1)
    assert [MARKED.decode(part[:-1].tolist()) for part in parts[:-1]] == texts and len(parts[-1]) == 0
    assert tokens.dtype == np.uint16
    assert np.array_equal(tokenize_corpus(texts, MARKED, 256), tokens)
    assert len(tokenize_corpus(texts, MARKED)) == len(tokens) - 3
    assert tokenize_corpus([], MARKED).shape == (0,)


@pytest.mark.parametrize(("mark", "message"), [("<|eot|>", "eot"), (257, "257"), (-1, "-1")])
def test_a_mark_that_is_no_token_is_refused(mark, message):
    with pytest.raises(ValueError, match=message):
        tokenize_corpus(["a"], MARKED, mark)


@pytest.mark.parametrize(("n_windows", "batch_size"), [(1, 1), (5, 2), (6, 3), (3, 8), (100, 7)])
def test_every_epoch_visits_each_window_once(n_windows, batch_size):
    n_steps = 4 * n_windows
    windows = np.concatenate([batch_windows(step, batch_size, n_windows, seed=3) for step in range(n_steps)])
    epochs = windows[: len(windows) // n_windows * n_windows].reshape(-1, n_windows)
    assert (np.sort(epochs, axis=1) == np.arange(n_windows)).all()


def test_epochs_and_seeds_have_other_orders():
    orders = {epoch_order(50, epoch, seed).tobytes() for epoch in range(5) for seed in range(5)}
    assert len(orders) == 25


def test_any_step_can_be_asked_for_first():
    tokens = np.arange(1000)
    forwards, backwards = Batches(tokens, 8, 4, seed=1), Batches(tokens, 8, 4, seed=1)
    first = [forwards.batch(step).inputs for step in range(50)]
    second = [backwards.batch(step).inputs for step in reversed(range(50))]
    assert all(torch.equal(a, b) for a, b in zip(first, reversed(second)))


def test_targets_are_the_next_tokens_and_types_are_those_of_pytorch():
    batch = Batches(np.arange(100, dtype=np.uint16), 7, 3).batch(2)
    assert batch.inputs.dtype == batch.targets.dtype == torch.int64
    assert batch.inputs.shape == batch.targets.shape == (3, 7)
    assert torch.equal(batch.targets, batch.inputs + 1)
    assert torch.equal(batch.inputs[:, 0] % 7, torch.zeros(3, dtype=torch.int64)) and batch.documents is None


@pytest.mark.parametrize("world_size", [1, 2, 3, 6])
def test_ranks_together_read_the_batch_of_one_process(world_size):
    batches = Batches(np.arange(500), 5, 6, seed=2)
    parts = [batches.batch(7, rank, world_size).inputs for rank in range(world_size)]
    assert torch.equal(torch.cat(parts), batches.batch(7).inputs)


def test_arrays_memory_maps_and_tensors_give_the_same_batches(tmp_path):
    tokens = np.random.default_rng(0).integers(0, 60_000, 300).astype(np.uint16)
    tokens.tofile(tmp_path / "tokens.bin")
    kinds = [tokens, np.memmap(tmp_path / "tokens.bin", dtype=np.uint16), torch.from_numpy(tokens.astype(np.int32))]
    batches = [Batches(kind, 10, 4).batch(3) for kind in kinds]
    assert all(torch.equal(batch.inputs, batches[0].inputs) for batch in batches)


def test_documents_change_at_the_mark_which_opens_the_next_one():
    tokens = np.array([1, 2, 0, 3, 0, 0, 4, 5, 6])
    batches = Batches(tokens, 4, 1, end_of_text=0)
    rows = {tuple(batch.inputs[0].tolist()): batch.documents[0].tolist() for batch in map(batches.batch, range(2))}
    assert rows == {(1, 2, 0, 3): [0, 0, 1, 1], (0, 0, 4, 5): [1, 2, 2, 2]}


def test_exactly_one_batch_is_enough_and_one_token_less_is_not():
    assert Batches(np.arange(13), 4, 3).batches_per_epoch == 1
    with pytest.raises(ValueError, match="tokens has 12 elements; it must have at least 13"):
        Batches(np.arange(12), 4, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Batches(np.zeros((2, 50)), 4, 2), r"\(2, 50\)"),
        (lambda: Batches(np.arange(50), 0, 2), "seq_len is 0"),
        (lambda: Batches(np.arange(50), 4, -1), "batch_size is -1"),
        (lambda: Batches(np.arange(50), 4, 3).batch(0, 0, 2), "world_size is 2; it must divide batch_size, 3"),
        (lambda: Batches(np.arange(50), 4, 2).batch(0, 2, 2), "rank is 2"),
        (lambda: Batches(np.arange(50), 4, 2).batch(-1), "step is -1"),
        (lambda: batch_windows(0, 1, 0), "n_windows is 0"),
    ],
)
def test_what_makes_no_batch_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("window", [-1, 4])
def test_a_window_that_is_not_there_is_refused(window):
    with pytest.raises(ValueError, match=f"{window}.*0 to 3"):
        Batches(np.arange(9), seq_len=2, batch_size=2).read([window])


def test_sizes_in_a_narrow_type_of_numpy_do_not_run_over():
    tokens = np.arange(2000, dtype=np.uint16)
    ours = Batches(tokens, np.uint8(100), np.uint8(4))
    plain = Batches(tokens, 100, 4)
    assert torch.equal(ours.batch(3).inputs, plain.batch(3).inputs) and ours.n_windows == plain.n_windows
    with pytest.raises(ValueError, match="seq_len is 10.0"):
        Batches(tokens, 10.0, 4)
