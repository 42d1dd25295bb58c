"""Wrong solutions of optimum_with_inference."""

# %% forgets_serving: the cheapest training
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = 0.0
    low, high = 0.0, excess * law.alpha / (law.alpha + law.beta)
    for _ in range(200):
        y = (low + high) / 2
        if law.beta * y * (1 + served * (y / law.B) ** (1 / law.beta)) > law.alpha * (excess - y):
            high = y
        else:
            low = y
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


# %% serves_like_training: a served token costs as much as a training token
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = tokens_served
    low, high = 0.0, excess * law.alpha / (law.alpha + law.beta)
    for _ in range(200):
        y = (low + high) / 2
        if law.beta * y * (1 + served * (y / law.B) ** (1 / law.beta)) > law.alpha * (excess - y):
            high = y
        else:
            low = y
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


# %% fixed_costs: 6 and 2 whatever is given
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = tokens_served / 3
    low, high = 0.0, excess * law.alpha / (law.alpha + law.beta)
    for _ in range(200):
        y = (low + high) / 2
        if law.beta * y * (1 + served * (y / law.B) ** (1 / law.beta)) > law.alpha * (excess - y):
            high = y
        else:
            low = y
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


# %% ratio_upside_down: train_flops / serve_flops
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = train_flops / serve_flops * tokens_served
    low, high = 0.0, excess * law.alpha / (law.alpha + law.beta)
    for _ in range(200):
        y = (low + high) / 2
        if law.beta * y * (1 + served * (y / law.B) ** (1 / law.beta)) > law.alpha * (excess - y):
            high = y
        else:
            low = y
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


# %% exchanged: tokens first
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = serve_flops / train_flops * tokens_served
    low, high = 0.0, excess * law.alpha / (law.alpha + law.beta)
    for _ in range(200):
        y = (low + high) / 2
        if law.beta * y * (1 + served * (y / law.B) ** (1 / law.beta)) > law.alpha * (excess - y):
            high = y
        else:
            low = y
    return (law.B / high) ** (1 / law.beta), (law.A / (excess - high)) ** (1 / law.alpha)


# %% forgets_the_floor: the whole loss is shared out
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = serve_flops / train_flops * tokens_served
    excess = target_loss
    low, high = 0.0, excess * law.alpha / (law.alpha + law.beta)
    for _ in range(200):
        y = (low + high) / 2
        if law.beta * y * (1 + served * (y / law.B) ** (1 / law.beta)) > law.alpha * (excess - y):
            high = y
        else:
            low = y
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


# %% equal_parts: both parts of the loss are half of it
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = 0.0
    high = excess / 2
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


# %% exponents_exchanged: alpha and beta change places in the condition
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = serve_flops / train_flops * tokens_served
    low, high = 0.0, excess
    for _ in range(200):
        y = (low + high) / 2
        if law.alpha * y * (1 + served * (y / law.B) ** (1 / law.beta)) > law.beta * (excess - y):
            high = y
        else:
            low = y
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


# %% serving_on_the_wrong_side: the factor stands beside alpha
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = serve_flops / train_flops * tokens_served
    low, high = 0.0, excess
    for _ in range(200):
        y = (low + high) / 2
        if law.beta * y > law.alpha * (excess - y) * (1 + served * (y / law.B) ** (1 / law.beta)):
            high = y
        else:
            low = y
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


# %% one_step: D of the cheapest training is put into the factor
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = serve_flops / train_flops * tokens_served
    n_tokens = (law.B / (excess * law.alpha / (law.alpha + law.beta))) ** (1 / law.beta)
    factor = 1 + served / n_tokens
    high = excess * law.alpha / (law.alpha + law.beta * factor)
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


# %% few_halvings: eight halvings
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = serve_flops / train_flops * tokens_served
    low, high = 0.0, excess * law.alpha / (law.alpha + law.beta)
    for _ in range(8):
        y = (low + high) / 2
        if law.beta * y * (1 + served * (y / law.B) ** (1 / law.beta)) > law.alpha * (excess - y):
            high = y
        else:
            low = y
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


# %% absolute_tolerance: halves until y is right to a millionth of a nat
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = serve_flops / train_flops * tokens_served
    low, high = 0.0, excess * law.alpha / (law.alpha + law.beta)
    while high - low > 1e-5:
        y = (low + high) / 2
        if law.beta * y * (1 + served * (y / law.B) ** (1 / law.beta)) > law.alpha * (excess - y):
            high = y
        else:
            low = y
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


# %% grid: the cheapest of five hundred sizes
import numpy as np


def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = serve_flops / train_flops * tokens_served
    smallest = (law.A / excess) ** (1 / law.alpha)
    sizes = smallest * np.geomspace(1.0001, 100, 500)
    tokens = (law.B / (excess - law.A / sizes**law.alpha)) ** (1 / law.beta)
    best = int(np.argmin(sizes * (tokens + served)))
    return float(sizes[best]), float(tokens[best])


# %% whole_numbers: rounded down to millions
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = serve_flops / train_flops * tokens_served
    low, high = 0.0, excess * law.alpha / (law.alpha + law.beta)
    for _ in range(200):
        y = (low + high) / 2
        if law.beta * y * (1 + served * (y / law.B) ** (1 / law.beta)) > law.alpha * (excess - y):
            high = y
        else:
            low = y
    return (law.A / (excess - high)) ** (1 / law.alpha) // 1e6 * 1e6, (law.B / high) ** (1 / law.beta) // 1e6 * 1e6


