"""Right solutions of accumulate_gradients."""

# %% scales_the_mean: the mean of each part, times its share of the targets
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    counts = [int((batch.targets >= 0).sum()) for batch in micro_batches]
    whole = sum(counts) if n_targets is None else n_targets
    if whole == 0:
        raise ValueError("the micro-batches have 0 targets")
    losses = []
    for batch, count in zip(micro_batches, counts):
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            if count == 0:
                continue
            loss = next_token_loss(logits, batch.targets) * (count / whole)
        loss.backward()
        losses.append(loss.item())
    return sum(losses)


# %% skips_the_empty: does not run micro-batches without a target
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    counts = [int((batch.targets != -100).sum()) for batch in micro_batches]
    n_targets = sum(counts) if n_targets is None else n_targets
    if not n_targets:
        raise ValueError(f"{n_targets} targets in {len(micro_batches)} micro-batches")
    total = 0.0
    for batch in (batch for batch, count in zip(micro_batches, counts) if count):
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            loss = next_token_loss(logits, batch.targets, reduction="sum") / n_targets
        loss.backward()
        total += loss.item()
    return total


# %% another_message: cross-entropy by hand, documents only where there are some, and a message of its own
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    counted = [batch.targets.ne(-100) for batch in micro_batches]
    divisor = n_targets if n_targets is not None else int(sum(mask.sum() for mask in counted))
    if divisor == 0:
        raise ValueError("nothing to predict in this batch")
    total = 0.0
    for batch, mask in zip(micro_batches, counted):
        more = {} if batch.documents is None else {"documents_BT": batch.documents}
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, **more)
        picked = logits[mask].to(torch.promote_types(logits.dtype, torch.float32)).log_softmax(-1)
        loss = -picked.gather(-1, batch.targets[mask][:, None]).sum() / divisor
        loss.backward()
        total += float(loss)
    return total
