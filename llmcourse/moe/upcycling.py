"""A dense model that has learned already, made into a mixture of experts (chapter 6).

Shape suffixes: S tokens in one row, D model width, F width of the feed-forward network and of an expert, E experts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from llmcourse.model.transformer import Transformer
from llmcourse.moe.config import ExpertsConfig

STACKS = {"gate.weight": "experts.gate_EFD", "up.weight": "experts.up_EFD", "down.weight": "experts.down_EDF"}
"""What a feed-forward network calls its weights -> what a mixture calls those of all experts."""


def upcycle(
    weights: Mapping[str, Tensor],
    n_experts: int,
    *,
    noise: float = 0.0,
    router_std: float = 0.02,
    generator: torch.Generator | None = None,
) -> dict[str, Tensor]:
    """The weights of a mixture of experts, each of which begins as the feed-forward network of a dense model.

    Names are those of `state_dict()`. The weights of a feed-forward network are those whose name has a part that is
    `feed_forward` (parts lie between dots): "blocks.0.feed_forward.up.weight" is one,
    "blocks.0.feed_forward_norm.weight" is none. What stands up to and including that part names the network, here N.
    Each network must consist of `N.gate.weight` and `N.up.weight`, both of shape (F, D), and `N.down.weight`, of shape
    (D, F). In their place the result has

    - `N.experts.gate_EFD`, `N.experts.up_EFD` and `N.experts.down_EDF`: the three, `n_experts` times each, along a new
      first axis;
    - `N.router.weight`, of shape (E, D): drawn from a normal distribution with mean 0 and standard deviation
      `router_std`, for each network anew.

    All other weights are copied under their own names. With `noise` each number of the experts, in every copy, gets
    normal noise of its own, whose standard deviation is `noise` times the root mean square of the dense matrix: experts
    that are equal are told apart only by what they read. Without it the copies are exact.

    All weights keep dtype and device; the router has those of the network's gate. The result shares no memory with the
    arguments, which stay as they are, and nothing in it has a gradient.

    A token's experts at first say what the dense network says. If the gate's weights sum to 1, so does the mixture, and
    the first loss is the dense one's.

    Args:
        weights: Those of the dense model, by name.
        n_experts: How many experts a layer gets, E.
        noise: How far the experts begin apart, at least 0.
        router_std: Standard deviation of the routers' weights.
        generator: Where the random numbers come from; PyTorch's global one when None.

    Returns:
        All weights of the mixture, by name.

    Raises:
        ValueError: `n_experts` is below 1, or `noise` below 0; there is no feed-forward network; or one of them does
            not consist of just these three weights, as one with biases, without a gate, or with experts already. The
            message names the argument, or `feed_forward`, or the network N.

    Example:
        >>> network = {"gate.weight": torch.ones(3, 2), "up.weight": torch.ones(3, 2), "down.weight": torch.ones(2, 3)}
        >>> dense = {f"feed_forward.{name}": weight for name, weight in network.items()}
        >>> for name, weight in sorted(upcycle(dense | {"norm.weight": torch.ones(2)}, n_experts=4).items()):
        ...     print(name, tuple(weight.shape))
        feed_forward.experts.down_EDF (4, 2, 3)
        feed_forward.experts.gate_EFD (4, 3, 2)
        feed_forward.experts.up_EFD (4, 3, 2)
        feed_forward.router.weight (4, 2)
        norm.weight (2,)

    Source: Komatsuzaki et al., "Sparse Upcycling" (2022), section 3.
    """
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    networks: dict[str, dict[str, Tensor]] = {}
    result: dict[str, Tensor] = {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("weights has no feed_forward network; it must have at least one")
    for network, found in networks.items():
        if set(found) != set(STACKS):
            raise ValueError(f"{network} has {', '.join(sorted(found))}; it must have just {', '.join(STACKS)}")
        for name, stack in STACKS.items():
            copies = found[name].expand(n_experts, *found[name].shape).clone()
            if noise:
                std = noise * found[name].square().mean().sqrt()
                copies += std * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.{stack}"] = copies
        gate_FD = found["gate.weight"]
        router_ED = gate_FD.new_empty(n_experts, gate_FD.shape[1]).normal_(std=router_std, generator=generator)
        result[f"{network}.router.weight"] = router_ED
    return result


def upcycled(
    model: Transformer, experts: ExpertsConfig, *, noise: float = 0.0, generator: torch.Generator | None = None
) -> Transformer:
    """A model with experts that says what a dense one says, to be trained on. See `upcycle`.

    Args:
        model: The dense model, whose feed-forward networks are SwiGLUs without biases.
        experts: As wide as the dense network; none of them shared, as those would be added to it.
        noise, generator: As for `upcycle`.

    Returns:
        Another model, of the dtype and on the device of the dense one, and in its mode. With `experts.normalise` and
        without noise it computes the same.

    Raises:
        ValueError: The experts have another width, or some are shared; the message names the setting. Or `upcycle`
            raises it.

    Example:
        >>> from llmcourse.model import ModelConfig
        >>> dense = Transformer(ModelConfig(vocab_size=16, d_model=8, n_layers=2, n_heads=2, max_seq_len=8, d_ff=24))
        >>> sparse = upcycled(dense, ExpertsConfig(24, n_experts=4, top_k=2))
        >>> ids_BT = torch.tensor([[3, 1, 4, 1, 5]])
        >>> torch.allclose(sparse(ids_BT), dense(ids_BT), atol=1e-5)
        True
    """
    config = model.config
    if config.feed_forward is None and experts.d_expert != config.d_ff:
        raise ValueError(
            f"d_expert is {experts.d_expert!r}; it must be the d_ff of the dense model, {int(config.d_ff)}"
        )
    if experts.n_shared:
        raise ValueError(f"n_shared is {experts.n_shared!r}; it must be 0")
    weights = upcycle(
        model.state_dict(), experts.n_experts, noise=noise, router_std=config.init_std, generator=generator
    )
    table = model.embedding.weight
    sparse = Transformer(replace(config, feed_forward=experts)).to(table.device, table.dtype)
    sparse.load_state_dict(weights, strict=False)  # the bias of the choice is no weight of the dense model
    return sparse.train(model.training)
