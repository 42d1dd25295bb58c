"""A model's weights by the names that it was built with, whatever has been put around it since (chapter 3)."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

COMPILED = "_orig_mod."
"""What `torch.compile` puts into the name of every weight of a module."""


def unwrapped(model: nn.Module) -> nn.Module:
    """The model that PyTorch's `DistributedDataParallel` has been put around; any other model itself."""
    return model.module if isinstance(model, DistributedDataParallel) else model


def named_layers(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules of a model by the names that it was built with, each once.

    What `torch.compile` puts around a module is none of them: it answers to all attributes of the one inside, so that
    who asks each module of a model would meet that one twice.

    Example:
        >>> model = nn.Sequential(nn.ModuleDict({"_orig_mod": nn.Linear(1, 1)}))
        >>> [(name, type(module).__name__) for name, module in named_layers(model)]
        [('', 'Sequential'), ('0', 'Linear')]
    """
    for name, module in unwrapped(model).named_modules():
        if COMPILED.removesuffix(".") not in module._modules:
            yield f"{name}.".replace(COMPILED, "").removesuffix("."), module


def named_weights(model: nn.Module) -> dict[str, Tensor]:
    """The state dict of a model, the same for a compiled or wrapped one as for the plain one inside it.

    Example:
        >>> model = nn.Sequential(nn.Linear(1, 1))
        >>> list(named_weights(model)), list(named_weights(nn.ModuleDict({"_orig_mod": model})))
        (['0.weight', '0.bias'], ['0.weight', '0.bias'])
    """
    return {name.replace(COMPILED, ""): weight for name, weight in unwrapped(model).state_dict().items()}


def load_weights(model: nn.Module, weights: Mapping[str, Any]) -> None:
    """Put weights into a model; either may come from a compiled one, the model may be wrapped.

    Raises:
        RuntimeError: A weight is missing, left over or of another shape; the message names it.
    """
    model = unwrapped(model)
    own = {name.replace(COMPILED, ""): name for name in model.state_dict()}
    plain = {name.replace(COMPILED, ""): weight for name, weight in weights.items()}
    model.load_state_dict({own.get(name, name): weight for name, weight in plain.items()})
