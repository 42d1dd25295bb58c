"""Wrong solutions of overlapped_step."""

# %% nothing_overlaps: adds up all that there is to do
def overlapped_step(n_layers, gather_s, forward_s, backward_s, scatter_s):
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers}")
    return n_layers * (2 * gather_s + forward_s + backward_s + scatter_s)


# %% the_longer_one: takes the longer of all messages and all arithmetic
def overlapped_step(n_layers, gather_s, forward_s, backward_s, scatter_s):
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers}")
    return max(n_layers * (2 * gather_s + scatter_s), n_layers * (forward_s + backward_s))


# %% last_layer_stays: does not gather the last layer again
def overlapped_step(n_layers, gather_s, forward_s, backward_s, scatter_s):
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers}")
    network = processor = 0.0
    for _ in range(n_layers):
        network += gather_s
        processor = max(processor, network) + forward_s
    arrived = network
    for below in reversed(range(n_layers)):
        processor = max(processor, arrived) + backward_s
        if below:
            network += gather_s
            arrived = network
        network = max(network, processor) + scatter_s
    return max(network, processor)


# %% waits_for_the_scatter: a backward pass waits for the reduce-scatter before it
def overlapped_step(n_layers, gather_s, forward_s, backward_s, scatter_s):
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers}")
    network = processor = 0.0
    for _ in range(n_layers):
        network += gather_s
        processor = max(processor, network) + forward_s
    network += gather_s
    for below in reversed(range(n_layers)):
        processor = max(processor, network) + backward_s
        if below:
            network += gather_s
        network = max(network, processor) + scatter_s
    return max(network, processor)


# %% forgets_the_last_scatter: gives the time at which the processor is done
def overlapped_step(n_layers, gather_s, forward_s, backward_s, scatter_s):
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers}")
    network = processor = 0.0
    for _ in range(n_layers):
        network += gather_s
        processor = max(processor, network) + forward_s
    network += gather_s
    arrived = network
    for below in reversed(range(n_layers)):
        processor = max(processor, arrived) + backward_s
        if below:
            network += gather_s
            arrived = network
        network = max(network, processor) + scatter_s
    return processor


# %% scatter_in_front: puts the reduce-scatter before the gather of the layer below
def overlapped_step(n_layers, gather_s, forward_s, backward_s, scatter_s):
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers}")
    network = processor = 0.0
    for _ in range(n_layers):
        network += gather_s
        processor = max(processor, network) + forward_s
    network += gather_s
    arrived = network
    for below in reversed(range(n_layers)):
        processor = max(processor, arrived) + backward_s
        network = max(network, processor) + scatter_s
        if below:
            network += gather_s
            arrived = network
    return max(network, processor)


# %% scatters_at_once: a reduce-scatter does not wait for its backward pass
def overlapped_step(n_layers, gather_s, forward_s, backward_s, scatter_s):
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers}")
    network = processor = 0.0
    for _ in range(n_layers):
        network += gather_s
        processor = max(processor, network) + forward_s
    network += gather_s
    arrived = network
    for below in reversed(range(n_layers)):
        processor = max(processor, arrived) + backward_s
        if below:
            network += gather_s
            arrived = network
        network += scatter_s
    return max(network, processor)


# %% never_waits_forward: forward passes do not wait for their weights
def overlapped_step(n_layers, gather_s, forward_s, backward_s, scatter_s):
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers}")
    network, processor = (n_layers + 1) * gather_s, n_layers * forward_s
    arrived = network
    for below in reversed(range(n_layers)):
        processor = max(processor, arrived) + backward_s
        if below:
            network += gather_s
            arrived = network
        network = max(network, processor) + scatter_s
    return max(network, processor)


# %% gathers_on_demand: a gather begins when the layer before is computed
def overlapped_step(n_layers, gather_s, forward_s, backward_s, scatter_s):
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers}")
    clock = n_layers * (gather_s + forward_s)
    network = clock
    for _ in range(n_layers):
        network = max(network, clock) + gather_s
        clock = network + backward_s
        network = clock + scatter_s
    return network


# %% silent: no error for a model without layers
def overlapped_step(n_layers, gather_s, forward_s, backward_s, scatter_s):
    network = processor = 0.0
    for _ in range(n_layers):
        network += gather_s
        processor = max(processor, network) + forward_s
    network += gather_s
    arrived = network
    for below in reversed(range(n_layers)):
        processor = max(processor, arrived) + backward_s
        if below:
            network += gather_s
            arrived = network
        network = max(network, processor) + scatter_s
    return max(network, processor)


# %% all_gathers_first: all gathers of the backward pass stand in the queue before the first reduce-scatter
def overlapped_step(n_layers, gather_s, forward_s, backward_s, scatter_s):
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers}; it must be at least 1")
    network = processor = 0.0
    for _ in range(n_layers):
        network += gather_s
        processor = max(processor, network) + forward_s
    arrivals = []
    for _ in range(n_layers):
        network += gather_s
        arrivals.append(network)
    for arrived in arrivals:
        processor = max(processor, arrived) + backward_s
        network = max(network, processor) + scatter_s
    return network
