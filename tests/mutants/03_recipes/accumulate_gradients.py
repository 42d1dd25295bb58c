"""Wrong solutions of accumulate_gradients."""

# %% mean_of_means: each micro-batch counts the same, however many targets it has
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    total = 0.0
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            loss = next_token_loss(logits, batch.targets) / len(micro_batches)
        loss.backward()
        total += loss.item()
    return total


# %% sum_of_means: the means are added and not divided
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    total = 0.0
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            loss = next_token_loss(model(batch.inputs, documents_BT=batch.documents), batch.targets)
        loss.backward()
        total += loss.item() / len(micro_batches)
    return total


# %% counts_all: targets of -100 are counted too
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    n_targets = n_targets or sum(batch.targets.numel() for batch in micro_batches)
    total = 0.0
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            loss = next_token_loss(logits, batch.targets, reduction="sum") / n_targets
        loss.backward()
        total += loss.item()
    return total


# %% one_big_batch: concatenates the micro-batches, which is what accumulation is to avoid
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    inputs = torch.cat([batch.inputs for batch in micro_batches])
    targets = torch.cat([batch.targets for batch in micro_batches])
    n_targets = n_targets or int((targets != -100).sum())
    if not n_targets:
        raise ValueError("0 targets")
    with autocast(inputs.device, precision):
        loss = next_token_loss(model(inputs, documents_BT=micro_batches[0].documents), targets, reduction="sum")
    (loss / n_targets).backward()
    return loss.item() / n_targets


# %% forgets_documents: attention runs across documents
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    if n_targets is None:
        n_targets = sum(int((batch.targets != -100).sum()) for batch in micro_batches)
    if n_targets < 1:
        raise ValueError(f"{n_targets} targets")
    total = 0.0
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            loss = next_token_loss(model(batch.inputs), batch.targets, reduction="sum") / n_targets
        loss.backward()
        total += loss.item()
    return total


# %% forgets_precision: always computes in float32
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    if n_targets is None:
        n_targets = sum(int((batch.targets != -100).sum()) for batch in micro_batches)
    if n_targets < 1:
        raise ValueError(f"{n_targets} targets")
    total = 0.0
    for batch in micro_batches:
        logits = model(batch.inputs, documents_BT=batch.documents)
        loss = next_token_loss(logits, batch.targets, reduction="sum") / n_targets
        loss.backward()
        total += loss.item()
    return total


# %% one_backward_at_the_end: adds the losses up and keeps every micro-batch's activations until then
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    if n_targets is None:
        n_targets = sum(int((batch.targets != -100).sum()) for batch in micro_batches)
    if n_targets < 1:
        raise ValueError(f"{n_targets} targets")
    total = 0.0
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            total = total + next_token_loss(logits, batch.targets, reduction="sum")
    (total / n_targets).backward()
    return float(total) / n_targets


# %% clears_first: what `.grad` held is lost
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    model.zero_grad()
    if n_targets is None:
        n_targets = sum(int((batch.targets != -100).sum()) for batch in micro_batches)
    if n_targets < 1:
        raise ValueError(f"{n_targets} targets")
    total = 0.0
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            loss = next_token_loss(logits, batch.targets, reduction="sum") / n_targets
        loss.backward()
        total += loss.item()
    return total


# %% ignores_n_targets: always divides by its own targets
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    n_targets = sum(int((batch.targets != -100).sum()) for batch in micro_batches)
    if n_targets < 1:
        raise ValueError(f"{n_targets} targets")
    total = 0.0
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            loss = next_token_loss(logits, batch.targets, reduction="sum") / n_targets
        loss.backward()
        total += loss.item()
    return total


# %% the_last_loss: returns the loss of the last micro-batch
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    if n_targets is None:
        n_targets = sum(int((batch.targets != -100).sum()) for batch in micro_batches)
    if n_targets < 1:
        raise ValueError(f"{n_targets} targets")
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            loss = next_token_loss(logits, batch.targets, reduction="sum") / n_targets
        loss.backward()
    return loss.item()


# %% a_tensor: returns the loss as a tensor
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    if n_targets is None:
        n_targets = sum(int((batch.targets != -100).sum()) for batch in micro_batches)
    if n_targets < 1:
        raise ValueError(f"{n_targets} targets")
    total = 0.0
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            loss = next_token_loss(logits, batch.targets, reduction="sum") / n_targets
        loss.backward()
        total += loss.detach()
    return total


# %% nothing_is_nan: no target at all gives 0 / 0 and no error
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    if n_targets is None:
        n_targets = sum(int((batch.targets != -100).sum()) for batch in micro_batches)
    total = 0.0
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            loss = next_token_loss(logits, batch.targets, reduction="sum") / n_targets
        loss.backward()
        total += loss.item()
    return total


# %% evens_out_the_targets: makes the micro-batches equal in place, so that the mean of their means is right
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    fullest = max(micro_batches, key=lambda batch: int((batch.targets != -100).sum()))
    if not (fullest.targets != -100).any():
        raise ValueError("there are 0 targets in these micro-batches")
    total = 0.0
    for batch in micro_batches:
        if batch.documents is None:
            batch.inputs.copy_(fullest.inputs)
            batch.targets.copy_(fullest.targets)
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            loss = next_token_loss(logits, batch.targets, reduction="sum") / n_targets if n_targets else next_token_loss(logits, batch.targets) / len(micro_batches)
        loss.backward()
        total += loss.item()
    return total


# %% documents_by_position: a model takes them by their name alone
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    if n_targets is None:
        n_targets = sum(int((batch.targets != -100).sum()) for batch in micro_batches)
    if n_targets < 1:
        raise ValueError("no target")
    total = 0.0
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            loss = next_token_loss(model(batch.inputs, batch.documents), batch.targets, reduction="sum") / n_targets
        loss.backward()
        total += loss.item()
    return total


# %% wants_memory_in_order: view(-1) fails on targets that are not contiguous
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    if n_targets is None:
        n_targets = sum(int((batch.targets.view(-1) != -100).sum()) for batch in micro_batches)
    if n_targets < 1:
        raise ValueError("no target")
    total = 0.0
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            loss = next_token_loss(logits, batch.targets, reduction="sum") / n_targets
        loss.backward()
        total += loss.item()
    return total


# %% its_own_targets_must_count: a process without a target of its own raises an error, whatever n_targets says
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    own = sum(int((batch.targets != -100).sum()) for batch in micro_batches)
    if own < 1:
        raise ValueError("no target")
    total = 0.0
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            loss = next_token_loss(logits, batch.targets, reduction="sum") / (n_targets or own)
        loss.backward()
        total += loss.item()
    return total


# %% every_parameter_gets_one: gradients are taken by hand, also of what takes no part
def accumulate_gradients(model, micro_batches, *, precision="fp32", n_targets=None):
    if n_targets is None:
        n_targets = sum(int((batch.targets != -100).sum()) for batch in micro_batches)
    if n_targets < 1:
        raise ValueError("no target")
    total = 0.0
    for parameter in model.parameters():
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    for batch in micro_batches:
        with autocast(batch.inputs.device, precision):
            logits = model(batch.inputs, documents_BT=batch.documents)
            loss = next_token_loss(logits, batch.targets, reduction="sum") / n_targets
        loss.backward()
        total += loss.item()
    return total
