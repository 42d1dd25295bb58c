"""Optimizers: thin classes that keep a rule's state between steps (chapter 3).

SGD, Adam and AdamW equal `torch.optim` step by step; Muon equals `torch.optim.Muon` where both compute in one
precision. State is saved and loaded with `state_dict` and `load_state_dict`, as of any PyTorch optimizer.

AdamW is there twice: `adamw_step` says what it does, seven passes over memory and a call each for every parameter; and
PyTorch's fused kernel does the same for all of them in one pass. The two are tested equal.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.optim.adamw import adamw

from llmcourse._overlay import is_the_librarys
from llmcourse.optim.gradients import local_part
from llmcourse.optim.muon import muon_scale, muon_step
from llmcourse.optim.rules import adam_step, adamw_step, sgd_step


class SGD(torch.optim.Optimizer):
    """Gradient descent with momentum; equals `torch.optim.SGD` step by step.

    Raises:
        ValueError: A setting is out of range; the message names it.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([3.0]))
        >>> optimizer = SGD([weight], lr=0.5)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> weight.item()
        0.0
    """

    def __init__(self, params, lr: float, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group whose own settings, where it has any, take the place of the optimizer's."""
        _check(self.defaults | param_group)
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Update every parameter that has a gradient."""
        loss = _evaluate(closure)
        for group in self.param_groups:
            settings = {name: group[name] for name in ("lr", "momentum", "nesterov", "weight_decay")}
            for param, state in _with_gradients(self, group, "momentum_buffer"):
                sgd_step(param, param.grad, state["momentum_buffer"], **settings)
        return loss


class AdamW(torch.optim.Optimizer):
    """Adam with decoupled weight decay; equals `torch.optim.AdamW` step by step.

    Args:
        params: Parameters, or groups of them with settings of their own.
        lr: Learning rate.
        betas: The share of the first and of the second moment that is kept.
        eps: Added to the root of the second moment.
        weight_decay: Strength of the decay.
        decoupled: False for the older Adam, whose decay is part of the gradient; equals `torch.optim.Adam`.

    Raises:
        ValueError: A setting is out of range; the message names it.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([3.0]))
        >>> optimizer = AdamW([weight], lr=0.5, weight_decay=0.0)
        >>> (weight**2).sum().backward()
        >>> optimizer.step()
        >>> weight.item()
        2.5
    """

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        decoupled: bool = True,
    ):
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "decoupled": decoupled}
        super().__init__(params, settings)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group whose own settings, where it has any, take the place of the optimizer's."""
        _check(self.defaults | param_group)
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Update every parameter that has a gradient."""
        loss = _evaluate(closure)
        for group in self.param_groups:
            _adam(self, group, adamw_step if group["decoupled"] else adam_step)
        return loss


class Muon(torch.optim.Optimizer):
    """Muon for matrices, and AdamW in the groups that ask for it with `rule="adamw"`.

    Args:
        params: Matrices, or groups; a group's `rule` is "muon" or "adamw".
        lr: Learning rate.
        momentum: The share of Muon's moving average that is kept.
        weight_decay: Strength of the decoupled decay.
        ns_steps: Iterations of `newton_schulz`.
        scale: How Muon's step depends on the shape, as in `muon_scale`.
        compute_dtype: The dtype of the iteration; None for the gradient's own.
        betas: For the groups under AdamW.
        eps: For the groups under AdamW.

    Raises:
        ValueError: A setting is out of range, a rule is unknown, or Muon is to update something that is no matrix.

    Example:
        >>> weight, gain = torch.nn.Parameter(torch.eye(2)), torch.nn.Parameter(torch.ones(2))
        >>> optimizer = Muon([{"params": [weight]}, {"params": [gain], "rule": "adamw"}], lr=0.1, weight_decay=0.0)
        >>> (gain * weight).sum().backward()
        >>> optimizer.step()
        >>> gain.detach()
        tensor([0.9000, 0.9000])
    """

    def __init__(
        self,
        params,
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.1,
        ns_steps: int = 5,
        scale: str = "original",
        compute_dtype: torch.dtype | None = None,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
    ):
        settings = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "ns_steps": ns_steps, "scale": scale}
        settings |= {"compute_dtype": compute_dtype, "betas": betas, "eps": eps, "rule": "muon"}
        super().__init__(params, settings)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group whose own settings, where it has any, take the place of the optimizer's."""
        settings = self.defaults | param_group
        _check(settings)
        muon_scale(1, 1, settings["scale"])
        if settings["rule"] not in ("muon", "adamw"):
            raise ValueError(f"a group's rule is {settings['rule']!r}; it must be 'muon' or 'adamw'")
        super().add_param_group(param_group)
        for param in self.param_groups[-1]["params"]:
            if settings["rule"] == "muon" and param.ndim < 2:
                self.param_groups.pop()
                raise ValueError(
                    f"a parameter has shape {tuple(param.shape)}; it must be a matrix or have the rule 'adamw'"
                )

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Update every parameter that has a gradient."""
        loss = _evaluate(closure)
        for group in self.param_groups:
            if group["rule"] == "adamw":
                _adam(self, group, adamw_step)
            else:
                for param, state in _with_gradients(self, group, "momentum_buffer"):
                    _muon(param, state, group)
        return loss


def _muon(param: Tensor, state: dict, group: dict) -> None:
    settings = {name: group[name] for name in ("lr", "momentum", "weight_decay", "scale", "compute_dtype")}
    muon_step(param, param.grad, state["momentum_buffer"], steps=group["ns_steps"], **settings)


def _adam(optimizer: torch.optim.Optimizer, group: dict, rule: Callable[..., None]) -> None:
    """Update a group by a rule, or by the fused kernel what that can do."""
    settings = {name: group[name] for name in ("lr", "betas", "eps", "weight_decay")}
    is_known = rule is adamw_step and is_the_librarys(rule, "llmcourse.optim.rules")
    fused: dict[torch.device, list[tuple[list[Tensor], int]]] = {}
    for param, state in _with_gradients(optimizer, group, "exp_avg", "exp_avg_sq"):
        state["step"] = state.get("step", 0) + 1
        tensors = _in_this_process(param, param.grad, state["exp_avg"], state["exp_avg_sq"])
        if is_known and all(tensor.dtype == torch.float32 and tensor.is_contiguous() for tensor in tensors):
            fused.setdefault(param.device, []).append((tensors, state["step"]))
        else:
            rule(*tensors, state["step"], **settings)
    for found in fused.values():
        _fused_adamw(found, **settings)


def _fused_adamw(
    found: list[tuple[list[Tensor], int]], *, lr: float, betas: tuple[float, float], eps: float, weight_decay: float
) -> None:
    """`adamw_step` for many parameters at once, each with its gradient, moments and the number of the step."""
    params, grads, ms, vs = (list(column) for column in zip(*(tensors for tensors, _ in found)))
    before = [torch.tensor(float(step - 1), device=params[0].device) for _, step in found]  # the kernel counts on
    adamw(
        params, grads, ms, vs, [], before, fused=True, amsgrad=False, maximize=False, lr=lr, beta1=betas[0],
        beta2=betas[1], eps=eps, weight_decay=weight_decay,
    )  # fmt: skip


def _in_this_process(*tensors: Tensor) -> list[Tensor]:
    """Tensors that are cut over several processes in one and the same way as what of them is here; others as they are.

    A rule that looks at each element by itself then needs no other process, and none of `DTensor`'s bookkeeping.
    """
    cuts = {(tensor.device_mesh, tensor.placements) if hasattr(tensor, "placements") else None for tensor in tensors}
    return [local_part(tensor) for tensor in tensors] if len(cuts) == 1 else list(tensors)


def _with_gradients(optimizer: torch.optim.Optimizer, group: dict, *state_names: str) -> Iterator[tuple[Tensor, dict]]:
    """A group's parameters that have a gradient, with their states; the named states start as zeros."""
    for param in group["params"]:
        if param.grad is not None:
            state = optimizer.state[param]
            for name in state_names:
                if name not in state:
                    state[name] = torch.zeros_like(param)
            yield param, state


def _check(settings: dict[str, Any]) -> None:
    """Raise a ValueError that names the first setting of a group which is out of range."""
    lr = settings["lr"]
    if not (math.isfinite(lr) and lr >= 0):
        raise ValueError(f"the learning rate is {lr!r}; it must be finite and at least 0")
    for name in ("weight_decay", "eps"):
        value = settings.get(name, 0.0)
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} is {value!r}; it must be finite and at least 0")
    for share in (settings.get("momentum", 0.0), *settings.get("betas", ())):
        if not 0 <= share < 1:
            raise ValueError(f"a momentum or beta is {share!r}; it must be at least 0 and below 1")


def _evaluate(closure: Callable[[], Tensor] | None) -> Tensor | None:
    if closure is None:
        return None
    with torch.enable_grad():
        return closure()
