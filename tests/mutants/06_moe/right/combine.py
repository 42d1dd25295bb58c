"""Right solutions of combine, written differently."""


# %% index_add: each row added to its token
def combine(y_RD, order_R, weights_SK):
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    top_k = weights_SK.shape[1]
    rows = y_RD.to(dtype) * weights_SK.reshape(-1)[order_R].to(dtype).unsqueeze(1)
    return torch.zeros(len(weights_SK), y_RD.shape[1], dtype=dtype).index_add(0, order_R // top_k, rows)


# %% bmm: a product of matrices for each token
def combine(y_RD, order_R, weights_SK):
    answers = y_RD.new_zeros(weights_SK.numel(), *y_RD.shape[1:]).index_copy(0, order_R, y_RD).unflatten(0, weights_SK.shape)
    dtype = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    return torch.bmm(weights_SK.to(dtype).unsqueeze(1), answers.to(dtype)).squeeze(1)


# %% own_unsort: through the library's own unsort
def combine(y_RD, order_R, weights_SK):
    dtype = torch.promote_types(weights_SK.dtype, y_RD.dtype)
    back = unsort_by_expert(y_RD.to(dtype), order_R, weights_SK.numel())
    weighted = back * weights_SK.to(dtype).reshape(-1, 1)
    return weighted.reshape(*weights_SK.shape, -1).sum(dim=1) if weighted.numel() else weighted.new_zeros(len(weights_SK), y_RD.shape[1])


# %% sparse_matrix: a matrix of tokens by rows holds the weights
def combine(y_RD, order_R, weights_SK):
    n, k = weights_SK.shape
    wide = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    tokens = torch.arange(n, device=y_RD.device)[:, None] == (order_R // k)[None]
    mix_SR = tokens.to(wide) * weights_SK.to(wide).flatten()[order_R]
    return mix_SR @ y_RD.to(wide)


# %% einsum: the weights as a row, the answers as a matrix
def combine(y_RD, order_R, weights_SK):
    wide = torch.promote_types(y_RD.dtype, weights_SK.dtype)
    back = unsort_by_expert(y_RD.to(wide), order_R, weights_SK.numel()).reshape(*weights_SK.shape, y_RD.shape[1])
    return torch.einsum("skd,sk->sd", back, weights_SK.to(wide))
