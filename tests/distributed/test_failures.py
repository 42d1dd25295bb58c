"""What failures cost: the formulas against simulated runs, and the plan of reading against a plain walk over rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from llmcourse.distributed.failures import (
    checkpoint_interval,
    lost_share,
    run_mtbf,
    simulate_run,
    young_interval,
)
from llmcourse.distributed.rehearsal import RankFailed, rehearse
from llmcourse.distributed.resharding import load_rows, rows_to_read, save_rows, shard_sizes
from llmcourse.distributed.watch import held_up


@pytest.mark.parametrize(
    ("interval_s", "save_s", "mtbf_s", "restart_s"),
    [(600, 60, 7200, 300), (3600, 60, 3600, 600), (50, 100, 400, 0), (900, 30, 86400, 1200)],
)
def test_the_lost_share_is_that_of_simulated_runs(interval_s, save_s, mtbf_s, restart_s):
    shares = [simulate_run(4000, interval_s, save_s, mtbf_s, restart_s, seed=seed).lost_share for seed in range(4)]
    want = lost_share(interval_s, save_s, mtbf_s, restart_s)
    # Four standard errors of the four runs, and not more than a hundredth.
    bound = min(0.01, 4 * np.std(shares, ddof=1) / 2 + 1e-4)
    assert np.mean(shares) == pytest.approx(want, abs=bound)


@given(st.floats(1e-6, 2.0), st.floats(1.0, 1e7))
def test_no_other_interval_loses_less(save_share, mtbf_s):
    save_s = save_share * mtbf_s
    best = checkpoint_interval(save_s, mtbf_s)
    assert 0 < best < mtbf_s
    least = lost_share(best, save_s, mtbf_s)
    for factor in (0.5, 0.9, 0.99, 1.01, 1.1, 2.0):
        assert lost_share(best * factor, save_s, mtbf_s) >= least
    x = best / mtbf_s
    assert (1 - x) * math.exp(x + save_share) == pytest.approx(1.0, rel=1e-9)


def test_young_is_the_limit_where_saving_is_cheap_and_too_long_elsewhere():
    for save_s, bound in ((1e-6, 1e-3), (1e-2, 5e-2)):
        assert checkpoint_interval(save_s, 1.0) == pytest.approx(young_interval(save_s, 1.0), rel=bound)
    assert all(young_interval(s, 1.0) > checkpoint_interval(s, 1.0) for s in (1e-4, 0.1, 1.0))


@pytest.mark.parametrize(
    ("times", "want"),
    [
        ((5e-324, 0, 1e300), 0.0),  # a round that is 0 in units of the mean time between failures
        ((1e-300, 0, 1e300, 1e300), 1 - math.exp(-1)),
        ((1e-300, 3e-300, 1e20), 0.75),  # units in which only four digits are left
        ((600, 60, 1e-310), 1.0),
        ((1e308, 0, 1e-5), 1.0),
        ((1e308, 1e308, 1e308), 1 - math.exp(-2) / -math.expm1(-2)),
    ],
)
def test_times_at_the_ends_of_what_a_float_can_hold_have_their_share(times, want):
    assert lost_share(*times) == pytest.approx(want, rel=1e-12)


def test_times_out_of_range_are_named_and_huge_ones_do_not_overflow():
    for call, told in (
        (lambda: simulate_run(0, 600, 60, 7200), "n_rounds is 0; it must be a whole number of 1 or more"),
        (lambda: simulate_run(1.5, 600, 60, 7200), "n_rounds is 1.5"),
        (lambda: simulate_run(9, -5, 60, 7200), "interval_s is -5"),
        (lambda: simulate_run(9, 600, -1, 7200), "save_s is -1"),
        (lambda: simulate_run(9, 600, 60, math.nan), "mtbf_s is nan"),
        (lambda: simulate_run(9, 600, 60, 7200, -3), "restart_s is -3"),
        (lambda: simulate_run(9, 600, 60, 7200, shape=0), "shape is 0; it must be above 0 and finite"),
        (lambda: lost_share(0, 1, 1), "interval_s is 0"),
        (lambda: lost_share(1, -1, 1), "save_s is -1"),
        (lambda: lost_share(1, 1, 0), "mtbf_s is 0"),
        (lambda: lost_share(1, 1, 1, -2), "restart_s is -2"),
        (lambda: checkpoint_interval(0, 1), "save_s is 0"),
        (lambda: run_mtbf(1, 0), "n_devices is 0"),
        (lambda: lost_share(math.inf, 60, 100), "interval_s is inf; it must be above 0 and finite"),
        (lambda: lost_share(600, math.inf, 100), "save_s is inf; it must be at least 0 and finite"),
        (lambda: lost_share(600, 60, math.inf), "mtbf_s is inf; it must be above 0 and finite"),
        (lambda: lost_share(600, 60, 100, math.inf), "restart_s is inf; it must be at least 0 and finite"),
        (lambda: lost_share(600, 60, math.nan), "mtbf_s is nan"),
        (lambda: checkpoint_interval(60, math.inf), "mtbf_s is inf"),
        (lambda: checkpoint_interval(math.inf, 60), "save_s is inf"),
    ):
        with pytest.raises(ValueError, match=told):
            call()
    assert lost_share(1e9, 1, 1) == 1.0


@given(st.lists(st.integers(0, 7), max_size=6), st.integers(1, 7))
def test_every_row_is_read_once_by_the_rank_that_torch_would_give_it(saved, n_ranks):
    rows = torch.arange(sum(saved))
    shards = rows.split(saved) if saved else []
    chunks = list(rows.chunk(n_ranks)) if len(rows) else []
    chunks += [rows[:0]] * (n_ranks - len(chunks))
    plan = rows_to_read(saved, n_ranks)
    assert [len(chunk) for chunk in chunks] == shard_sizes(len(rows), n_ranks)
    for reads, chunk in zip(plan, chunks, strict=True):
        got = torch.full_like(chunk, -1)
        for shard, start, stop, to in reads:
            assert 0 <= start < stop <= saved[shard]
            got[to : to + stop - start] = shards[shard][start:stop]
        assert torch.equal(got, chunk)
        assert reads == sorted(reads)


def test_the_plan_is_that_of_pytorchs_distributed_checkpoint():
    from torch.distributed.checkpoint.metadata import (
        ChunkStorageMetadata,
        MetadataIndex,
        TensorProperties,
        TensorStorageMetadata,
    )
    from torch.distributed.checkpoint.planner_helpers import create_read_items_for_chunk_list

    def chunk(first: int, size: int) -> ChunkStorageMetadata:
        return ChunkStorageMetadata(torch.Size([first, 0]), torch.Size([size, 4]))

    saved = [4, 1, 0, 6]
    firsts = [sum(saved[:i]) for i in range(len(saved))]
    metadata = TensorStorageMetadata(
        TensorProperties(), torch.Size([11, 4]), [chunk(*pair) for pair in zip(firsts, saved) if pair[1]]
    )
    shards = [i for i, size in enumerate(saved) if size]
    for n_ranks in (1, 2, 3, 5):
        sizes = shard_sizes(11, n_ranks)
        for rank, reads in enumerate(rows_to_read(saved, n_ranks)):
            items = create_read_items_for_chunk_list("w", metadata, [chunk(sum(sizes[:rank]), sizes[rank])])
            theirs = []
            for item in items:
                index = item.storage_index
                assert isinstance(index, MetadataIndex)
                shard = shards[firsts_index(metadata, index)]
                start, n = item.storage_offsets[0], item.lengths[0]
                theirs.append((shard, start, start + n, item.dest_offsets[0]))
            assert theirs == reads


def firsts_index(metadata, index) -> int:
    return [chunk.offsets for chunk in metadata.chunks].index(index.offset)


def test_a_plan_names_what_is_out_of_range():
    with pytest.raises(ValueError, match="n_ranks is 0"):
        rows_to_read([1], 0)
    with pytest.raises(ValueError, match="-1 rows"):
        rows_to_read([2, -1], 1)


@pytest.mark.parametrize(("n_saved", "n_reading"), [(2, 3), (4, 1), (3, 4), (1, 2)])
def test_rows_saved_by_some_ranks_are_read_by_others(tmp_path, n_saved, n_reading):
    whole = torch.randn(5, 3)
    parts = list(whole.split(shard_sizes(5, n_saved)))
    rehearse(save_rows, [(tmp_path, part) for part in parts])
    results, _ = rehearse(load_rows, [(tmp_path,)] * n_reading)
    assert [len(rows) for rows in results] == shard_sizes(5, n_reading)
    assert torch.equal(torch.cat(results), whole)


def test_a_missing_file_of_rows_is_told(tmp_path):
    rehearse(save_rows, [(tmp_path, torch.ones(1, 1))] * 2)
    (tmp_path / "rows-00000-of-00002.pt").unlink()
    with pytest.raises(RankFailed, match="has 1 files of rows; it must have 2"):
        rehearse(load_rows, [(tmp_path,)])


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 1000))
def test_held_up_is_what_a_run_without_that_rank_would_have_saved(n_steps, n_ranks, seed):
    work = torch.randint(0, 5, (n_steps, n_ranks), generator=torch.Generator().manual_seed(seed)).double()
    got = held_up(work)
    for rank in range(n_ranks):
        others = torch.cat([work[:, :rank], work[:, rank + 1 :]], dim=1)
        saved = (work.amax(1) - others.amax(1)).sum() if n_ranks > 1 else torch.tensor(0.0)
        assert got[rank].item() == saved.item()
