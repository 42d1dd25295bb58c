"""Wrong solutions of train_step."""

# %% keeps_old_gradients: does not forget the gradients of the step before
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
    if math.isfinite(loss) and math.isfinite(norm):
        optimizer.step()
    return StepResult(loss, norm)


# %% clips_after_the_step: the optimizer has already stepped when the gradient is clipped
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    if math.isfinite(loss):
        optimizer.step()
    norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
    return StepResult(loss, norm)


# %% steps_on_nan: steps whatever the loss is
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
    optimizer.step()
    return StepResult(loss, norm)


# %% looks_at_the_loss_only: steps on a gradient that is not finite
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
    if math.isfinite(loss):
        optimizer.step()
    return StepResult(loss, norm)


# %% mean_of_means: one backward pass a micro-batch, each divided by their number
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    losses = []
    for batch in micro_batches:
        losses.append(accumulate_gradients(model, [batch], precision=precision))
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad /= len(micro_batches)
    loss = sum(losses) / len(losses)
    norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
    if math.isfinite(loss) and math.isfinite(norm):
        optimizer.step()
    return StepResult(loss, norm)


# %% forgets_precision: always computes in fp32
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches)
    norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
    if math.isfinite(loss) and math.isfinite(norm):
        optimizer.step()
    return StepResult(loss, norm)


# %% no_norm_without_limit: does not measure the norm when there is no limit
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    norm = 0.0 if clip_norm is None else float(clip_gradients(model.parameters(), clip_norm))
    if math.isfinite(loss) and math.isfinite(norm):
        optimizer.step()
    return StepResult(loss, norm)


# %% none_clips_at_one: without a limit the gradient is clipped to 1
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    norm = float(clip_gradients(model.parameters(), clip_norm or 1.0))
    if math.isfinite(loss) and math.isfinite(norm):
        optimizer.step()
    return StepResult(loss, norm)


# %% norm_after_clipping: returns the norm of what is left
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    if clip_norm is not None:
        clip_gradients(model.parameters(), clip_norm)
    norm = float(clip_gradients(model.parameters(), math.inf))
    if math.isfinite(loss) and math.isfinite(norm):
        optimizer.step()
    return StepResult(loss, norm)


# %% steps_for_each_micro_batch: several small steps instead of a big one
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    losses = []
    for batch in micro_batches:
        if not (batch.targets != -100).any():
            continue
        optimizer.zero_grad(set_to_none=True)
        losses.append(accumulate_gradients(model, [batch], precision=precision))
        norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
        if math.isfinite(losses[-1]) and math.isfinite(norm):
            optimizer.step()
    return StepResult(sum(losses) / len(losses), norm)


# %% steps_on_infinity: looks for NaN only
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
    if not math.isnan(loss) and not math.isnan(norm):
        optimizer.step()
    return StepResult(loss, norm)


# %% forgets_at_the_end: clears the gradients after the step, and what was there before the first one stays in it
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
    if math.isfinite(loss) and math.isfinite(norm):
        optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return StepResult(loss, norm)


# %% raises_on_nan: stops the program instead of returning what it measured
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
    if not (math.isfinite(loss) and math.isfinite(norm)):
        raise FloatingPointError(f"loss {loss}, norm {norm}")
    optimizer.step()
    return StepResult(loss, norm)


# %% norm_as_tensor: returns the norm as a tensor
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    norm = clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm)
    if math.isfinite(loss) and torch.isfinite(norm):
        optimizer.step()
    return StepResult(loss, norm)


# %% in_training_mode: switches the model to training
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    model.train()
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
    if math.isfinite(loss) and math.isfinite(norm):
        optimizer.step()
    return StepResult(loss, norm)


# %% mends_the_gradient: takes NaN for 0 and steps
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad = torch.nan_to_num(parameter.grad)
    norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
    if math.isfinite(loss) and math.isfinite(norm):
        optimizer.step()
    return StepResult(loss, norm)


# %% loss_after_the_step: measures the loss of the new parameters
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    norm = float(clip_gradients(model.parameters(), math.inf if clip_norm is None else clip_norm))
    if math.isfinite(loss) and math.isfinite(norm):
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss = accumulate_gradients(model, micro_batches, precision=precision)
    return StepResult(loss, norm)


# %% a_limit_on_every_parameter: clips each parameter by itself
def train_step(model, optimizer, micro_batches, clip_norm=1.0, precision="fp32"):
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, micro_batches, precision=precision)
    norm = float(clip_gradients(model.parameters(), math.inf))
    if clip_norm is not None:
        for parameter in model.parameters():
            clip_gradients([parameter], clip_norm)
    if math.isfinite(loss) and math.isfinite(norm):
        optimizer.step()
    return StepResult(loss, norm)
