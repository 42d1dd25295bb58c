"""Right solutions of predict_large_run that are not written as the library's is."""

# %% floors: its own fit, a grid of floors and a line through the logarithms of what is above
def predict_large_run(offers, buy, budget, target):
    wanted = target[1] / target[0]
    kind = min({round(math.log(d / n), 3) for n, d in offers}, key=lambda x: abs(x - math.log(wanted)))
    same = sorted((6 * n * d, i) for i, (n, d) in enumerate(offers) if abs(math.log(d / n) - kind) < 0.01)
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
