"""Right solutions of successive_halving."""

# %% recursive: a rung calls the next one
def successive_halving(train, candidates, *, min_steps, eta=2):
    if len(candidates) == 0 or min_steps < 1 or eta < 2:
        raise ValueError(f"{len(candidates)} candidates, min_steps {min_steps}, eta {eta}")
    trials = []

    def rung(alive, steps, done):
        seen = []
        for candidate in alive:
            seen.append(Trial(candidate, steps, train(candidate, steps)))
        trials.extend(seen)
        cost = len(alive) * (steps - done)
        if len(alive) == 1:
            return seen[0], cost
        order = sorted(range(len(seen)), key=lambda i: (not math.isfinite(seen[i].loss), seen[i].loss if math.isfinite(seen[i].loss) else 0, i))
        chosen = set(order[: max(len(alive) // eta, 1)])
        last, more = rung([c for i, c in enumerate(alive) if i in chosen], steps * eta, steps)
        return last, cost + more

    last, cost = rung(list(candidates), min_steps, 0)
    return SearchResult(best=last.candidate, loss=last.loss, steps=cost, trials=trials)


# %% another_message: marks who is out, and counts the steps of each candidate
def successive_halving(train, candidates, *, min_steps, eta=2):
    if len(candidates) < 1:
        raise ValueError("there is no candidate")
    if min_steps < 1 or eta < 2:
        raise ValueError("a rung needs a step, and must be shorter than the one before")
    done, trials, is_in = [0] * len(candidates), [], [True] * len(candidates)
    steps = min_steps
    while True:
        losses = {}
        for place, candidate in enumerate(candidates):
            if is_in[place]:
                losses[place] = train(candidate, steps)
                done[place] = steps
                trials.append(Trial(candidate, steps, losses[place]))
        if len(losses) == 1:
            (place,) = losses
            return SearchResult(candidates[place], losses[place], sum(done), trials)
        for _ in range(len(losses) - max(1, len(losses) // eta)):
            worst = max(losses, key=lambda p: (losses[p] if math.isfinite(losses[p]) else math.inf, p))
            is_in[worst] = False
            del losses[worst]
        steps *= eta
