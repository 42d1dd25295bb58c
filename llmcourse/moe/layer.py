"""A mixture of experts as one module: a router, experts, and what keeps them busy (chapter 6).

Shape suffixes: B batch, T time, S = B T tokens in one row, D model width, E experts, K experts that a token meets,
R rows that are sent to experts: a token K times, less what is dropped.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmcourse.distributed.group import ALONE, Group
from llmcourse.model.layers import SwiGLU
from llmcourse.moe.auxiliary import attach
from llmcourse.moe.balance import balancing_loss, router_entropy, sequence_balancing_loss, update_bias, z_loss
from llmcourse.moe.config import ExpertsConfig
from llmcourse.moe.dispatch import combine, expert_capacity, sort_by_expert, within_capacity
from llmcourse.moe.experts import Experts
from llmcourse.moe.routing import Routing, add_noise, top_k_gate


class Dispatcher(Protocol):
    """Who brings rows to their experts, and the answers back: the only one that knows of other processes."""

    def send(self, x_RD: Tensor, counts_E: Tensor) -> tuple[Tensor, Tensor]:
        """Give rows, sorted by expert, with how many each of all experts gets; get those of the experts that live here,
        sorted by these, with their counts."""

    def give_back(self, y_RD: Tensor) -> Tensor:
        """Give the answers of the experts that live here; get those to the rows that were sent, in their order."""


class Here:
    """All experts live in this process: rows stay where they are."""

    def send(self, x_RD: Tensor, counts_E: Tensor) -> tuple[Tensor, Tensor]:
        """The same."""
        return x_RD, counts_E

    def give_back(self, y_RD: Tensor) -> Tensor:
        """The same."""
        return y_RD


class Routed(NamedTuple):
    """What a forward pass has routed, cut off from the graph.

    Attributes:
        logits_SE: What the router said, noise included.
        experts_SK, weights_SK: As in `Routing`.
        counts_E: How many choices fell on each expert, before any was dropped.
    """

    logits_SE: Tensor
    experts_SK: Tensor
    weights_SK: Tensor
    counts_E: Tensor


class MoE(nn.Module):
    """A mixture of experts in the place of a feed-forward network.

    y = sum over the token's experts of weight * expert(x), plus the shared experts' answer, if there are any. The
    router computes in float32 at least, also under autocast.

    While the model trains, the auxiliary losses join the backward pass (see `attach`), and what was routed is counted
    there, in `tally`. Whoever makes the step calls `after_step` with the sum over all processes, as the training loop
    does.

    Args:
        d_model: Width D.
        config: All else.

    Attributes:
        router: `nn.Linear` from D to E.
        experts: `Experts`.
        shared: The `SwiGLU` of the shared experts, or None.
        bias: For the choice, float32, not trained but kept in checkpoints; None where `bias_rate` is 0.
        dispatcher: Brings rows to experts; a `Here` at first.
        balance_group: Whose tokens are counted in the balancing loss: this process's alone at first. With another group
            the counts are those of all its processes, which costs one small message in the forward pass.
        share: Which part of a step this forward pass is: what auxiliary losses are multiplied by.
        last: What the last forward pass has routed, or None.

    Example:
        >>> layer = MoE(8, ExpertsConfig(16, n_experts=4, top_k=2))
        >>> layer(torch.randn(2, 3, 8)).shape, int(layer.last.counts_E.sum())
        (torch.Size([2, 3, 8]), 12)
    """

    def __init__(self, d_model: int, config: ExpertsConfig) -> None:
        super().__init__()
        self.config = config
        self.router = nn.Linear(d_model, config.n_experts, bias=False)
        self.experts = Experts(config.n_experts, d_model, config.d_expert, config.way)
        self.shared = SwiGLU(d_model, config.n_shared * config.d_expert) if config.n_shared else None
        self.register_buffer("bias", torch.zeros(config.n_experts) if config.bias_rate else None)
        self.dispatcher: Dispatcher = Here()
        self.balance_group: Group = ALONE
        self.share = 1.0
        self.last: Routed | None = None
        self._tally: Tensor | None = None

    def forward(self, x_BTD: Tensor) -> Tensor:
        """The answers to each vector of x, of shape (B, T, D); the result has its shape and dtype."""
        x_SD = x_BTD.flatten(0, -2)
        logits_SE = self._logits(x_SD)
        routing = self._choose(logits_SE)
        order_R, counts_E = sort_by_expert(routing.experts_SK, self.config.n_experts)
        self.last = Routed(*(found.detach() for found in (logits_SE, *routing, counts_E)))
        kept_R = self._within_capacity(routing, order_R)
        y_SD = self._answers(x_SD, routing, kept_R, counts_E if kept_R is order_R else None)
        if self.shared is not None:
            y_SD = y_SD + self.shared(x_SD)
        if self.training and torch.is_grad_enabled():
            experts_BTK = routing.experts_SK.unflatten(0, x_BTD.shape[:-1])
            y_SD = self._with_losses(y_SD, experts_BTK, logits_SE, counts_E, kept_R)
        return y_SD.view_as(x_BTD)

    def _logits(self, x_SD: Tensor) -> Tensor:
        dtype = torch.promote_types(x_SD.dtype, torch.float32)
        with torch.autocast(x_SD.device.type, enabled=False):
            logits_SE = F.linear(x_SD.to(dtype), self.router.weight.to(dtype))
        return add_noise(logits_SE, self.config.noise) if self.training and self.config.noise else logits_SE

    def _choose(self, logits_SE: Tensor) -> Routing:
        config = self.config
        return top_k_gate(
            logits_SE, config.top_k, scores=config.scores, normalise=config.normalise, bias_E=self.bias,
            scale=config.scale,
        )  # fmt: skip

    def _within_capacity(self, routing: Routing, order_R: Tensor) -> Tensor:
        """The sorted choices, less those that find their expert full."""
        config, (n_tokens, top_k) = self.config, routing.experts_SK.shape
        if config.capacity_factor is None:
            return order_R
        capacity = expert_capacity(n_tokens, config.n_experts, top_k, config.capacity_factor)
        keep_SK = within_capacity(routing.experts_SK, config.n_experts, capacity)
        return order_R[keep_SK.flatten()[order_R]]

    def _answers(self, x_SD: Tensor, routing: Routing, order_R: Tensor, counts_E: Tensor | None) -> Tensor:
        """What the experts say to the tokens, weighted and added up."""
        if counts_E is None:
            counts_E = torch.bincount(routing.experts_SK.flatten()[order_R], minlength=self.config.n_experts)
        rows_RD, counts = self.dispatcher.send(x_SD[order_R // self.config.top_k], counts_E)
        y_RD = self.dispatcher.give_back(self.experts(rows_RD, counts))
        return combine(y_RD, order_R, routing.weights_SK).to(x_SD.dtype)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any) -> None:
        """Say first that the weights are of another number of experts: of the shapes PyTorch tells by itself."""
        router_ED, *_, error_msgs = state_dict.get(prefix + "router.weight"), *args
        if router_ED is not None and len(router_ED) != self.config.n_experts:
            error_msgs.append(
                f"{prefix}n_experts is {len(router_ED)} in these weights; it must be {self.config.n_experts}, as in "
                "the configuration"
            )
        super()._load_from_state_dict(state_dict, prefix, *args)

    # What keeps the experts busy.

    def _with_losses(
        self, y_SD: Tensor, experts_BTK: Tensor, logits_SE: Tensor, counts_E: Tensor, kept_R: Tensor
    ) -> Tensor:
        """The answers, whose backward pass the auxiliary losses join, and where it is counted what was routed."""
        config, group = self.config, self.balance_group
        scores_SE = logits_SE.softmax(dim=-1) if config.scores == "softmax" else logits_SE.sigmoid()
        probs_SE = scores_SE / scores_SE.sum(dim=-1, keepdim=True)
        everybodys_E = counts_E if group.size == 1 else group.all_reduce(counts_E.clone()).wait()
        balance, z = balancing_loss(probs_SE, everybodys_E, config.top_k), z_loss(logits_SE)
        terms = [weight * term for weight, term in ((config.balance_weight, balance), (config.z_weight, z)) if weight]
        if config.sequence_weight:
            scores_BTE = scores_SE.unflatten(0, experts_BTK.shape[:-1])
            terms.append(config.sequence_weight * sequence_balancing_loss(scores_BTE, experts_BTK))
        loss = sum(terms, logits_SE.new_zeros(()))
        with torch.no_grad():
            n_tokens, n_dropped = len(logits_SE), config.top_k * len(logits_SE) - len(kept_R)
            means = n_tokens * torch.stack([router_entropy(logits_SE), balance, z])
            seen = torch.cat([counts_E, counts_E.new_tensor([n_tokens, n_dropped]), means.to(_wide(means))])
        return attach(y_SD, loss, self.share, functools.partial(self._count, seen))

    def _count(self, seen: Tensor) -> None:
        self._tally = seen if self._tally is None else self._tally + seen

    @property
    def tally(self) -> Tensor:
        """What was routed since the last step: the choices of each expert, tokens, choices dropped, and sums over the
        tokens of the router's entropy and of both losses."""
        if self._tally is None:
            weight = self.router.weight
            return torch.zeros(self.config.n_experts + 5, device=weight.device, dtype=_wide(weight))
        return self._tally

    def forget_tally(self) -> None:
        """Count anew."""
        self._tally = None

    @torch.no_grad()
    def after_step(self, tally: Tensor) -> dict[str, Tensor]:
        """Move the bias, and say what was routed in the step; the own tally begins anew.

        Args:
            tally: The sum of the tallies of all processes.

        Returns:
            `expert_load_max`, the largest load in multiples of an even one; `dead_experts`, how many got nothing;
            `dropped_share` of all choices; `router_entropy` in nats, `balance_loss` and `z_loss`, means over tokens.
        """
        self.forget_tally()
        counts_E, (n_tokens, n_dropped, *sums) = tally[: self.config.n_experts], tally[self.config.n_experts :]
        if self.bias is not None:
            self.bias.copy_(update_bias(self.bias, counts_E, self.config.bias_rate))
        n_choices = counts_E.sum()
        entropy, balance, z = (value / n_tokens for value in sums)
        return {
            "expert_load_max": counts_E.max() * len(counts_E) / n_choices,
            "dead_experts": (counts_E == 0).sum(),
            "dropped_share": n_dropped / n_choices,
            "router_entropy": entropy,
            "balance_loss": balance,
            "z_loss": z,
        }

    def fault(self) -> str | None:
        """What is wrong with the last forward pass, or None: whether the router's logits were numbers."""
        if self.last is None or bool((fine_SE := self.last.logits_SE.isfinite()).all()):
            return None
        (n_tokens, n_experts), bad_SE = fine_SE.shape, ~fine_SE
        return (
            f"its router gave logits that are not finite, to {int(bad_SE.any(1).sum())} of {n_tokens} tokens for "
            f"{int(bad_SE.any(0).sum())} of {n_experts} experts"
        )


def _wide(tensor: Tensor) -> torch.dtype:
    """A type that counts millions exactly and that the device has."""
    return torch.float32 if tensor.device.type == "mps" else torch.float64
