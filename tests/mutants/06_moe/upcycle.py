"""Wrong solutions of upcycle."""

# %% one_memory: the experts are one matrix that is seen several times
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = found[part].clone().expand(n_experts, *found[part].shape)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies = copies + size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% behind: the new axis is the last one
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts, dim=-1)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% shared_with_dense: other weights are not copied
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% one_router: one router for all layers
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        first = next((w for n, w in result.items() if n.endswith("router.weight")), None)
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator) if first is None else first.clone()
    return result


# %% zero_router: routers begin at zero
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.zero_()
    return result


# %% fixed_std: router_std is not used
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=0.02, generator=generator)
    return result


# %% uniform_router: routers are uniform
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.uniform_(-router_std * 3**0.5, router_std * 3**0.5, generator=generator)
    return result


# %% absolute_noise: noise is not measured by the matrix
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% noise_by_std: noise is measured by the standard deviation
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].std()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% noise_of_the_first: noise of all matrices by the gate
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found["gate.weight"].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% same_noise: all experts get the same noise
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(found[part]).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% first_without_noise: the first expert stays exact
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            copies[0] = found[part]
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% uniform_noise: noise is uniform
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).uniform_(-(3**0.5), 3**0.5, generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% noise_elsewhere: other weights get noise, too
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    for name in weights:
        if name in result and noise:
            result[name] += noise * torch.empty_like(result[name]).normal_(generator=generator)
    return result


# %% norms_are_networks: the norm counts as a part of the network
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in name:
            end = next(i for i, part in enumerate(parts) if part.startswith("feed_forward")) + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% norms_lost: the norms are left out
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        elif "norm" not in name:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% only_blocks: only networks of blocks are found
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if parts[0] == "blocks" and "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% gate_is_up: gate and up are swapped
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "up_EFD", "up.weight": "gate_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% down_transposed: down is transposed
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies if stack != "down_EDF" else copies.transpose(1, 2).contiguous()
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% float32: everything becomes float32
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach().float()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% with_gradients: what wants gradients gives gradients
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight
        else:
            result[name] = weight.clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies = copies + size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% global_random: random numbers do not come from the generator
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std)
    return result


