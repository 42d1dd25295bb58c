"""Wrong solutions of predict_large_run."""

# %% everything_by_price: takes whatever is cheapest, and treats all as one curve over the compute
def predict_large_run(offers, buy, budget, target):
    prices = [6 * n * d for n, d in offers]
    chosen, left = [], budget
    for number in sorted(range(len(offers)), key=lambda i: prices[i]):
        if prices[number] <= left:
            chosen.append(number)
            left -= prices[number]
    losses = [buy(number) for number in chosen]
    return extend_curve([prices[i] for i in chosen], losses, 6 * target[0] * target[1])


# %% cheapest_four: the four cheapest runs of the right kind; most of the budget is left
def predict_large_run(offers, buy, budget, target):
    prices = [6 * n * d for n, d in offers]
    distances = [abs(math.log(d / n) - math.log(target[1] / target[0])) for n, d in offers]
    alike = [i for i, x in enumerate(distances) if x <= min(distances) + 0.4]
    chosen = sorted(alike, key=lambda i: prices[i])[:4]
    losses = [buy(number) for number in chosen]
    return extend_curve([prices[i] for i in chosen], losses, 6 * target[0] * target[1])


# %% the_largest: one run, the largest that can be paid, is the answer
def predict_large_run(offers, buy, budget, target):
    prices = [6 * n * d for n, d in offers]
    number = max((i for i in range(len(offers)) if prices[i] <= budget), key=lambda i: prices[i])
    return buy(number)


# %% no_floor: a power law without a floor through the right runs
def predict_large_run(offers, buy, budget, target):
    prices = [6 * n * d for n, d in offers]
    distances = [abs(math.log(d / n) - math.log(target[1] / target[0])) for n, d in offers]
    alike = sorted((i for i, x in enumerate(distances) if x <= min(distances) + 0.4), key=lambda i: -prices[i])
    chosen = []
    for first in range(len(alike)):
        chosen = alike[first : first + 6]
        if sum(prices[i] for i in chosen) <= budget:
            break
    losses = [buy(number) for number in chosen]
    line = np.polyfit(np.log([prices[i] for i in chosen]), np.log(losses), 1)
    return float(np.exp(np.polyval(line, math.log(6 * target[0] * target[1]))))


# %% overspends: buys the six largest runs of the right kind, whatever they cost
def predict_large_run(offers, buy, budget, target):
    prices = [6 * n * d for n, d in offers]
    distances = [abs(math.log(d / n) - math.log(target[1] / target[0])) for n, d in offers]
    alike = sorted((i for i, x in enumerate(distances) if x <= min(distances) + 0.4), key=lambda i: -prices[i])
    chosen = alike[:6]
    losses = [buy(number) for number in chosen]
    return extend_curve([prices[i] for i in chosen], losses, 6 * target[0] * target[1])


# %% ignores_tokens: extends over the parameters alone, and buys what is cheapest of each size
def predict_large_run(offers, buy, budget, target):
    prices = [6 * n * d for n, d in offers]
    cheapest = {}
    for number, (n, _) in enumerate(offers):
        if n not in cheapest or prices[number] < prices[cheapest[n]]:
            cheapest[n] = number
    chosen, left = [], budget
    for n in sorted(cheapest):
        if prices[cheapest[n]] <= left:
            chosen.append(cheapest[n])
            left -= prices[cheapest[n]]
    losses = [buy(number) for number in chosen]
    return extend_curve([offers[i][0] for i in chosen], losses, target[0])


# %% as_listed: buys in the order of the list until the first that it cannot pay
def predict_large_run(offers, buy, budget, target):
    prices = [6 * n * d for n, d in offers]
    chosen, losses = [], []
    for number in range(len(offers)):
        try:
            losses.append(buy(number))
        except ValueError:
            break
        chosen.append(number)
    if len({prices[i] for i in chosen}) < 3:
        return min(losses, default=2.0)
    return extend_curve([prices[i] for i in chosen], losses, 6 * target[0] * target[1])


