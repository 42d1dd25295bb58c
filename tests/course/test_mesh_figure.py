"""The figure of ranks against the library: who stands where, what a rank holds, how long a ring takes."""

import pytest

from llmcourse.course.notebook.interactive.mesh import (
    EXPERT_RANKS,
    RANKS,
    REPLICAS,
    ROWS,
    Layout,
    arithmetic,
    grid_of,
    memory,
    mesh_explorer,
    messages,
    ring_speed,
    sizes,
)  # fmt: skip
from llmcourse.course.paths import course_root
from llmcourse.distributed.planning import HARDWARE, gather_seconds
from llmcourse.pretrain.run.on_paper import paper_rank
from llmcourse.pretrain.settings.config import load
from llmcourse.scaling_laws.layouts import EFFICIENCY
from tests.course.figures import core

RUNS = {
    name: (load(course_root() / f"configs/{name}.toml"), n) for name, n in (("eight-gpus", 8), ("sixty-four-gpus", 64))
}
H100 = HARDWARE["h100"]
DEVICE = {
    "perNode": 8, "inside": H100.node_bandwidth, "between": H100.network_bandwidth, "flops": H100.flops * EFFICIENCY
}  # fmt: skip


@pytest.fixture(scope="module")
def models():
    return {name: sizes(*run) for name, run in RUNS.items()}


js = core("mesh")


def options(layout: Layout) -> dict[str, object]:
    return dict(zip(("ranks", "experts", "replicas", "near", "rows"), layout))


def layouts(of):
    for n in RANKS:
        for e in EXPERT_RANKS:
            for r in REPLICAS:
                for near in ("experts", "shards"):
                    for rows in ROWS[:3]:
                        if n % (e * r) == 0 and of["nExperts"] % e == 0 and of["batchSize"] % (n * rows) == 0:
                            yield Layout(n, e, r, near, rows)


def test_the_figure_has_the_numbers_of_python(js, models):
    for of in models.values():
        for layout in layouts(of):
            at = options(layout)
            assert js("possible", of, at)
            assert js("memory", of, at) == pytest.approx(memory(of, layout))
            got, want = js("messages", of, at, DEVICE), messages(of, layout, H100)
            assert list(got) == list(want)
            for kind, told in want.items():
                assert got[kind] == pytest.approx(list(told)), (layout, kind)
            assert js("arithmetic", of, at, DEVICE) == pytest.approx(arithmetic(of, layout, H100))


def test_ranks_stand_where_rank_grid_puts_them(js):
    for layout in (Layout(16, 4, 2, "experts", 1), Layout(16, 4, 2, "shards", 1), Layout(8, 1, 1, "experts", 1)):
        grid, at = grid_of(layout), options(layout)
        for copy, shards in enumerate(grid.tolist()):
            for shard, row in enumerate(shards):
                for part, rank in enumerate(row):
                    assert js("place", at, rank) == {"copy": copy, "shard": shard, "part": part}
        first = int(grid[0, 0, 0])
        assert js("peers", at, first, ["self", "tokens"]) == sorted(grid[0, 0].tolist())
        assert js("peers", at, first, ["self", "experts"]) == sorted(grid[0, :, 0].tolist())
        assert js("peers", at, first, ["self", "copy"]) == sorted(grid[:, 0, 0].tolist())
        assert js("peers", at, first, ["self", "tokens", "experts", "rest"]) == sorted(grid[0].flatten().tolist())


@pytest.mark.parametrize("name", RUNS)
def test_a_rank_holds_what_the_program_counts_on_paper(models, name):
    config, n_ranks = RUNS[name]
    rank, layout = paper_rank(config, n_ranks), Layout(n_ranks, config.parallel.expert_ranks, 1, "experts", 1)
    held = memory(models[name], layout._replace(rows=rank.rows))
    # Parameters that a number of ranks does not divide are cut unevenly; nothing here is that small.
    assert held["state"] == pytest.approx(rank.state, rel=1e-3)
    assert held["kept"] == rank.kept
    assert held["gathered"] == pytest.approx(rank.gathered, rel=1e-6)
    assert held["activations"] == pytest.approx(rank.activations, rel=1e-6)


def test_rings_over_whole_machines_are_chapter_4_s():
    for n in (8, 16, 64):
        of_chapter_4 = 1e9 * (n - 1) / n / gather_seconds(1e9, n, H100)
        assert ring_speed(list(range(n)), H100) == pytest.approx(of_chapter_4)
    assert ring_speed([0, 8, 16], H100) == H100.network_bandwidth


def test_tokens_grow_with_the_rows_and_weights_do_not(models):
    of = models["sixty-four-gpus"]
    one, four = (messages(of, Layout(64, 8, 1, "experts", rows), H100) for rows in (1, 4))
    assert four["tokens"][0] == 4 * one["tokens"][0] and four["experts"] == one["experts"]


def test_without_javascript_there_is_a_table():
    page = mesh_explorer(RUNS).data
    assert "<td>shards</td><td>8</td>" in page and "mesh_explorer" not in page
    with pytest.raises(ValueError, match="gpu is 'tpu'; it must be one of"):
        mesh_explorer(RUNS, gpu="tpu")
    with pytest.raises(ValueError, match=r"runs is \[\]; it must name a run"):
        mesh_explorer({})
