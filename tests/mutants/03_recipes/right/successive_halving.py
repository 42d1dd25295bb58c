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
