"""Right solutions of optimum_with_inference that are not written as the library's is."""

# %% newton: Newton's steps on y from the cheapest training, where the function is convex
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if not value > 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    weight = law.beta * serve_flops * tokens_served / train_flops * law.B ** (-1 / law.beta)
    power = 1 + 1 / law.beta
    y = law.alpha * excess / (law.alpha + law.beta)
    for _ in range(300):
        f = (law.alpha + law.beta) * y + weight * y**power - law.alpha * excess
        y -= f / (law.alpha + law.beta + weight * power * y ** (power - 1))
    return (law.A / (excess - y)) ** (1 / law.alpha), (law.B / y) ** (1 / law.beta)


# %% fixed_point_in_log_n: halves the logarithm of N between the smallest model and the cheapest to train
import math


def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    if not target_loss > law.E:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if not tokens_served >= 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    if not train_flops > 0:
        raise ValueError(f"train_flops is {train_flops}; it must be above 0")
    if not serve_flops > 0:
        raise ValueError(f"serve_flops is {serve_flops}; it must be above 0")
    excess = target_loss - law.E
    low = math.log(law.A / excess) / law.alpha
    high = math.log(law.A * (law.alpha + law.beta) / (law.beta * excess)) / law.alpha

    def parts(log_n):
        x = law.A * math.exp(-law.alpha * log_n)
        return x, (law.B / (excess - x)) ** (1 / law.beta) if x < excess else math.inf

    for _ in range(100):
        middle = (low + high) / 2
        x, n_tokens = parts(middle)
        falls = math.isinf(n_tokens) or law.alpha * x * n_tokens > law.beta * (excess - x) * (
            n_tokens + serve_flops * tokens_served / train_flops
        )
        if falls:
            low = middle
        else:
            high = middle
    return math.exp(high), parts(high)[1]


# %% golden_then_polish: golden section on the logarithm of the cost, then on its slope
import math


def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    checks = {
        f"target_loss is {target_loss}; it must be above {law.E}": excess > 0,
        f"tokens_served is {tokens_served}; it must be at least 0": tokens_served >= 0,
        f"train_flops is {train_flops}; it must be above 0": train_flops > 0,
        f"serve_flops is {serve_flops}; it must be above 0": serve_flops > 0,
    }
    for message, holds in checks.items():
        if not holds:
            raise ValueError(message)
    top = law.alpha / (law.alpha + law.beta)

    def tokens(u):
        return (law.B / (excess * math.exp(u))) ** (1 / law.beta)

    def cost(u):
        return -math.log1p(-math.exp(u)) / law.alpha + math.log(train_flops * tokens(u) + serve_flops * tokens_served)

    low, high, ratio = math.log(top) - 60, math.log(top), (math.sqrt(5) - 1) / 2
    for _ in range(200):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if cost(a) < cost(b):
            high = b
        else:
            low = a
    u = (low + high) / 2
    for _ in range(20):
        share = math.exp(u)
        lacks = law.alpha * (1 - share) / (law.beta * share) - 1 - serve_flops * tokens_served / (train_flops * tokens(u))
        slope = -law.alpha / (law.beta * share) - serve_flops * tokens_served / (train_flops * tokens(u)) / law.beta
        u -= lacks / slope
    return (law.A / (excess * (1 - math.exp(u)))) ** (1 / law.alpha), tokens(u)


# %% in_logarithms: halving in ln y
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    if not target_loss > law.E:
        raise ValueError(f"target_loss is {target_loss}; it must be above E, {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    if not train_flops > 0:
        raise ValueError(f"train_flops is {train_flops}; it must be above 0")
    if not serve_flops > 0:
        raise ValueError(f"serve_flops is {serve_flops}; it must be above 0")
    import math

    eps = target_loss - law.E
    service = tokens_served * serve_flops / train_flops
    low, high = math.log(eps) - 300, math.log(eps)
    for _ in range(120):
        middle = (low + high) / 2
        y = math.exp(middle)
        tokens = math.exp((math.log(law.B) - middle) / law.beta) if law.beta > 0 else 0.0
        if law.beta * y * (1 + service / tokens) > law.alpha * (eps - y):
            high = middle
        else:
            low = middle
    y = math.exp((low + high) / 2)
    return (law.A / (eps - y)) ** (1 / law.alpha), (law.B / y) ** (1 / law.beta)


# %% newton_until_still: Newton's steps on a convex function, from above, until nothing moves
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    given = dict(target_loss=target_loss - law.E, train_flops=train_flops, serve_flops=serve_flops)
    for name, value in given.items():
        if not value > 0:
            said = target_loss if name == "target_loss" else value
            raise ValueError(f"{name} is {said}; it is too small")
    if not tokens_served >= 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must not be below 0")
    a, b, eps = law.alpha, law.beta, target_loss - law.E
    c = b * serve_flops * tokens_served / train_flops
    f = lambda y: (a + b) * y + c * y * (y / law.B) ** (1 / b) - a * eps
    slope = lambda y: a + b + c * (1 + 1 / b) * (y / law.B) ** (1 / b)
    y = a * eps / (a + b)
    for _ in range(2000):
        new = y - f(y) / slope(y)
        if abs(new - y) <= 1e-15 * y:
            break
        y = new
    return (law.A / (eps - y)) ** (1 / a), (law.B / y) ** (1 / b)
