"""Right solutions of score_endings that are not written as the library's is."""


# %% one_at_a_time: one call of the model for each ending
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids_T = torch.cat([prompt_T, ending])
            log_probs_TV = model(ids_T[None, :-1])[0].float().log_softmax(-1)
            scores.append(log_probs_TV[len(prompt_T) - 1 :].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% cross_entropy: cross-entropy with a mask instead of targets that are left out
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    longest = max(len(ending) for ending in endings)
    rows, asked = [], []
    for ending in endings:
        fill = longest - len(ending)
        rows.append(torch.cat([prompt_T, ending, ending.new_full((fill,), int(ending[-1]))]))
        asked.append([0.0] * (len(prompt_T) - 1) + [1.0] * len(ending) + [0.0] * fill)
    ids_NT = torch.stack(rows)
    with evaluation_mode(model):
        logits_NTV = model(ids_NT)[:, :-1].float()
    losses_NT = torch.nn.functional.cross_entropy(logits_NTV.flatten(0, 1), ids_NT[:, 1:].flatten(), reduction="none")
    return -(losses_NT.view(len(rows), -1) * torch.tensor(asked, device=ids_NT.device)).sum(1)


# %% modes_by_hand: remembers and restores the mode of each module itself
def score_endings(model, prompt_T, endings):
    if prompt_T.numel() == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0 or min(ending.numel() for ending in endings) == 0:
        raise ValueError("an ending is missing or empty")
    modules = list(model.modules()) if isinstance(model, torch.nn.Module) else []
    before = [module.training for module in modules]
    for module in modules:
        module.training = False
    try:
        with torch.no_grad():
            padded = torch.nn.utils.rnn.pad_sequence(
                [torch.cat([prompt_T, ending]) for ending in endings], batch_first=True
            )
            log_probs = model(padded[:, :-1]).float().log_softmax(dim=-1)
            picked = log_probs.gather(-1, padded[:, 1:, None]).squeeze(-1)
            place = torch.arange(1, padded.shape[1], device=padded.device)
            ends = torch.tensor([len(prompt_T) + len(ending) for ending in endings], device=padded.device)
            inside = (place >= len(prompt_T)) & (place < ends[:, None])
            return torch.where(inside, picked, 0.0).sum(-1)
    finally:
        for module, mode in zip(modules, before):
            module.training = mode


# %% double: adds up in float64
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids_T = torch.cat([prompt_T, ending])
            log_probs_TV = model(ids_T[None, :-1])[0].double().log_softmax(-1)
            scores.append(log_probs_TV[len(prompt_T) - 1 :].gather(1, ending[:, None]).sum())
    return torch.stack(scores).float()


# %% grouped: rows of one length are one batch, so nothing is filled up
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    groups = defaultdict(list)
    for i, ending in enumerate(endings):
        groups[len(ending)].append(i)
    scores = [None] * len(endings)
    with evaluation_mode(model):
        for length, members in groups.items():
            ends = torch.stack([endings[i] for i in members])
            ids = torch.cat([prompt_T.expand(len(members), -1), ends], dim=1)
            logits = model(ids)[:, -length - 1 : -1]
            loss = next_token_loss(logits, ends, "none").sum(dim=1)
            for i, value in zip(members, loss):
                scores[i] = -value
    return torch.stack(scores)


# %% token_by_token: asks for each token anew, from the beginning up to it
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")

    def log_prob(ids, token):
        logits = model(ids[None, :])[0, -1]
        logits = logits.float() if logits.dtype.itemsize < 4 else logits
        return logits[token] - logits.logsumexp(0)

    with evaluation_mode(model):
        return torch.stack(
            [
                sum(log_prob(torch.cat([prompt_T, ending[:i]]), ending[i]) for i in range(len(ending)))
                for ending in endings
            ]
        )


# %% inference_mode: inference mode in place of no_grad, fills with the last token
@torch.inference_mode()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    n, longest = len(prompt_T), max(len(ending) for ending in endings)
    ids = prompt_T[-1].repeat(len(endings), n + longest)
    targets = torch.full_like(ids, IGNORED)
    for row, ending in enumerate(endings):
        ids[row, :n] = prompt_T
        ids[row, n : n + len(ending)] = ending
        targets[row, n : n + len(ending)] = ending
    with evaluation_mode(model):
        logits = model(ids[:, :-1])
    return -next_token_loss(logits, targets[:, 1:], reduction="none").sum(1)
