"""Wrong solutions of successive_halving."""

# %% skips_the_last_rung: returns the last one without training it to the end
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError(f"{len(candidates)} {min_steps} {eta}")
    alive, steps, before, paid, trials = list(range(len(candidates))), min_steps, 0, 0, []
    losses = {}
    while len(alive) > 1:
        for n in alive:
            losses[n] = train(candidates[n], steps)
            trials.append(Trial(candidates[n], steps, losses[n]))
        paid += len(alive) * (steps - before)
        rank = sorted(alive, key=lambda n: losses[n] if math.isfinite(losses[n]) else math.inf)
        alive = sorted(rank[: max(1, len(alive) // eta)])
        before, steps = steps, steps * eta
    return SearchResult(candidates[alive[0]], losses.get(alive[0], math.inf), paid, trials)


# %% pays_again: counts the steps of each rung from the beginning
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError(f"{len(candidates)} {min_steps} {eta}")
    alive, steps, paid, trials = list(range(len(candidates))), min_steps, 0, []
    while True:
        rung = [Trial(candidates[n], steps, train(candidates[n], steps)) for n in alive]
        trials += rung
        paid += len(alive) * steps
        if len(alive) == 1:
            return SearchResult(rung[0].candidate, rung[0].loss, paid, trials)
        key = lambda i: rung[i].loss if math.isfinite(rung[i].loss) else math.inf
        kept = sorted(sorted(range(len(rung)), key=key)[: max(1, len(alive) // eta)])
        alive = [alive[i] for i in kept]
        steps *= eta


# %% nan_unsorted: sorts by the bare loss
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError(f"{len(candidates)} {min_steps} {eta}")
    alive, steps, before, paid, trials = list(range(len(candidates))), min_steps, 0, 0, []
    while True:
        rung = [Trial(candidates[n], steps, train(candidates[n], steps)) for n in alive]
        trials += rung
        paid += len(alive) * (steps - before)
        if len(alive) == 1:
            return SearchResult(rung[0].candidate, rung[0].loss, paid, trials)
        kept = sorted(sorted(range(len(rung)), key=lambda i: rung[i].loss)[: max(1, len(alive) // eta)])
        alive = [alive[i] for i in kept]
        before, steps = steps, steps * eta


# %% rounds_up: keeps one more where eta does not divide
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError(f"{len(candidates)} {min_steps} {eta}")
    alive, steps, before, paid, trials = list(range(len(candidates))), min_steps, 0, 0, []
    while True:
        rung = [Trial(candidates[n], steps, train(candidates[n], steps)) for n in alive]
        trials += rung
        paid += len(alive) * (steps - before)
        if len(alive) == 1:
            return SearchResult(rung[0].candidate, rung[0].loss, paid, trials)
        key = lambda i: rung[i].loss if math.isfinite(rung[i].loss) else math.inf
        kept = sorted(sorted(range(len(rung)), key=key)[: math.ceil(len(alive) / eta)])
        alive = [alive[i] for i in kept]
        before, steps = steps, steps * eta


# %% minus_infinity_wins: only NaN counts as lost
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError(f"{len(candidates)} {min_steps} {eta}")
    alive, steps, before, paid, trials = list(range(len(candidates))), min_steps, 0, 0, []
    while True:
        rung = [Trial(candidates[n], steps, train(candidates[n], steps)) for n in alive]
        trials += rung
        paid += len(alive) * (steps - before)
        if len(alive) == 1:
            return SearchResult(rung[0].candidate, rung[0].loss, paid, trials)
        key = lambda i: math.inf if math.isnan(rung[i].loss) else rung[i].loss
        kept = sorted(sorted(range(len(rung)), key=key)[: max(1, len(alive) // eta)])
        alive = [alive[i] for i in kept]
        before, steps = steps, steps * eta


# %% keeps_the_worst: sorts the wrong way round
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError(f"{len(candidates)} {min_steps} {eta}")
    alive, steps, before, paid, trials = list(range(len(candidates))), min_steps, 0, 0, []
    while True:
        rung = [Trial(candidates[n], steps, train(candidates[n], steps)) for n in alive]
        trials += rung
        paid += len(alive) * (steps - before)
        if len(alive) == 1:
            return SearchResult(rung[0].candidate, rung[0].loss, paid, trials)
        kept = sorted(sorted(range(len(rung)), key=lambda i: -rung[i].loss)[: max(1, len(alive) // eta)])
        alive = [alive[i] for i in kept]
        before, steps = steps, steps * eta


# %% losses_by_candidate: keeps the losses in a dictionary of candidates, which must then be hashable
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError(f"{len(candidates)} {min_steps} {eta}")
    alive, steps, before, paid, trials = list(candidates), min_steps, 0, 0, []
    while True:
        losses = {candidate: train(candidate, steps) for candidate in alive}
        trials += [Trial(candidate, steps, loss) for candidate, loss in losses.items()]
        paid += len(alive) * (steps - before)
        if len(alive) == 1:
            return SearchResult(alive[0], losses[alive[0]], paid, trials)
        rank = sorted(alive, key=lambda c: losses[c] if math.isfinite(losses[c]) else math.inf)
        kept = rank[: max(1, len(alive) // eta)]
        alive = [candidate for candidate in alive if candidate in kept]
        before, steps = steps, steps * eta


# %% asks_for_what_is_added: tells `train` the added steps instead of the steps in all
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError(f"{len(candidates)} {min_steps} {eta}")
    alive, steps, before, paid, trials = list(range(len(candidates))), min_steps, 0, 0, []
    while True:
        rung = [Trial(candidates[n], steps, train(candidates[n], steps - before)) for n in alive]
        trials += rung
        paid += len(alive) * (steps - before)
        if len(alive) == 1:
            return SearchResult(rung[0].candidate, rung[0].loss, paid, trials)
        key = lambda i: rung[i].loss if math.isfinite(rung[i].loss) else math.inf
        kept = sorted(sorted(range(len(rung)), key=key)[: max(1, len(alive) // eta)])
        alive = [alive[i] for i in kept]
        before, steps = steps, steps * eta


# %% in_order_of_rank: the next rung begins with the best
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError(f"{len(candidates)} {min_steps} {eta}")
    alive, steps, before, paid, trials = list(range(len(candidates))), min_steps, 0, 0, []
    while True:
        rung = [Trial(candidates[n], steps, train(candidates[n], steps)) for n in alive]
        trials += rung
        paid += len(alive) * (steps - before)
        if len(alive) == 1:
            return SearchResult(rung[0].candidate, rung[0].loss, paid, trials)
        key = lambda i: rung[i].loss if math.isfinite(rung[i].loss) else math.inf
        alive = [alive[i] for i in sorted(range(len(rung)), key=key)[: max(1, len(alive) // eta)]]
        before, steps = steps, steps * eta


# %% lowest_loss_ever: reports the lowest loss that the winner ever had
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError(f"{len(candidates)} {min_steps} {eta}")
    alive, steps, before, paid, trials = list(range(len(candidates))), min_steps, 0, 0, []
    lowest = [math.inf] * len(candidates)
    while True:
        rung = [Trial(candidates[n], steps, train(candidates[n], steps)) for n in alive]
        trials += rung
        paid += len(alive) * (steps - before)
        for n, trial in zip(alive, rung):
            lowest[n] = min(lowest[n], trial.loss)
        if len(alive) == 1:
            return SearchResult(rung[0].candidate, lowest[alive[0]], paid, trials)
        key = lambda i: rung[i].loss if math.isfinite(rung[i].loss) else math.inf
        kept = sorted(sorted(range(len(rung)), key=key)[: max(1, len(alive) // eta)])
        alive = [alive[i] for i in kept]
        before, steps = steps, steps * eta


# %% always_halves: ignores eta
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError(f"{len(candidates)} {min_steps} {eta}")
    alive, steps, before, paid, trials = list(range(len(candidates))), min_steps, 0, 0, []
    while True:
        rung = [Trial(candidates[n], steps, train(candidates[n], steps)) for n in alive]
        trials += rung
        paid += len(alive) * (steps - before)
        if len(alive) == 1:
            return SearchResult(rung[0].candidate, rung[0].loss, paid, trials)
        key = lambda i: rung[i].loss if math.isfinite(rung[i].loss) else math.inf
        kept = sorted(sorted(range(len(rung)), key=key)[: max(1, len(alive) // 2)])
        alive = [alive[i] for i in kept]
        before, steps = steps, steps * 2


# %% position_for_the_candidate: returns where the winner stands in the last rung's list
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError(f"{len(candidates)} {min_steps} {eta}")
    alive, steps, before, paid, trials = list(candidates), min_steps, 0, 0, []
    while True:
        rung = [Trial(candidate, steps, train(candidate, steps)) for candidate in alive]
        trials += rung
        paid += len(alive) * (steps - before)
        key = lambda i: rung[i].loss if math.isfinite(rung[i].loss) else math.inf
        kept = sorted(sorted(range(len(rung)), key=key)[: max(1, len(alive) // eta)])
        if len(alive) == 1:
            return SearchResult(candidates[kept[0]], rung[0].loss, paid, trials)
        alive = [alive[i] for i in kept]
        before, steps = steps, steps * eta


# %% finds_by_equality: looks a candidate's place up with index, so two equal candidates are one
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError("no candidate, no step or no halving")
    alive, steps, before, paid, trials = list(candidates), min_steps, 0, 0, []
    while True:
        rung = [Trial(candidate, steps, train(candidate, steps)) for candidate in alive]
        trials += rung
        paid += len(alive) * (steps - before)
        if len(alive) == 1:
            return SearchResult(rung[0].candidate, rung[0].loss, paid, trials)
        key = lambda trial: trial.loss if math.isfinite(trial.loss) else math.inf
        kept = sorted(rung, key=key)[: max(1, len(alive) // eta)]
        places = sorted({alive.index(trial.candidate) for trial in kept})
        alive = [alive[place] for place in places]
        before, steps = steps, steps * eta


# %% lost_ones_do_not_count: candidates whose loss is not finite are taken out before n is divided by eta
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError("no candidate, no step or no halving")
    alive, steps, before, paid, trials = list(range(len(candidates))), min_steps, 0, 0, []
    while True:
        rung = [Trial(candidates[n], steps, train(candidates[n], steps)) for n in alive]
        trials += rung
        paid += len(alive) * (steps - before)
        if len(alive) == 1:
            return SearchResult(rung[0].candidate, rung[0].loss, paid, trials)
        fine = [i for i in range(len(rung)) if math.isfinite(rung[i].loss)] or [0]
        kept = sorted(sorted(fine, key=lambda i: rung[i].loss)[: max(1, len(fine) // eta)])
        alive = [alive[i] for i in kept]
        before, steps = steps, steps * eta


# %% compares_candidates: sorts pairs of a loss and a candidate, so that equal losses compare dictionaries
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError("no candidate, no step or no halving")
    alive, steps, before, paid, trials = list(candidates), min_steps, 0, 0, []
    while True:
        rung = [(train(candidate, steps), candidate) for candidate in alive]
        trials += [Trial(candidate, steps, loss) for loss, candidate in rung]
        paid += len(alive) * (steps - before)
        if len(alive) == 1:
            return SearchResult(alive[0], rung[0][0], paid, trials)
        ranked = sorted((loss if math.isfinite(loss) else math.inf, candidate) for loss, candidate in rung)
        kept = [candidate for _, candidate in ranked[: max(1, len(alive) // eta)]]
        alive = [candidate for candidate in alive if candidate in kept]
        before, steps = steps, steps * eta


# %% best_so_far: ranks by the lowest loss that a candidate ever had
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError("no candidate, no step or no halving")
    alive, steps, before, paid, trials = list(range(len(candidates))), min_steps, 0, 0, []
    lowest = [math.inf] * len(candidates)
    while True:
        rung = [Trial(candidates[n], steps, train(candidates[n], steps)) for n in alive]
        trials += rung
        paid += len(alive) * (steps - before)
        for n, trial in zip(alive, rung):
            lowest[n] = min(lowest[n], trial.loss) if math.isfinite(trial.loss) else lowest[n]
        if len(alive) == 1:
            return SearchResult(rung[0].candidate, rung[0].loss, paid, trials)
        alive = sorted(sorted(alive, key=lambda n: lowest[n])[: max(1, len(alive) // eta)])
        before, steps = steps, steps * eta


# %% one_list_of_trials: a default argument collects the trials of all searches
def successive_halving(train, candidates, *, min_steps, eta=2, trials=[]):
    if not candidates or min_steps < 1 or eta < 2:
        raise ValueError("no candidate, no step or no halving")
    alive, steps, before, paid = list(range(len(candidates))), min_steps, 0, 0
    while True:
        rung = [Trial(candidates[n], steps, train(candidates[n], steps)) for n in alive]
        trials += rung
        paid += len(alive) * (steps - before)
        if len(alive) == 1:
            return SearchResult(rung[0].candidate, rung[0].loss, paid, trials)
        key = lambda i: rung[i].loss if math.isfinite(rung[i].loss) else math.inf
        kept = sorted(sorted(range(len(rung)), key=key)[: max(1, len(alive) // eta)])
        alive = [alive[i] for i in kept]
        before, steps = steps, steps * eta


# %% evenly_longer: each rung trains min_steps longer than the one before, not eta times as long
def successive_halving(train, candidates, *, min_steps, eta=2):
    if not candidates:
        raise ValueError("there is no candidate")
    if min_steps < 1:
        raise ValueError(f"min_steps is {min_steps}; it must be at least 1")
    if eta < 2:
        raise ValueError(f"eta is {eta}; it must be at least 2")
    alive = list(range(len(candidates)))
    steps, paid, trials = min_steps, 0, []
    while True:
        losses = {}
        for i in alive:
            losses[i] = train(candidates[i], steps)
            trials.append(Trial(candidates[i], steps, losses[i]))
            paid += min_steps
        if len(alive) == 1:
            return SearchResult(candidates[alive[0]], losses[alive[0]], paid, trials)
        ranked = sorted(alive, key=lambda i: losses[i] if math.isfinite(losses[i]) else math.inf)
        alive = sorted(ranked[: max(1, len(alive) // eta)])
        steps += min_steps
