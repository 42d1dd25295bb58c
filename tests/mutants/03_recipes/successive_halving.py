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
