"""Wrong solutions of score_endings."""


# %% mean: the mean over the ending's tokens
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1) / torch.tensor(
        [len(e) for e in endings]
    )


# %% mean_of_the_row: the mean over the row, also over what does not count
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").mean(dim=1)


# %% loss: a loss, not a log-probability
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% prompt_counts: the prompt's tokens are scored, too
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    targets_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% filling_counts: what fills a row up is scored, too
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = ids_NT.clone()
    ids_NT[:, :start] = prompt_T
    targets_NT[:, :start] = IGNORED
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% own_place: each token is looked up in the logits at its own place
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT)
    return -next_token_loss(logits_NTV, targets_NT, reduction="none").sum(dim=1)


# %% one_too_far: the logits of two tokens before
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids_T = torch.cat([prompt_T, ending])
            log_probs_TV = model(ids_T[None, :-1])[0].roll(1, dims=0).float().log_softmax(-1)
            scores.append(log_probs_TV[len(prompt_T) - 1 :].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% without_the_first: the first token of the ending is not scored
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids_T = torch.cat([prompt_T, ending])
            log_probs_TV = model(ids_T[None, :-1])[0].float().log_softmax(-1)
            scores.append(log_probs_TV[len(prompt_T) :].gather(1, ending[1:, None]).sum())
    return torch.stack(scores)


# %% filled_up_in_front: rows are filled up in front, where the model sees it and every place has moved
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    longest = max(map(len, endings))
    ids_NT = prompt_T.new_zeros(len(endings), len(prompt_T) + longest)
    targets_NT = torch.full_like(ids_NT, IGNORED)
    for row, ending in enumerate(endings):
        ids_NT[row, longest - len(ending) :] = torch.cat([prompt_T, ending])
        targets_NT[row, -len(ending) :] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% filled_up_between: the ending stands at the end of its row, and the filling between it and the prompt
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    longest = max(map(len, endings))
    ids_NT = prompt_T.new_zeros(len(endings), len(prompt_T) + longest)
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, : len(prompt_T)] = prompt_T
    for row, ending in enumerate(endings):
        ids_NT[row, -len(ending) :] = targets_NT[row, -len(ending) :] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% zero_is_filling: the token 0 is taken for filling, also inside an ending
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.zeros_like(ids_NT)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    targets_NT[targets_NT == 0] = IGNORED
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% logits: logits are added up, without a softmax
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids_T = torch.cat([prompt_T, ending])
            log_probs_TV = model(ids_T[None, :-1])[0].float()
            scores.append(log_probs_TV[len(prompt_T) - 1 :].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% probabilities: probabilities are added up
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids_T = torch.cat([prompt_T, ending])
            log_probs_TV = model(ids_T[None, :-1])[0].float().softmax(-1)
            scores.append(log_probs_TV[len(prompt_T) - 1 :].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% log_of_softmax: the logarithm of a softmax in the logits' own dtype
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids_T = torch.cat([prompt_T, ending])
            log_probs_TV = model(ids_T[None, :-1])[0].softmax(-1).log()
            scores.append(log_probs_TV[len(prompt_T) - 1 :].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% no_float: sums in the logits' dtype
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids_T = torch.cat([prompt_T, ending])
            log_probs_TV = model(ids_T[None, :-1])[0].log_softmax(-1)
            scores.append(log_probs_TV[len(prompt_T) - 1 :].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% exponential_by_hand: the exponentials of logits overflow or vanish
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids_T = torch.cat([prompt_T, ending])
            log_probs_TV = model(ids_T[None, :-1])[0].float()
            log_probs_TV = log_probs_TV - log_probs_TV.exp().sum(-1, keepdim=True).log()
            scores.append(log_probs_TV[len(prompt_T) - 1 :].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% training_mode: asked in whatever mode the model is in
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% left_in_eval: the model stays in evaluation mode
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    if isinstance(model, torch.nn.Module):
        model.eval()
    logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% all_in_train: every module is put into training mode afterwards
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    if isinstance(model, torch.nn.Module):
        model.eval()
    logits_NTV = model(ids_NT[:, :-1])
    if isinstance(model, torch.nn.Module):
        model.train()
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% only_the_top: the mode of the model is remembered, and given to all its modules
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    was = getattr(model, "training", None)
    if was is not None:
        model.eval()
    logits_NTV = model(ids_NT[:, :-1])
    if was is not None:
        model.train(was)
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% no_functions: a plain function has no mode to change
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    model.eval()
    logits_NTV = model(ids_NT[:, :-1])
    model.train()
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% with_gradient: the scores hold on to the graph
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% no_checks: empty endings get a score of 0
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% empty_endings_pass: an ending without tokens is not refused
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% empty_prompt_passes: a prompt without tokens is not refused
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% cut_to_the_shortest: endings are cut to the shortest one
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    shortest = min(map(len, endings))
    endings = [ending[:shortest] for ending in endings]
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


# %% one_list: stacks endings, which need not have one length
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    ids_NT = torch.stack([torch.cat([prompt_T, ending]) for ending in endings])
    with evaluation_mode(model):
        losses = next_token_loss(model(ids_NT[:, :-1]), ids_NT[:, 1:], reduction="none")
    return -losses[:, len(prompt_T) - 1 :].sum(dim=1)


# %% whole_row: the model reads one token more than there are
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)) + 1)
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT)
    return -next_token_loss(logits_NTV, targets_NT.roll(-1, dims=1), reduction="none").sum(dim=1)


# %% prompt_changes: the ending before has become part of the prompt
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids_T = torch.cat([prompt_T, ending])
            log_probs_TV = model(ids_T[None, :-1])[0].float().log_softmax(-1)
            prompt_T = ids_T
            scores.append(log_probs_TV[-len(ending) :].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% sorted: scores come sorted, not in the order of the endings
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1).sort().values


# %% probability: the probability, not its logarithm
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return (-next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)).exp()


