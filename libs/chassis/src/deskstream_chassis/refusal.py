"""What a process says when it must not start."""


class StartRefused(RuntimeError):
    """Something is unsafe. The message names it for the operator, in our own words: it is logged as
    it is, so it quotes no value."""
