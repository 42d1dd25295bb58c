"""Wrong solutions of combine."""


# %% unweighted: answers added up as they are
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_zeros(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    return answers.to(dtype).sum(1) + 0 * weights_SK.sum().to(dtype)


# %% mean: a mean over the choices
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_zeros(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    return (answers.to(dtype) * weights_SK.to(dtype)[..., None]).mean(1)


# %% sorted_weights: weights in the order of the choices for rows in another
def combine(y_RD, order_R, weights_SK):
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    rows = y_RD.to(dtype) * weights_SK.flatten()[: len(y_RD), None].to(dtype)
    return rows.new_zeros(len(weights_SK), y_RD.shape[1]).index_add(0, order_R // weights_SK.shape[1], rows)


# %% not_back: rows taken in the order in which they come
def combine(y_RD, order_R, weights_SK):
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    answers = torch.cat([y_RD, y_RD.new_zeros(weights_SK.numel() - len(y_RD), y_RD.shape[1])]).unflatten(0, weights_SK.shape)
    return (answers.to(dtype) * weights_SK.to(dtype)[..., None]).sum(1)


# %% narrow: computed in the type of the answers
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_zeros(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    return (answers * weights_SK.to(y_RD.dtype)[..., None]).sum(1).to(dtype)


# %% answers_type: the result has the type of the answers
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_zeros(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    return (answers.to(dtype) * weights_SK.to(dtype)[..., None]).sum(1).to(y_RD.dtype)


# %% weights_type: computed in the type of the weights
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_zeros(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    return (answers.to(weights_SK.dtype) * weights_SK[..., None]).sum(1)


# %% always_float32: float32 whatever comes
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_zeros(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    return (answers.float() * weights_SK.float()[..., None]).sum(1)


# %% renormalised: weights of who is left sum to what they did
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_zeros(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    sent = torch.zeros(weights_SK.numel(), dtype=torch.bool)
    sent[order_R] = True
    left = weights_SK * sent.view_as(weights_SK)
    weights_SK = left * weights_SK.sum(1, keepdim=True) / left.sum(1, keepdim=True).clamp(min=1e-9)
    return (answers.to(dtype) * weights_SK.to(dtype)[..., None]).sum(1)


# %% weights_detached: no gradient by the weights
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_zeros(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    return (answers.to(dtype) * weights_SK.detach().to(dtype)[..., None]).sum(1)


# %% answers_detached: no gradient by the answers
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_zeros(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    return (answers.detach().to(dtype) * weights_SK.to(dtype)[..., None]).sum(1)


# %% strided_tokens: choice r is one of token r modulo S
def combine(y_RD, order_R, weights_SK):
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    rows = y_RD.to(dtype) * weights_SK.t().flatten()[order_R, None].to(dtype)
    return rows.new_zeros(len(weights_SK), y_RD.shape[1]).index_add(0, order_R % len(weights_SK), rows)


# %% softmaxed: weights that are normalised once more
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_zeros(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    weights_SK = weights_SK.softmax(1)
    return (answers.to(dtype) * weights_SK.to(dtype)[..., None]).sum(1)


# %% first_only: the best choice alone
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_zeros(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    return answers[:, 0].to(dtype) * weights_SK[:, :1].to(dtype)


# %% unwritten: memory that was never filled
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_empty(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    return (answers.to(dtype) * weights_SK.to(dtype)[..., None]).sum(1)


# %% rounded_sum: widened after each product
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_zeros(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    products = (answers.to(dtype) * weights_SK.to(dtype)[..., None]).to(y_RD.dtype)
    return products.sum(1).to(dtype)


# %% product_in_answers_dtype: weights are rounded to the answers, and only the sum is wide
def combine(y_RD, order_R, weights_SK):
    n, k = weights_SK.shape
    wide = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    back = unsort_by_expert(y_RD, order_R, n * k).unflatten(0, (n, k))
    return (back * weights_SK.to(y_RD.dtype)[..., None]).sum(1, dtype=wide)


# %% two_columns: first and second choice, and no third
def combine(y_RD, order_R, weights_SK):
    n, k = weights_SK.shape
    back = unsort_by_expert(y_RD, order_R, n * k)
    out = back[0::k] * weights_SK[:, :1]
    return out + back[1::k] * weights_SK[:, 1:2] if k > 1 else out
