"""The first weights of a run, layer by layer: the same numbers however the model lies on ranks (chapter 7).

A model of thirty billion parameters takes 120 GB, which no rank has. Each draws one layer at a time, whole, keeps its
own part, and forgets the rest. A layer's random numbers follow from the seed of the run and the number of the layer, so
that they do not depend on how many ranks draw them. PyTorch's own way, `normal_` on a sharded tensor, would give every
rank the same rows on a CPU, and other weights on other numbers of ranks.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from llmcourse.model.config import ModelConfig
from llmcourse.model.transformer import Block, Transformer, init_weights


@torch.no_grad()
def draw_weights(model: Transformer, seed: int) -> None:
    """Give all weights and buffers of a model their first values, in place; each rank draws the same numbers.

    Args:
        model: On its device, whole or in `DTensor`s; its values count for nothing.
        seed: Of the run.

    Example:
        >>> config = ModelConfig(vocab_size=16, d_model=8, n_layers=2, n_heads=2, max_seq_len=32)
        >>> one, other = Transformer(config), Transformer(config)
        >>> for model in (one, other):
        ...     draw_weights(model, seed=1)
        >>> one.blocks[1].attention.out.weight.equal(other.blocks[1].attention.out.weight)
        True
    """
    for number, layer in enumerate(model.blocks):
        _copy(new_layer(model.config, seed, number), layer)
    # All that is in no layer is drawn as that of a model with one.
    outer = Transformer(replace(model.config, n_layers=1))
    outer.init_weights(_generator(seed, len(model.blocks)))
    _copy(outer, model, skip="blocks.")


def new_layer(config: ModelConfig, seed: int, number: int) -> Block:
    """One layer of a run with its first weights, whole, on the CPU."""
    layer, generator = Block(config), _generator(seed, number)
    residual_std = config.init_std / (math.sqrt(2 * config.n_layers) if config.scale_residual_init else 1.0)
    init_weights(layer, config.init_std, residual_std, generator)
    for module in layer.modules():
        if hasattr(module, "init_weights"):
            module.init_weights(config.init_std, residual_std, generator)
    return layer


def _generator(seed: int, number: int) -> torch.Generator:
    drawn = np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(drawn >> np.uint64(1)))


def _copy(source: nn.Module, target: nn.Module, skip: str | None = None) -> None:
    theirs = dict([*source.named_parameters(), *source.named_buffers()])
    for name, tensor in [*target.named_parameters(), *target.named_buffers()]:
        if skip is None or not name.startswith(skip):
            if isinstance(tensor, DTensor):
                tensor.to_local().copy_(own_part(theirs[name], tensor))
            else:
                tensor.copy_(theirs[name])


def own_part(whole: Tensor, like: DTensor) -> Tensor:
    """What of a whole tensor this rank keeps, when it is cut as another one is.

    Cuts are made in the order of the mesh's dimensions, but for a strided one, which was made in what the others left.
    """
    mesh, places = like.device_mesh, like.placements
    where = mesh.get_coordinate()
    is_strided = [hasattr(place, "split_factor") for place in places]
    for i in sorted(range(len(places)), key=lambda i: (is_strided[i], i)):
        if places[i].is_shard() or is_strided[i]:
            parts = whole.chunk(mesh.size(i), dim=places[i].dim)
            # There are fewer parts than ranks where there are fewer rows.
            whole = parts[where[i]] if where[i] < len(parts) else whole.narrow(places[i].dim, 0, 0)
    return whole
