"""Wrong solutions of alibi_bias."""

# %% rewards_distance: the minus is missing
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = (q_positions[..., :, None] - k_positions[..., None, :]).abs()
    return slopes_H[:, None, None] * distance[..., None, :, :]


# %% signed: keys behind the query are rewarded
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = q_positions[..., :, None] - k_positions[..., None, :]
    return -slopes_H[:, None, None] * distance[..., None, :, :]


# %% transposed: rows are keys
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = (k_positions[..., :, None] - q_positions[..., None, :]).abs()
    return -slopes_H[:, None, None] * distance[..., None, :, :]


# %% counts_from_zero: uses places in the row instead of the positions given
def alibi_bias(slopes_H, q_positions, k_positions):
    q, k = torch.arange(q_positions.shape[-1]), torch.arange(k_positions.shape[-1])
    bias = -slopes_H[:, None, None] * (q[:, None] - k).abs()
    return bias.expand(*q_positions.shape[:-1], *bias.shape)


# %% one_row_only: a batch of positions puts the heads in the wrong dimension
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = (q_positions[..., :, None] - k_positions[..., None, :]).abs()
    return -slopes_H.view(-1, *[1] * distance.ndim) * distance


# %% always_float32: the dtype of the slopes is lost
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = (q_positions[..., :, None] - k_positions[..., None, :]).abs()
    return (-slopes_H[:, None, None] * distance[..., None, :, :]).float()


# %% with_the_mask: keys behind the query are masked too
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = (q_positions[..., :, None] - k_positions[..., None, :])[..., None, :, :]
    return (-slopes_H[:, None, None] * distance).masked_fill(distance < 0, -torch.inf)


# %% grows_with_the_key: slope times the key's position, which only a softmax would forgive
def alibi_bias(slopes_H, q_positions, k_positions):
    from_last = (k_positions[..., None, :] - k_positions.max()).expand(*q_positions.shape, -1)
    return slopes_H[:, None, None] * from_last[..., None, :, :]


# %% squared: the distance is squared
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = (q_positions[..., :, None] - k_positions[..., None, :]) ** 2
    return -slopes_H[:, None, None] * distance[..., None, :, :]


# %% first_row_for_all: every row of a batch gets the positions of the first
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = (q_positions[..., :, None] - k_positions[..., None, :]).abs()
    if distance.ndim == 3:
        distance = distance[:1].expand_as(distance)
    return -slopes_H[:, None, None] * distance[..., None, :, :]


# %% negates_the_slopes: changes the slopes it was given
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = (q_positions[..., :, None] - k_positions[..., None, :]).abs()
    return slopes_H.neg_()[:, None, None] * distance[..., None, :, :]


# %% remembers_the_distances: distances are kept from call to call by the two lengths
def alibi_bias(slopes_H, q_positions, k_positions, kept={}):
    key = q_positions.shape, k_positions.shape
    if key not in kept:
        kept[key] = (q_positions[..., :, None] - k_positions[..., None, :]).abs()
    return -slopes_H[:, None, None] * kept[key][..., None, :, :]


# %% squeezed: dimensions of size 1 are lost, so one query or a batch of one comes back with another shape
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = (q_positions.unsqueeze(-1) - k_positions.unsqueeze(-2)).abs()
    return (-slopes_H.view(-1, 1, 1) * distance.unsqueeze(-3)).squeeze()


# %% positions_in_the_slopes_dtype: rounds the positions first, and bfloat16 has no 1001
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = q_positions.to(slopes_H.dtype).unsqueeze(-1) - k_positions.to(slopes_H.dtype).unsqueeze(-2)
    return -slopes_H.view(-1, 1, 1) * distance.abs().unsqueeze(-3)


# %% distance_of_16_bits: saves memory where distances can be larger than 32,767
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = (q_positions.unsqueeze(-1) - k_positions.unsqueeze(-2)).abs().to(torch.int16)
    return -slopes_H.view(-1, 1, 1) * distance.unsqueeze(-3)


# %% cuts_the_slopes_off: a learned slope would get no gradient
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = (q_positions.unsqueeze(-1) - k_positions.unsqueeze(-2)).abs()
    return -slopes_H.detach().view(-1, 1, 1) * distance.unsqueeze(-3)


# %% heads_in_front: with a batch the heads come before it, (H, B, T, S)
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = (q_positions.unsqueeze(-1) - k_positions.unsqueeze(-2)).abs()
    slopes = slopes_H.reshape(-1, *[1] * distance.ndim)
    return -slopes * distance.to(slopes_H.dtype)


# %% heads_at_the_end: the heads are the last axis
def alibi_bias(slopes_H, q_positions, k_positions):
    distance = (q_positions.unsqueeze(-1) - k_positions.unsqueeze(-2)).abs()
    return -distance.unsqueeze(-1).to(slopes_H.dtype) * slopes_H
