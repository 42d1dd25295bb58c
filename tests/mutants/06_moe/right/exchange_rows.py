"""Right solutions of exchange_rows that are not written as the library's is."""

# %% on_ctx: a class that is given everything, and keeps it
class _Travel(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows, send, receive, group):
        ctx.way_back = list(receive), list(send), group
        return group.all_to_all(rows, list(send), list(receive)).wait()

    @staticmethod
    def backward(ctx, grad):
        send, receive, group = ctx.way_back
        return group.all_to_all(grad.contiguous(), send, receive).wait(), None, None, None


def exchange_rows(x_RD, send, receive, group):
    return _Travel.apply(x_RD, send, receive, group)


# %% two_functions: one function to move rows, used in both directions
def exchange_rows(x_RD, send, receive, group):
    def move(rows, to, by):
        pending = group.all_to_all(rows, to, by)
        return pending.wait().clone()

    class Moved(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            return move(rows, send, receive)

        @staticmethod
        def backward(ctx, grad):
            return move(grad, receive, send)

    return Moved.apply(x_RD)


# %% set_up_apart: forward without ctx, and setup_context beside it
def exchange_rows(x_RD, send, receive, group):
    class There(torch.autograd.Function):
        @staticmethod
        def forward(rows):
            return group.all_to_all(rows, send, receive).wait()

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

        @staticmethod
        def backward(ctx, d_rows):
            return group.all_to_all(d_rows, receive, send).wait()

    return There.apply(x_RD)
