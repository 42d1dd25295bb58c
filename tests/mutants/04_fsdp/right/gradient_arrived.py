"""Right solutions of gradient_arrived."""

# %% takewhile: the buckets that are full up to the first that is not
def gradient_arrived(buckets, number, position, group):
    from itertools import takewhile

    bucket = buckets[number]
    parameter = bucket.parameters[position]
    bucket.places[position][...] = parameter.grad
    parameter.grad = bucket.places[position]
    bucket.missing.remove(position)
    for full in takewhile(lambda b: not b.missing, buckets):
        full.pending = full.pending or group.all_reduce(full.flat)


# %% own_view: cuts the place out of the flat tensor, and looks ahead from the first bucket not started
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter = bucket.parameters[position]
    begin = sum(p.numel() for p in bucket.parameters[:position])
    place = bucket.flat[begin : begin + parameter.numel()].view(parameter.shape)
    if parameter.grad.data_ptr() != place.data_ptr():
        place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing -= {position}
    first = next((i for i, b in enumerate(buckets) if b.pending is None), len(buckets))
    while first < len(buckets) and len(buckets[first].missing) == 0:
        buckets[first].pending = group.all_reduce(buckets[first].flat)
        first += 1


# %% asks_before: returns at once where nothing can start
def gradient_arrived(buckets, number, position, group):
    here = buckets[number]
    new = here.parameters[position].grad
    with torch.no_grad():
        here.places[position].copy_(new.reshape(here.places[position].shape))
    here.parameters[position].grad = here.places[position]
    here.missing = {p for p in here.missing if p != position}
    if here.missing or any(b.pending is None and b.missing for b in buckets[:number]):
        return
    for i in range(number, len(buckets)):
        if buckets[i].missing:
            return
        buckets[i].pending = group.all_reduce(buckets[i].flat)