# %% noise_global_random: the noise does not come from the generator
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.randn_like(copies)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% sets_a_seed: a seed is set inside
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    generator = generator or torch.Generator().manual_seed(0)
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% biases_lost: a network with biases is taken, without them
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if not set(found) >= set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% no_network_is_fine: a model without a network is taken
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% no_experts: no experts are allowed
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 0:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% negative_noise: noise below 0 is taken
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% old_names_stay: the dense weights stay beside the experts
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            result[name] = weight.detach().clone()
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% first_network_only: only the first network is made into experts
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts!r}; it must be at least 1")
    if not noise >= 0:
        raise ValueError(f"noise is {noise!r}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            end = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:end]), {})[".".join(parts[end:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("there is no feed_forward network")
    stacks = {"gate.weight": "gate_EFD", "up.weight": "up_EFD", "down.weight": "down_EDF"}
    for network, found in networks.items():
        if set(found) != set(stacks):
            raise ValueError(f"{network} has {sorted(found)}")
        for part, stack in stacks.items():
            copies = torch.stack([found[part]] * n_experts)
            if noise:
                size = noise * found[part].square().mean().sqrt()
                copies += size * torch.empty_like(copies).normal_(generator=generator)
            result[f"{network}.experts.{stack}"] = copies
            if network != next(iter(networks)):
                result[f"{network}.{part}"] = result.pop(f"{network}.experts.{stack}")[0]
        router = found["gate.weight"].new_empty(n_experts, found["gate.weight"].shape[1])
        result[f"{network}.router.weight"] = router.normal_(std=router_std, generator=generator)
    return result


# %% part_at_the_end: a part that only ends with feed_forward is taken for one
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts}; it must be at least 1")
    if noise < 0:
        raise ValueError(f"noise is {noise}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        before, found, after = name.partition("feed_forward.")
        if found:
            networks.setdefault(before + "feed_forward", {})[after] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("weights have no feed_forward; there must be one")
    for n, parts in networks.items():
        if set(parts) != set(STACKS):
            raise ValueError(f"{n} has {sorted(parts)}; it must have {sorted(STACKS)}")
        for part, stack in STACKS.items():
            w = torch.stack([parts[part]] * n_experts)
            if noise:
                w = w + noise * parts[part].square().mean().sqrt() * torch.empty_like(w).normal_(generator=generator)
            result[f"{n}.{stack}"] = w
        gate = parts["gate.weight"]
        result[f"{n}.router.weight"] = router_std * gate.new_empty(n_experts, gate.shape[1]).normal_(generator=generator)
    return result


# %% wide_noise: noise is drawn in float32 and makes narrow weights wide
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts}; it must be at least 1")
    if noise < 0:
        raise ValueError(f"noise is {noise}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            cut = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:cut]), {})[".".join(parts[cut:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("weights have no feed_forward; there must be one")
    for n, parts in networks.items():
        if set(parts) != set(STACKS):
            raise ValueError(f"{n} has {sorted(parts)}; it must have {sorted(STACKS)}")
        for part, stack in STACKS.items():
            w = torch.stack([parts[part]] * n_experts)
            if noise:
                w = w + noise * parts[part].square().mean().sqrt() * torch.randn(w.shape, generator=generator)
            result[f"{n}.{stack}"] = w
        gate = parts["gate.weight"]
        result[f"{n}.router.weight"] = router_std * gate.new_empty(n_experts, gate.shape[1]).normal_(generator=generator)
    return result


# %% width_of_the_first: all routers have the width and dtype of the first network's
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts}; it must be at least 1")
    if noise < 0:
        raise ValueError(f"noise is {noise}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            cut = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:cut]), {})[".".join(parts[cut:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("weights have no feed_forward; there must be one")
    gate = None
    for n, parts in networks.items():
        if set(parts) != set(STACKS):
            raise ValueError(f"{n} has {sorted(parts)}; it must have {sorted(STACKS)}")
        for part, stack in STACKS.items():
            w = torch.stack([parts[part]] * n_experts)
            if noise:
                w = w + noise * parts[part].square().mean().sqrt() * torch.empty_like(w).normal_(generator=generator)
            result[f"{n}.{stack}"] = w
        gate = parts["gate.weight"] if gate is None else gate
        result[f"{n}.router.weight"] = router_std * gate.new_empty(n_experts, gate.shape[1]).normal_(generator=generator)
    return result


# %% missing_down_is_a_key_error: only gates, biases and experts are looked at
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts}; it must be at least 1")
    if noise < 0:
        raise ValueError(f"noise is {noise}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            cut = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:cut]), {})[".".join(parts[cut:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("weights have no feed_forward; there must be one")
    for n, parts in networks.items():
        if "gate.weight" not in parts or any("bias" in part or "experts" in part for part in parts):
            raise ValueError(f"{n} has {sorted(parts)}; it must have {sorted(STACKS)}")
        for part, stack in STACKS.items():
            w = torch.stack([parts[part]] * n_experts)
            if noise:
                w = w + noise * parts[part].square().mean().sqrt() * torch.empty_like(w).normal_(generator=generator)
            result[f"{n}.{stack}"] = w
        gate = parts["gate.weight"]
        result[f"{n}.router.weight"] = router_std * gate.new_empty(n_experts, gate.shape[1]).normal_(generator=generator)
    return result


# %% extra_weights_dropped: a network with a weight more is taken, and the weight is lost
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts}; it must be at least 1")
    if noise < 0:
        raise ValueError(f"noise is {noise}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            cut = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:cut]), {})[".".join(parts[cut:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("weights have no feed_forward; there must be one")
    for n, parts in networks.items():
        if not set(STACKS) <= set(parts) or any(part.endswith(".bias") for part in parts):
            raise ValueError(f"{n} has {sorted(parts)}; it must have {sorted(STACKS)}")
        for part, stack in STACKS.items():
            w = torch.stack([parts[part]] * n_experts)
            if noise:
                w = w + noise * parts[part].square().mean().sqrt() * torch.empty_like(w).normal_(generator=generator)
            result[f"{n}.{stack}"] = w
        gate = parts["gate.weight"]
        result[f"{n}.router.weight"] = router_std * gate.new_empty(n_experts, gate.shape[1]).normal_(generator=generator)
    return result


# %% norm_of_the_network: noise by the root mean square of all three matrices together
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts}; it must be at least 1")
    if noise < 0:
        raise ValueError(f"noise is {noise}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            cut = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:cut]), {})[".".join(parts[cut:])] = weight.detach()
        else:
            result[name] = weight.detach().clone()
    if not networks:
        raise ValueError("weights have no feed_forward; there must be one")
    for n, parts in networks.items():
        if set(parts) != set(STACKS):
            raise ValueError(f"{n} has {sorted(parts)}; it must have {sorted(STACKS)}")
        size = torch.cat([p.flatten() for p in parts.values()]).square().mean().sqrt()
        for part, stack in STACKS.items():
            w = torch.stack([parts[part]] * n_experts)
            if noise:
                w = w + noise * size * torch.empty_like(w).normal_(generator=generator)
            result[f"{n}.{stack}"] = w
        gate = parts["gate.weight"]
        result[f"{n}.router.weight"] = router_std * gate.new_empty(n_experts, gate.shape[1]).normal_(generator=generator)
    return result


# %% everything_is_a_float: weights beside the networks become the gate's dtype
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts}; it must be at least 1")
    if noise < 0:
        raise ValueError(f"noise is {noise}; it must be at least 0")
    result, networks = {}, {}
    for name, weight in weights.items():
        parts = name.split(".")
        if "feed_forward" in parts:
            cut = parts.index("feed_forward") + 1
            networks.setdefault(".".join(parts[:cut]), {})[".".join(parts[cut:])] = weight.detach()
    if not networks:
        raise ValueError("weights have no feed_forward; there must be one")
    for n, parts in networks.items():
        if set(parts) != set(STACKS):
            raise ValueError(f"{n} has {sorted(parts)}; it must have {sorted(STACKS)}")
        for part, stack in STACKS.items():
            w = torch.stack([parts[part]] * n_experts)
            if noise:
                w = w + noise * parts[part].square().mean().sqrt() * torch.empty_like(w).normal_(generator=generator)
            result[f"{n}.{stack}"] = w
        gate = parts["gate.weight"]
        result[f"{n}.router.weight"] = router_std * gate.new_empty(n_experts, gate.shape[1]).normal_(generator=generator)
    for name, weight in weights.items():
        if "feed_forward" not in name.split("."):
            result[name] = weight.detach().clone().to(gate.dtype)
    return result
