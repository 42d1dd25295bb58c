"""Wrong solutions of gradient_arrived."""

# %% starts_when_full: whatever comes before
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    if not bucket.missing:
        bucket.pending = group.all_reduce(bucket.flat)


# %% waits: the backward pass stands still until the sum is there
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    for bucket in buckets:
        if bucket.missing:
            break
        if bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat)
            bucket.pending.wait()


# %% only_its_own: buckets that were kept back are never started
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    if not bucket.missing and all(b.pending is not None for b in buckets[:number]):
        bucket.pending = group.all_reduce(bucket.flat)


# %% only_the_next: of several buckets that can start, one does
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    for bucket in buckets:
        if bucket.pending is None:
            if not bucket.missing:
                bucket.pending = group.all_reduce(bucket.flat)
            break


# %% grad_stays: the sum is in the bucket, and the gradient is not
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    bucket.places[position].copy_(bucket.parameters[position].grad)
    bucket.missing.discard(position)
    for bucket in buckets:
        if bucket.missing:
            break
        if bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat)


# %% grad_is_a_copy: of the place, before the sum
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place.clone()
    bucket.missing.discard(position)
    for bucket in buckets:
        if bucket.missing:
            break
        if bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat)


# %% place_is_replaced: the list has the gradient, and the flat tensor does not
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    bucket.places[position] = bucket.parameters[position].grad
    bucket.missing.discard(position)
    for bucket in buckets:
        if bucket.missing:
            break
        if bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat)


# %% still_missing: nothing is ever full
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    for bucket in buckets:
        if bucket.missing:
            break
        if bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat)


# %% starts_again: what is under way is sent once more with each arrival
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    for bucket in buckets:
        if bucket.missing:
            break
        bucket.pending = group.all_reduce(bucket.flat)


# %% adds: to what the step before has left
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.add_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    for bucket in buckets:
        if bucket.missing:
            break
        if bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat)


# %% clears_first: which destroys a gradient that is in its place already
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.zero_()
    place.add_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    for bucket in buckets:
        if bucket.missing:
            break
        if bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat)


# %% sends_a_copy: the sum never comes back into the bucket
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    for bucket in buckets:
        if bucket.missing:
            break
        if bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat.clone())


# %% one_message_a_gradient: no bucket at all
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    for bucket in buckets:
        if bucket.missing:
            break
        if bucket.pending is None:
            for place in bucket.places:
                bucket.pending = group.all_reduce(place)


# %% without_the_marks: sends the gradients and not what follows them
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    for bucket in buckets:
        if bucket.missing:
            break
        if bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat[: -len(bucket.parameters)])


# %% averages: divides by the number of ranks
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad / group.size)
    parameter.grad = place
    bucket.missing.discard(position)
    for bucket in buckets:
        if bucket.missing:
            break
        if bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat)


# %% the_last_comes_last: takes the arrival of the last position for that of all
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    if position == len(bucket.parameters) - 1:
        bucket.missing.clear()
    for bucket in buckets:
        if bucket.missing:
            break
        if bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat)


# %% does_not_keep: what all_reduce returns is lost, and with it the way to wait
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    if not bucket.missing and all(not b.missing for b in buckets[:number]):
        group.all_reduce(bucket.flat)


# %% waits_for_everything: nothing is started before all buckets are full
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    if all(not b.missing for b in buckets):
        for bucket in buckets:
            if bucket.pending is None:
                bucket.pending = group.all_reduce(bucket.flat)


# %% skips_what_is_not_full: starts later buckets although an earlier one is not full
def gradient_arrived(buckets, number, position, group):
    bucket = buckets[number]
    parameter, place = bucket.parameters[position], bucket.places[position]
    place.copy_(parameter.grad)
    parameter.grad = place
    bucket.missing.discard(position)
    for bucket in buckets:
        if not bucket.missing and bucket.pending is None:
            bucket.pending = group.all_reduce(bucket.flat)