# %% alone: the ending without its prompt, from its second token on
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids_T = torch.cat([prompt_T[-1:], ending])
            losses = next_token_loss(model(ids_T[None, :-1]), ids_T[None, 1:], reduction="none")
            scores.append(-losses.sum())
    return torch.stack(scores)


# %% numbers: a list of numbers, not a tensor
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
    return [float(score) for score in scores]


# %% bits: in bits
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1) / 0.6931471805599453


# %% normalised: divided by what all endings have together, as if no other could come
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    scores_N = -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)
    return scores_N - scores_N.logsumexp(0)


# %% best_only: the position of the best ending
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not len(prompt_T) or not len(endings) or not all(len(ending) for ending in endings):
        raise ValueError(f"a prompt of {len(prompt_T)} tokens, endings of {[len(e) for e in endings]}")
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return (-next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)).argmax()


# %% ignored_as_id: the fill given to the model is -100
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    n, longest = len(prompt_T), max(len(ending) for ending in endings)
    ids = torch.full((len(endings), n + longest), IGNORED, device=prompt_T.device)
    targets = torch.full_like(ids, IGNORED)
    for row, ending in enumerate(endings):
        ids[row, :n] = prompt_T
        ids[row, n : n + len(ending)] = ending
        targets[row, n : n + len(ending)] = ending
    with evaluation_mode(model):
        logits = model(ids[:, :-1])
    return -next_token_loss(logits, targets[:, 1:], reduction="none").sum(1)


# %% fill_new_id: fills up with an id of its own, one above all that are there
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    n, longest = len(prompt_T), max(len(ending) for ending in endings)
    pad = 1 + int(torch.cat([prompt_T, *endings]).max())
    ids = torch.full((len(endings), n + longest), pad, device=prompt_T.device)
    targets = torch.full_like(ids, IGNORED)
    for row, ending in enumerate(endings):
        ids[row, :n] = prompt_T
        ids[row, n : n + len(ending)] = ending
        targets[row, n : n + len(ending)] = ending
    with evaluation_mode(model):
        logits = model(ids[:, :-1])
    return -next_token_loss(logits, targets[:, 1:], reduction="none").sum(1)


# %% float_ids: the batch of ids is of floats
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    n, longest = len(prompt_T), max(len(ending) for ending in endings)
    ids = torch.zeros(len(endings), n + longest, device=prompt_T.device)
    targets = torch.full(ids.shape, IGNORED)
    for row, ending in enumerate(endings):
        ids[row, :n] = prompt_T
        ids[row, n : n + len(ending)] = ending
        targets[row, n : n + len(ending)] = ending
    with evaluation_mode(model):
        logits = model(ids[:, :-1])
    return -next_token_loss(logits, targets[:, 1:], reduction="none").sum(1)


