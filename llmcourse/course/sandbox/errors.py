"""What can go wrong before any code of a submission runs."""


class SandboxUnavailable(RuntimeError):
    """A process cannot be shut in on this machine: the machine's fault, and the message says which."""
