"""Wrong solutions of sort_by_expert."""


# %% tokens: the tokens of the choices, not their numbers
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    if choices_R.numel():
        for number in (int(choices_R.min()), int(choices_R.max())):
            if not 0 <= number < n_experts:
                raise ValueError(f"expert is {number}")
    return choices_R.argsort(stable=True) // experts_SK.shape[1], torch.bincount(choices_R, minlength=n_experts)


# %% ranks: where each choice goes instead of which goes first
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    if choices_R.numel():
        for number in (int(choices_R.min()), int(choices_R.max())):
            if not 0 <= number < n_experts:
                raise ValueError(f"expert is {number}")
    return choices_R.argsort(stable=True).argsort(stable=True), torch.bincount(choices_R, minlength=n_experts)


# %% sorted_values: the experts, sorted
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    if choices_R.numel():
        for number in (int(choices_R.min()), int(choices_R.max())):
            if not 0 <= number < n_experts:
                raise ValueError(f"expert is {number}")
    return choices_R.sort(stable=True).values, torch.bincount(choices_R, minlength=n_experts)


# %% no_minlength: experts behind the last one chosen are not counted
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    if choices_R.numel():
        for number in (int(choices_R.min()), int(choices_R.max())):
            if not 0 <= number < n_experts:
                raise ValueError(f"expert is {number}")
    return choices_R.argsort(stable=True), torch.bincount(choices_R)


# %% unique: only experts that are chosen are counted
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    if choices_R.numel():
        for number in (int(choices_R.min()), int(choices_R.max())):
            if not 0 <= number < n_experts:
                raise ValueError(f"expert is {number}")
    return choices_R.argsort(stable=True), choices_R.unique(return_counts=True)[1]


# %% descending: the last expert first
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    if choices_R.numel():
        for number in (int(choices_R.min()), int(choices_R.max())):
            if not 0 <= number < n_experts:
                raise ValueError(f"expert is {number}")
    return choices_R.argsort(stable=True, descending=True), torch.bincount(choices_R, minlength=n_experts)


# %% ties_turned: equal choices in reverse order
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    if choices_R.numel():
        for number in (int(choices_R.min()), int(choices_R.max())):
            if not 0 <= number < n_experts:
                raise ValueError(f"expert is {number}")
    return len(choices_R) - 1 - choices_R.flip(0).argsort(stable=True), torch.bincount(choices_R, minlength=n_experts)


# %% second_choices_last: numbers of the transposed choices
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.t().flatten()
    if choices_R.numel():
        for number in (int(choices_R.min()), int(choices_R.max())):
            if not 0 <= number < n_experts:
                raise ValueError(f"expert is {number}")
    return choices_R.argsort(stable=True), torch.bincount(choices_R, minlength=n_experts)


# %% ends: where each expert ends instead of how many it has
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    if choices_R.numel():
        for number in (int(choices_R.min()), int(choices_R.max())):
            if not 0 <= number < n_experts:
                raise ValueError(f"expert is {number}")
    return choices_R.argsort(stable=True), torch.bincount(choices_R, minlength=n_experts).cumsum(0)


# %% int32: counts and order in int32
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    if choices_R.numel():
        for number in (int(choices_R.min()), int(choices_R.max())):
            if not 0 <= number < n_experts:
                raise ValueError(f"expert is {number}")
    return choices_R.argsort(stable=True).int(), torch.bincount(choices_R, minlength=n_experts).int()


# %% loads: shares of an even load
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    if choices_R.numel():
        for number in (int(choices_R.min()), int(choices_R.max())):
            if not 0 <= number < n_experts:
                raise ValueError(f"expert is {number}")
    counts = torch.bincount(choices_R, minlength=n_experts)
    return choices_R.argsort(stable=True), counts * n_experts / counts.sum()


# %% no_errors: takes any number
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    return choices_R.clamp(0, n_experts - 1).argsort(stable=True), torch.bincount(choices_R.clamp(0, n_experts - 1), minlength=n_experts)


# %% no_error_below: negative numbers are taken
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    if choices_R.numel() and int(choices_R.max()) >= n_experts:
        raise ValueError(f"expert is {int(choices_R.max())}")
    choices_R = choices_R.clamp(min=0)
    return choices_R.argsort(stable=True), torch.bincount(choices_R, minlength=n_experts)


# %% off_by_one: one number too many is allowed
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    for number in choices_R.tolist():
        if not 0 <= number <= n_experts:
            raise ValueError(f"expert is {number}")
    return choices_R.argsort(stable=True), torch.bincount(choices_R, minlength=n_experts)[:n_experts]


# %% silent_message: an error that names nothing
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    if choices_R.numel() and (int(choices_R.min()) < 0 or int(choices_R.max()) >= n_experts):
        raise ValueError("there is no such expert")
    return choices_R.argsort(stable=True), torch.bincount(choices_R, minlength=n_experts)


# %% no_tokens: a batch without tokens is too small for it
def sort_by_expert(experts_SK, n_experts):
    choices_R = experts_SK.flatten()
    for number in (int(choices_R.min()), int(choices_R.max())):
        if not 0 <= number < n_experts:
            raise ValueError(f"expert is {number}")
    return choices_R.argsort(stable=True), torch.bincount(choices_R, minlength=n_experts)


# %% names_the_largest: the message names the largest number, which may be fine
def sort_by_expert(experts_SK, n_experts):
    flat = experts_SK.reshape(-1)
    if len(flat) and (flat.min() < 0 or flat.max() >= n_experts):
        raise ValueError(f"an expert is {flat.max()}; it must be from 0 to {n_experts - 1}")
    return flat.argsort(stable=True), torch.bincount(flat, minlength=n_experts)


# %% only_first_column_checked: only first choices are checked
def sort_by_expert(experts_SK, n_experts):
    flat = experts_SK.reshape(-1)
    for e in experts_SK[:, 0].tolist():
        if not 0 <= e < n_experts:
            raise ValueError(f"an expert is {e}; it must be from 0 to {n_experts - 1}")
    return flat.argsort(stable=True), torch.bincount(flat, minlength=n_experts)[:n_experts]


# %% counts_by_view: views the choices as a row, which a transposed tensor refuses
def sort_by_expert(experts_SK, n_experts):
    flat = experts_SK.view(-1)
    for e in flat.tolist():
        if not 0 <= e < n_experts:
            raise ValueError(f"an expert is {e}; it must be from 0 to {n_experts - 1}")
    return flat.argsort(stable=True), torch.bincount(flat, minlength=n_experts)
