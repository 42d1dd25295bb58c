"""Right solutions of predict_large_run that are not written as the library's is."""

# %% floors: its own fit, a grid of floors and a line through the logarithms of what is above
def predict_large_run(offers, buy, budget, target):
    wanted = target[1] / target[0]
    same = sorted((6 * n * d, i) for i, (n, d) in enumerate(offers) if abs(math.log(d / n / wanted)) < 0.11)
    while len(same) > 4 and sum(price for price, _ in same[-7:]) > budget:
        same.pop()
    bought = [(price, buy(i)) for price, i in same[-7:]]
    x, y = np.log([p for p, _ in bought]), np.array([loss for _, loss in bought])
    top = x.max()

    def line(floor):
        slope, start = np.polyfit(x - top, np.log(y - floor), 1, w=y - floor)
        return ((floor + np.exp(start + slope * (x - top)) - y) ** 2).sum(), start, slope

    floor = min(np.linspace(0, y.min() * 0.999, 4000), key=lambda f: line(f)[0])
    _, start, slope = line(floor)
    return float(floor + math.exp(start + slope * (math.log(6 * target[0] * target[1]) - top)))


# %% whole_law: buys a small cross of sizes and lengths, and fits all five constants of the law
def predict_large_run(offers, buy, budget, target):
    prices = [6 * n * d for n, d in offers]
    order = sorted(range(len(offers)), key=lambda i: abs(math.log(offers[i][1] / offers[i][0]) - math.log(target[1] / target[0])) > 0.4)
    near = [i for i in order if abs(math.log(offers[i][1] / offers[i][0]) - math.log(target[1] / target[0])) <= 0.4]
    near.sort(key=lambda i: prices[i])
    while len(near) > 5 and sum(prices[i] for i in near) > 0.97 * budget:
        near.pop()
    left = budget - sum(prices[i] for i in near)
    chosen = list(near)
    for i in sorted(set(range(len(offers))) - set(near), key=lambda i: prices[i]):
        if prices[i] <= left:
            chosen.append(i)
            left -= prices[i]
    y = np.array([buy(i) for i in chosen])
    n = np.array([offers[i][0] for i in chosen])
    d = np.array([offers[i][1] for i in chosen])
    best = (math.inf, y.min())
    for alpha in np.linspace(0.2, 0.5, 61):
        for beta in np.linspace(0.2, 0.5, 61):
            columns = np.stack([np.ones(len(y)), (n / n.max()) ** -alpha, (d / d.max()) ** -beta], axis=1)
            constants = np.linalg.lstsq(columns / y[:, None], np.ones(len(y)), rcond=None)[0]
            error = (((columns @ constants) / y - 1) ** 2).sum()
            if constants.min() > 0 and error < best[0]:
                best = error, constants @ [1.0, (target[0] / n.max()) ** -alpha, (target[1] / d.max()) ** -beta]
    return float(best[1])


# %% from_the_largest_down: the largest run that leaves enough for five smaller ones, then all that can be paid
def predict_large_run(offers, buy, budget, target):
    wanted = math.log(target[1] / target[0])
    price = [6 * n * d for n, d in offers]
    like = [i for i, (n, d) in enumerate(offers) if abs(math.log(d / n) - wanted) < 0.4]
    like.sort(key=lambda i: -price[i])
    for start in range(len(like)):
        rest = like[start:]
        chosen, left = [], budget * (1 - 1e-12)
        for i in rest:
            if price[i] <= left and len(chosen) < 8:
                chosen.append(i)
                left -= price[i]
        if len(chosen) >= min(6, len(like)) and chosen[0] == rest[0]:
            break
    losses = [buy(i) for i in chosen]
    return extend_curve([price[i] for i in chosen], losses, 6 * target[0] * target[1])


# %% in_parameters: the curve over N instead of C, since the ratio is the same
def predict_large_run(offers, buy, budget, target):
    ratio = target[1] / target[0]
    rows = sorted((n, 6 * n * d, i) for i, (n, d) in enumerate(offers) if 0.6 < d / n / ratio < 1.6)
    end = max(k for k in range(5, len(rows) + 1) if sum(c for _, c, _ in rows[max(0, k - 7) : k]) <= budget or k == 5)
    rows = rows[max(0, end - 7) : end]
    found = [(math.sqrt(c / ratio), buy(i)) for _, c, i in rows]
    return float(extend_curve([x**2 for x, _ in found], [y for _, y in found], 6 * target[0] ** 2))
