"""Wrong solutions of z_loss."""

# %% not_squared: the logarithm itself
def z_loss(logits_SE):
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return wide_SE.logsumexp(dim=-1).mean()


# %% squared_mean: the square of the mean
def z_loss(logits_SE):
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return wide_SE.logsumexp(dim=-1).mean().square()


# %% overflows: exponentials of large logits
def z_loss(logits_SE):
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return wide_SE.exp().sum(dim=-1).log().square().mean()


# %% summed: a sum over tokens
def z_loss(logits_SE):
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return wide_SE.logsumexp(dim=-1).square().sum()


# %% over_tokens: the sum runs over tokens
def z_loss(logits_SE):
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return wide_SE.logsumexp(dim=0).square().mean()


# %% mean_of_exponentials: a mean of exponentials
def z_loss(logits_SE):
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return (wide_SE.logsumexp(dim=-1) - math.log(logits_SE.shape[-1])).square().mean()


# %% squares: the squares of the logits
def z_loss(logits_SE):
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return wide_SE.square().mean()


# %% narrow: computed in the type of the logits
def z_loss(logits_SE):
    return logits_SE.logsumexp(dim=-1).square().mean().to(torch.promote_types(logits_SE.dtype, torch.float32))


# %% narrow_result: the result is as narrow as the logits
def z_loss(logits_SE):
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return wide_SE.logsumexp(dim=-1).square().mean().to(logits_SE.dtype)


# %% float32: float64 is narrowed
def z_loss(logits_SE):
    return logits_SE.float().logsumexp(dim=-1).square().mean()


# %% detached: no gradient flows
def z_loss(logits_SE):
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return wide_SE.detach().logsumexp(dim=-1).square().mean()


# %% half: half of it
def z_loss(logits_SE):
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return wide_SE.logsumexp(dim=-1).square().mean() / 2


# %% largest: the largest logit in the place of the sum
def z_loss(logits_SE):
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return wide_SE.max(dim=-1).values.square().mean()


# %% log_softmax: the logarithm of the softmax
def z_loss(logits_SE):
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return wide_SE.log_softmax(dim=-1).square().sum(dim=-1).mean()


# %% per_token: one number a token
def z_loss(logits_SE):
    wide_SE = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return wide_SE.logsumexp(dim=-1).square()
