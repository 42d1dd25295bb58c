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


# %% largest_of_all: the largest logit of all tokens is taken off, not that of each
def z_loss(logits_SE):
    z = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    m = z.max()
    return (m + (z - m).exp().sum(-1).log()).square().mean()


# %% only_positive_maximum: the largest logit is taken off only where it is positive
def z_loss(logits_SE):
    z = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    m = z.amax(-1, keepdim=True).clamp(min=0)
    return (m.squeeze(-1) + (z - m).exp().sum(-1).log()).square().mean()


# %% first_logit_taken_off: the first expert's logit stands in for the largest
def z_loss(logits_SE):
    z = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    m = z[:, :1].detach()
    return (m[:, 0] + (z - m).exp().sum(-1).log()).square().mean()


# %% only_the_largest: the largest logit stands for the logarithm of the sum when it is large
def z_loss(logits_SE):
    z = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    lse = torch.where(z.amax(-1) > 80, z.amax(-1), z.clamp(max=80).exp().sum(-1).log())
    return lse.square().mean()


# %% not_below_zero: negative logarithms are cut to 0 before they are squared
def z_loss(logits_SE):
    z = logits_SE.to(torch.promote_types(logits_SE.dtype, torch.float32))
    return z.logsumexp(-1).clamp(min=0).square().mean()
