"""Wrong solutions of exchange_rows."""

# %% values_only: no gradient flows
def exchange_rows(x_RD, send, receive, group):
    return group.all_to_all(x_RD, send, receive).wait()


# %% pretends: the result asks for a gradient, and x gets none
def exchange_rows(x_RD, send, receive, group):
    return group.all_to_all(x_RD, send, receive).wait().clone().requires_grad_()


# %% same_way: the gradient travels forward again
def exchange_rows(x_RD, send, receive, group):
    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            return group.all_to_all(rows, send, receive).wait()

        @staticmethod
        def backward(ctx, grad):
            return group.all_to_all(grad, send, receive).wait()

    return Exchange.apply(x_RD)


# %% stays_here: the gradient does not travel
def exchange_rows(x_RD, send, receive, group):
    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            ctx.n_rows = len(rows)
            return group.all_to_all(rows, send, receive).wait()

        @staticmethod
        def backward(ctx, grad):
            out = grad.new_zeros(ctx.n_rows, *grad.shape[1:])
            n = min(ctx.n_rows, len(grad))
            out[:n] = grad[:n]
            return out

    return Exchange.apply(x_RD)


# %% swapped_forward: send and receive are exchanged, forward and backward
def exchange_rows(x_RD, send, receive, group):
    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            return group.all_to_all(rows, receive, send).wait()

        @staticmethod
        def backward(ctx, grad):
            return group.all_to_all(grad, send, receive).wait()

    return Exchange.apply(x_RD)


# %% does_not_call_without_rows: a rank without rows stays away
def exchange_rows(x_RD, send, receive, group):
    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            if sum(send) == 0 and sum(receive) == 0 or len(rows) == 0:
                return rows.new_zeros(sum(receive), *rows.shape[1:])
            return group.all_to_all(rows, send, receive).wait()

        @staticmethod
        def backward(ctx, grad):
            if sum(send) == 0:
                return grad.new_zeros(0, *grad.shape[1:])
            return group.all_to_all(grad, receive, send).wait()

    return Exchange.apply(x_RD)


# %% equal_parts: everybody gets equally many
def exchange_rows(x_RD, send, receive, group):
    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            return group.all_to_all(rows).wait()

        @staticmethod
        def backward(ctx, grad):
            return group.all_to_all(grad).wait()

    return Exchange.apply(x_RD)


# %% divides: the gradient is a mean over the ranks
def exchange_rows(x_RD, send, receive, group):
    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            return group.all_to_all(rows, send, receive).wait()

        @staticmethod
        def backward(ctx, grad):
            return group.all_to_all(grad, receive, send).wait() / group.size

    return Exchange.apply(x_RD)


# %% gathers_everything: all rows go everywhere
def exchange_rows(x_RD, send, receive, group):
    told = group.gather((x_RD.detach(), list(send)))

    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            return torch.cat([sent.split(counts)[group.rank] for sent, counts in told])

        @staticmethod
        def backward(ctx, grad):
            back = group.gather((grad, list(receive)))
            return torch.cat([sent.split(counts)[group.rank] for sent, counts in back])

    return Exchange.apply(x_RD)


# %% wide: everything travels in float32
def exchange_rows(x_RD, send, receive, group):
    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            return group.all_to_all(rows.float(), send, receive).wait()

        @staticmethod
        def backward(ctx, grad):
            return group.all_to_all(grad.float(), receive, send).wait()

    return Exchange.apply(x_RD)


# %% twice_backward: the gradient is sent twice
def exchange_rows(x_RD, send, receive, group):
    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            return group.all_to_all(rows, send, receive).wait()

        @staticmethod
        def backward(ctx, grad):
            group.all_to_all(grad, receive, send)
            return group.all_to_all(grad, receive, send).wait()

    return Exchange.apply(x_RD)


# %% reversed_ranks: the parts are put together from the last rank to the first
def exchange_rows(x_RD, send, receive, group):
    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            came = group.all_to_all(rows, send, receive).wait()
            return torch.cat(list(came.split(list(receive)))[::-1])

        @staticmethod
        def backward(ctx, grad):
            parts = list(grad.split(list(receive)[::-1]))[::-1]
            return group.all_to_all(torch.cat(parts), receive, send).wait()

    return Exchange.apply(x_RD)


# %% does_not_wait: gives what is under way
def exchange_rows(x_RD, send, receive, group):
    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            return group.all_to_all(rows, send, receive)

        @staticmethod
        def backward(ctx, grad):
            return group.all_to_all(grad, receive, send)

    return Exchange.apply(x_RD)


# %% concatenates_lists: the splits must be lists
def exchange_rows(x_RD, send, receive, group):
    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows, splits):
            ctx.splits = splits
            n = group.size
            return group.all_to_all(rows, splits[:n], splits[n:]).wait()

        @staticmethod
        def backward(ctx, d_rows):
            n = group.size
            return group.all_to_all(d_rows, ctx.splits[n:], ctx.splits[:n]).wait(), None

    return Exchange.apply(x_RD, send + receive if isinstance(send, list) else list(send + [*receive]))


# %% idle_stays_away: a rank that neither sends nor gets a row stays away
def exchange_rows(x_RD, send, receive, group):
    if sum(send) + sum(receive) == 0:
        return x_RD

    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            return group.all_to_all(rows, send, receive).wait()

        @staticmethod
        def backward(ctx, d_rows):
            return group.all_to_all(d_rows, receive, send).wait()

    return Exchange.apply(x_RD)


# %% backward_only_with_rows: backward, a rank that got nothing has nothing to send, and stays away
def exchange_rows(x_RD, send, receive, group):
    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            return group.all_to_all(rows, send, receive).wait()

        @staticmethod
        def backward(ctx, d_rows):
            if len(d_rows) == 0:
                return d_rows.new_zeros(sum(send), d_rows.shape[1])
            return group.all_to_all(d_rows, receive, send).wait()

    return Exchange.apply(x_RD)


# %% zero_rows_lose_history: a rank that gets nothing gives a fresh tensor, which knows nothing of the exchange
def exchange_rows(x_RD, send, receive, group):
    class Exchange(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            return group.all_to_all(rows, send, receive).wait()

        @staticmethod
        def backward(ctx, d_rows):
            return group.all_to_all(d_rows, receive, send).wait()

    y = Exchange.apply(x_RD)
    return y if sum(receive) else y.detach()
