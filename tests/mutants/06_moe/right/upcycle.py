"""Right solutions of upcycle that are not written as the library's is."""

# %% pattern: names by a regular expression, copies by repeat, the router first
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    import re

    if n_experts < 1 or not noise >= 0:
        raise ValueError(f"n_experts is {n_experts} and noise is {noise}")
    at = {name: re.match(r"((?:.*?\.)?feed_forward)\.(.*)", name) for name in weights}
    networks = {}
    for name, match in at.items():
        if match:
            networks.setdefault(match[1], []).append(match[2])
    if not networks:
        raise ValueError("feed_forward: no such network")
    for network, parts in networks.items():
        if sorted(parts) != ["down.weight", "gate.weight", "up.weight"]:
            raise ValueError(f"cannot make experts of {network}: {parts}")
    with torch.no_grad():
        sparse = {name: torch.clone(weight) for name, weight in weights.items() if not at[name]}
        sparse = {name: weight.detach() for name, weight in sparse.items()}
        for network in networks:
            width = weights[f"{network}.gate.weight"].shape[1]
            router = torch.randn(n_experts, width, generator=generator) * router_std
            sparse[f"{network}.router.weight"] = router.to(weights[f"{network}.gate.weight"].dtype)
            for part, suffix in (("up", "EFD"), ("gate", "EFD"), ("down", "EDF")):
                matrix = weights[f"{network}.{part}.weight"].detach()
                stack = matrix[None].repeat(n_experts, 1, 1)
                if noise > 0:
                    stack = stack + torch.randn(stack.shape, generator=generator).to(stack.dtype) * (noise * matrix.pow(2).mean() ** 0.5)
                sparse[f"{network}.experts.{part}_{suffix}"] = stack
    return sparse


# %% one_by_one: an expert after another, each with noise drawn for it, the size from the norm
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    def check(is_right, message):
        if not is_right:
            raise ValueError(message)

    check(n_experts >= 1, f"n_experts: {n_experts}")
    check(noise >= 0, f"noise: {noise}")
    result, found = {}, {}
    for name in weights:
        steps = name.split(".")
        if steps.count("feed_forward") == 0:
            result[name] = weights[name].detach().clone()
            continue
        where = steps.index("feed_forward")
        network, rest = ".".join(steps[: where + 1]), steps[where + 1 :]
        found.setdefault(network, set()).add(".".join(rest))
    check(found, "feed_forward is in no name")
    for network, names in found.items():
        check(names == {f"{part}.weight" for part in ("gate", "up", "down")}, network)
        for part in ("gate", "up", "down"):
            matrix = weights[network + f".{part}.weight"].detach()
            size = noise * matrix.norm() / matrix.numel() ** 0.5
            experts = []
            for _ in range(n_experts):
                expert = matrix.clone()
                if noise:
                    expert = expert + size * torch.empty_like(expert).normal_(generator=generator)
                experts.append(expert.unsqueeze(0))
            result[f"{network}.experts.{part}_{'EDF' if part == 'down' else 'EFD'}"] = torch.cat(experts)
        router = torch.zeros(n_experts, matrix.shape[0], dtype=matrix.dtype, device=matrix.device)
        torch.nn.init.normal_(router, 0.0, router_std, generator=generator)
        result[network + ".router.weight"] = router
    return result


# %% copies_first: all weights are copied, then networks are taken out and replaced
@torch.no_grad()
def upcycle(weights, n_experts, *, noise=0.0, router_std=0.02, generator=None):
    if n_experts < 1:
        raise ValueError(f"n_experts is {n_experts}; it must be at least 1")
    if noise < 0:
        raise ValueError(f"noise is {noise}; it must be at least 0")
    rest = {name: weight.clone() for name, weight in weights.items()}
    prefixes = []
    for name in weights:
        head, dot, tail = ("." + name).partition(".feed_forward.")
        if dot:
            prefix = (head + ".feed_forward")[1:]
            if prefix not in prefixes:
                prefixes.append(prefix)
    if not prefixes:
        raise ValueError("weights holds no feed_forward")
    for prefix in prefixes:
        own = {name[len(prefix) + 1 :]: rest.pop(name) for name in weights if name.startswith(prefix + ".")}
        if own.keys() != STACKS.keys():
            raise ValueError(f"{prefix} consists of {list(own)}; it must consist of {list(STACKS)}")
        for part, dense in own.items():
            experts = []
            for _ in range(n_experts):
                expert = dense.clone()
                if noise:
                    expert += torch.randn(dense.shape, generator=generator, dtype=dense.dtype, device=dense.device) * noise * dense.square().mean().sqrt()
                experts.append(expert)
            rest[f"{prefix}.{STACKS[part]}"] = torch.stack(experts)
        gate = own["gate.weight"]
        rest[f"{prefix}.router.weight"] = router_std * torch.randn(n_experts, gate.shape[1], generator=generator, dtype=gate.dtype, device=gate.device)
    return rest