# %% published: Chinchilla's law, without a look at any run
def predict_large_run(offers, buy, budget, target):
    return 1.69 + 406.4 / target[0] ** 0.34 + 410.7 / target[1] ** 0.28


# %% two_points: a straight line through two runs
def predict_large_run(offers, buy, budget, target):
    prices = [6 * n * d for n, d in offers]
    distances = [abs(math.log(d / n) - math.log(target[1] / target[0])) for n, d in offers]
    alike = sorted((i for i, x in enumerate(distances) if x <= min(distances) + 0.4), key=lambda i: -prices[i])
    first = next(k for k in range(len(alike)) if prices[alike[k]] + prices[alike[k + 1]] <= budget)
    (p, x), (q, y) = [(math.log(prices[i]), buy(i)) for i in alike[first : first + 2]]
    return x + (y - x) / (q - p) * (math.log(6 * target[0] * target[1]) - p)


# %% target_forgotten: extends to ten times the largest run, wherever the target is
def predict_large_run(offers, buy, budget, target):
    prices = [6 * n * d for n, d in offers]
    distances = [abs(math.log(d / n) - math.log(target[1] / target[0])) for n, d in offers]
    alike = sorted((i for i, x in enumerate(distances) if x <= min(distances) + 0.4), key=lambda i: -prices[i])
    chosen = []
    for first in range(len(alike)):
        chosen = alike[first : first + 6]
        if sum(prices[i] for i in chosen) <= budget:
            break
    losses = [buy(number) for number in chosen]
    return extend_curve([prices[i] for i in chosen], losses, 10 * prices[chosen[0]])


# %% exactly_the_ratio: only runs whose tokens per parameter are those of the target to the last bit
def predict_large_run(offers, buy, budget, target):
    ratio = target[1] / target[0]
    alike = [i for i, (n, d) in enumerate(offers) if d / n == ratio]
    alike.sort(key=lambda i: offers[i][0])
    price = {i: 6 * offers[i][0] * offers[i][1] for i in alike}
    while sum(price[i] for i in alike) > budget:
        alike.pop()
    losses = [buy(i) for i in alike]
    return extend_curve([price[i] for i in alike], losses, 6 * target[0] * target[1])


# %% six_or_nothing: wants six runs of the same ratio
def predict_large_run(offers, buy, budget, target):
    ratio = target[1] / target[0]
    like = sorted((n * d, i) for i, (n, d) in enumerate(offers) if abs(math.log(d / n / ratio)) < 0.1)
    price = [6 * c for c, _ in like]
    first = max(k for k in range(len(like) - 5) if sum(price[k : k + 6]) <= budget)
    bought = [(6 * c, buy(i)) for c, i in like[first : first + 6]]
    return extend_curve([c for c, _ in bought], [y for _, y in bought], 6 * target[0] * target[1])


# %% ratio_to_a_hundredth: comparable are runs whose tokens per parameter differ by less than a per cent
def predict_large_run(offers, buy, budget, target):
    ratio = target[1] / target[0]
    like = sorted((n * d, i) for i, (n, d) in enumerate(offers) if abs(d / n / ratio - 1) < 0.01)
    price = [6 * c for c, _ in like]
    size = max(5, min(6, len(like)))
    first = max((k for k in range(max(1, len(like) - size + 1)) if sum(price[k : k + size]) <= budget), default=0)
    bought = [(6 * c, buy(i)) for c, i in like[first : first + size]]
    return extend_curve([c for c, _ in bought], [y for _, y in bought], 6 * target[0] * target[1])


# %% twenty_tokens: takes runs with about twenty tokens for each parameter, whatever the target has
def predict_large_run(offers, buy, budget, target):
    like = sorted((6 * n * d, i) for i, (n, d) in enumerate(offers) if 8 < d / n < 45)
    price = [c for c, _ in like]
    size = min(6, len(like))
    first = max((k for k in range(len(like) - size + 1) if sum(price[k : k + size]) <= budget), default=0)
    bought = [(c, buy(i)) for c, i in like[first : first + size]]
    return extend_curve([c for c, _ in bought], [y for _, y in bought], 6 * target[0] * target[1])