# %% no_errors: a loss at or below the floor is not refused
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = max(target_loss - law.E, 1e-9)
    served = max(serve_flops / train_flops * tokens_served, 0.0)
    low, high = 0.0, excess * law.alpha / (law.alpha + law.beta)
    for _ in range(200):
        y = (low + high) / 2
        if law.beta * y * (1 + served * (y / law.B) ** (1 / law.beta)) > law.alpha * (excess - y):
            high = y
        else:
            low = y
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


# %% negative_service: fewer than no tokens served are taken
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    excess = target_loss - law.E
    if not excess > 0:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if value <= 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    served = serve_flops / train_flops * tokens_served
    low, high = 0.0, excess * law.alpha / (law.alpha + law.beta)
    for _ in range(200):
        y = (low + high) / 2
        if law.beta * y * (1 + served * (y / law.B) ** (1 / law.beta)) > law.alpha * (excess - y):
            high = y
        else:
            low = y
    return (law.A / (excess - high)) ** (1 / law.alpha), (law.B / high) ** (1 / law.beta)


# %% free_serving: a served token may cost nothing
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    if not target_loss > law.E:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if not tokens_served >= 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    if not train_flops > 0:
        raise ValueError(f"train_flops is {train_flops}; it must be above 0")
    if serve_flops < 0:
        raise ValueError(f"serve_flops is {serve_flops}; it must be above 0")
    excess = target_loss - law.E
    low, high = 0.0, excess
    for _ in range(200):
        y = (low + high) / 2
        d = (law.B / y) ** (1 / law.beta)
        if law.alpha * (excess - y) > law.beta * y * (1 + serve_flops * tokens_served / (train_flops * d)):
            low = y
        else:
            high = y
    return (law.A / (excess - y)) ** (1 / law.alpha), (law.B / y) ** (1 / law.beta)


# %% nan_costs: a cost of NaN is let through
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    if target_loss <= law.E:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    if train_flops <= 0:
        raise ValueError(f"train_flops is {train_flops}; it must be above 0")
    if serve_flops <= 0:
        raise ValueError(f"serve_flops is {serve_flops}; it must be above 0")
    excess = target_loss - law.E
    low, high = 0.0, excess
    for _ in range(200):
        y = (low + high) / 2
        d = (law.B / y) ** (1 / law.beta)
        if law.alpha * (excess - y) > law.beta * y * (1 + serve_flops * tokens_served / (train_flops * d)):
            low = y
        else:
            high = y
    return (law.A / (excess - y)) ** (1 / law.alpha), (law.B / y) ** (1 / law.beta)


# %% bracket_from_a_millionth: y is looked for above a millionth of the excess
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    if not target_loss > law.E:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if not tokens_served >= 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if not value > 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    excess = target_loss - law.E
    low, high = 1e-6 * excess, excess
    for _ in range(200):
        y = (low + high) / 2
        d = (law.B / y) ** (1 / law.beta)
        if law.beta * y * (1 + serve_flops * tokens_served / (train_flops * d)) < law.alpha * (excess - y):
            low = y
        else:
            high = y
    return (law.A / (excess - y)) ** (1 / law.alpha), (law.B / y) ** (1 / law.beta)


# %% whole_numbers_too: parameters and tokens are rounded
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    if not target_loss > law.E:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if not tokens_served >= 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if not value > 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    excess = target_loss - law.E
    low, high = 0.0, excess
    for _ in range(300):
        y = (low + high) / 2
        if law.beta * y * (1 + serve_flops * tokens_served / train_flops * (y / law.B) ** (1 / law.beta)) < law.alpha * (excess - y):
            low = y
        else:
            high = y
    return float(round((law.A / (excess - y)) ** (1 / law.alpha))), float(round((law.B / y) ** (1 / law.beta)))


# %% nan_is_a_loss: a target of NaN passes, since no comparison refuses it
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    if target_loss <= law.E:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if tokens_served < 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if not value > 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    excess = target_loss - law.E
    low, high = 0.0, excess
    for _ in range(300):
        y = (low + high) / 2
        if law.beta * y * (1 + serve_flops * tokens_served / train_flops * (y / law.B) ** (1 / law.beta)) < law.alpha * (excess - y):
            low = y
        else:
            high = y
    return (law.A / (excess - y)) ** (1 / law.alpha), (law.B / y) ** (1 / law.beta)


# %% small_services_ignored: what is less than a hundredth of the training tokens counts as nothing
def optimum_with_inference(law, target_loss, tokens_served, train_flops=6.0, serve_flops=2.0):
    if not target_loss > law.E:
        raise ValueError(f"target_loss is {target_loss}; it must be above {law.E}")
    if not tokens_served >= 0:
        raise ValueError(f"tokens_served is {tokens_served}; it must be at least 0")
    for name, value in (("train_flops", train_flops), ("serve_flops", serve_flops)):
        if not value > 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    excess = target_loss - law.E
    y = excess * law.alpha / (law.alpha + law.beta)
    if serve_flops * tokens_served > 0.05 * train_flops * (law.B / y) ** (1 / law.beta):
        low, high = 0.0, y
        for _ in range(300):
            y = (low + high) / 2
            if law.beta * y * (1 + serve_flops * tokens_served / train_flops * (y / law.B) ** (1 / law.beta)) < law.alpha * (excess - y):
                low = y
            else:
                high = y
    return (law.A / (excess - y)) ** (1 / law.alpha), (law.B / y) ** (1 / law.beta)
