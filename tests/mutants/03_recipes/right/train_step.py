"""Right solutions of train_step that are not written as the library's is."""

# %% early_return: returns before the step when something is not finite
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None
    loss = float(accumulate_gradients(model, list(micro_batches), precision=precision))
    limit = float("inf") if clip_norm is None else clip_norm
    norm = clip_gradients([p for p in model.parameters() if p.grad is not None], limit).item()
    result = StepResult(loss=loss, grad_norm=norm)
    if not all(math.isfinite(value) for value in result):
        return result
    optimizer.step()
    return result


# %% by_torch: PyTorch's own clipping
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    model.zero_grad()
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    norm = nn.utils.clip_grad_norm_(model.parameters(), float("inf") if clip_norm is None else clip_norm).item()
    is_fine = bool(torch.tensor([loss, norm]).isfinite().all())
    optimizer.step() if is_fine else None
    return StepResult(loss, norm)


# %% parameters_of_the_optimizer: clips what the optimizer holds, in two calls
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad()
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    mine = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    norm = clip_gradients(mine, float("inf"))
    if not torch.isfinite(norm) or loss in (math.inf, -math.inf) or loss != loss:
        return StepResult(float(loss), norm.item())
    if clip_norm is not None:
        clip_gradients(mine, clip_norm)
    optimizer.step()
    return StepResult(float(loss), norm.item())