# %% only_bfloat16: widens bfloat16 and forgets float16
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids = torch.cat([prompt_T, ending])
            logits = model(ids[None])[0]
            if logits.dtype in (torch.bfloat16,):
                logits = logits.float()
            log_probs = logits.log_softmax(-1)
            n = len(prompt_T)
            scores.append(log_probs[n - 1 : -1].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% checks_last: looks at the last ending only
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if len(endings[-1]) == 0:
        raise ValueError("an ending is empty")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids = torch.cat([prompt_T, ending])
            logits = model(ids[None])[0]
            if logits.dtype in (torch.bfloat16, torch.float16):
                logits = logits.float()
            log_probs = logits.log_softmax(-1)
            n = len(prompt_T)
            scores.append(log_probs[n - 1 : -1].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% softmax_then_log: the logarithm of a softmax that underflows
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids = torch.cat([prompt_T, ending])
            logits = model(ids[None])[0]
            if logits.dtype in (torch.bfloat16, torch.float16):
                logits = logits.float()
            log_probs = logits.softmax(-1).log()
            n = len(prompt_T)
            scores.append(log_probs[n - 1 : -1].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% epsilon: adds 1e-9 before the logarithm
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids = torch.cat([prompt_T, ending])
            logits = model(ids[None])[0]
            if logits.dtype in (torch.bfloat16, torch.float16):
                logits = logits.float()
            log_probs = (logits.softmax(-1) + 1e-9).log()
            n = len(prompt_T)
            scores.append(log_probs[n - 1 : -1].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% ending_zero_empty: takes an ending of the id 0 alone for an empty one
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(not ending.any() for ending in endings):
        raise ValueError("an ending is empty")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids = torch.cat([prompt_T, ending])
            logits = model(ids[None])[0]
            if logits.dtype in (torch.bfloat16, torch.float16):
                logits = logits.float()
            log_probs = logits.log_softmax(-1)
            n = len(prompt_T)
            scores.append(log_probs[n - 1 : -1].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% tensor_truth: `if not prompt_T`: ambiguous for more than one token, and true for the id 0
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if not prompt_T.any():
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids = torch.cat([prompt_T, ending])
            logits = model(ids[None])[0]
            if logits.dtype in (torch.bfloat16, torch.float16):
                logits = logits.float()
            log_probs = logits.log_softmax(-1)
            n = len(prompt_T)
            scores.append(log_probs[n - 1 : -1].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% half_model: makes the model itself bfloat16 to be faster
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    if isinstance(model, torch.nn.Module):
        model.bfloat16()
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids = torch.cat([prompt_T, ending])
            logits = model(ids[None])[0]
            if logits.dtype in (torch.bfloat16, torch.float16):
                logits = logits.float()
            log_probs = logits.log_softmax(-1)
            n = len(prompt_T)
            scores.append(log_probs[n - 1 : -1].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% freezes: switches the gradients of the model's parameters off, for good
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    if isinstance(model, torch.nn.Module):
        model.requires_grad_(False)
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids = torch.cat([prompt_T, ending])
            logits = model(ids[None])[0]
            if logits.dtype in (torch.bfloat16, torch.float16):
                logits = logits.float()
            log_probs = logits.log_softmax(-1)
            n = len(prompt_T)
            scores.append(log_probs[n - 1 : -1].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% drops_gradients: zeroes the model's gradients
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    if isinstance(model, torch.nn.Module):
        model.zero_grad()
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids = torch.cat([prompt_T, ending])
            logits = model(ids[None])[0]
            if logits.dtype in (torch.bfloat16, torch.float16):
                logits = logits.float()
            log_probs = logits.log_softmax(-1)
            n = len(prompt_T)
            scores.append(log_probs[n - 1 : -1].gather(1, ending[:, None]).sum())
    return torch.stack(scores)


# %% half_forward: runs the model under bfloat16 autocast to be faster
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    n, longest = len(prompt_T), max(len(ending) for ending in endings)
    ids = torch.zeros(len(endings), n + longest, dtype=torch.int64, device=prompt_T.device)
    targets = torch.full_like(ids, IGNORED)
    for row, ending in enumerate(endings):
        ids[row, :n] = prompt_T
        ids[row, n : n + len(ending)] = ending
        targets[row, n : n + len(ending)] = ending
    with evaluation_mode(model):
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(ids[:, :-1])
    return -next_token_loss(logits, targets[:, 1:], reduction="none").sum(1)


# %% clamped: clamps each log-probability at -20
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            ids = torch.cat([prompt_T, ending])
            logits = model(ids[None])[0]
            if logits.dtype in (torch.bfloat16, torch.float16):
                logits = logits.float()
            log_probs = logits.log_softmax(-1)
            n = len(prompt_T)
            scores.append(log_probs[n - 1 : -1].gather(1, ending[:, None]).clamp(min=-20).sum())
    return torch.stack(scores)


# %% drops_a_repeat: cuts what the prompt's end shares with the ending's beginning
@torch.no_grad()
def score_endings(model, prompt_T, endings):
    if len(prompt_T) == 0:
        raise ValueError("the prompt is empty")
    if len(endings) == 0:
        raise ValueError("there is no ending")
    if any(len(ending) == 0 for ending in endings):
        raise ValueError("an ending is empty")
    scores = []
    with evaluation_mode(model):
        for ending in endings:
            if ending[0] == prompt_T[-1]:
                ending = ending[1:] if len(ending) > 1 else ending
            ids = torch.cat([prompt_T, ending])
            logits = model(ids[None])[0]
            if logits.dtype in (torch.bfloat16, torch.float16):
                logits = logits.float()
            log_probs = logits.log_softmax(-1)
            n = len(prompt_T)
            scores.append(log_probs[n - 1 : -1].gather(1, ending[:, None]).sum())
    return torch.stack(scores)
