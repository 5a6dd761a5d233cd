"""The offline list of passwords that everybody knows."""

from importlib import resources


def load_common_passwords() -> frozenset[str]:
    """Case-folded. Entries shorter than the least length count as the core of longer ones
    (`welcome` forbids `Welcome2024!!!!`)."""
    text = resources.files("gateway.infra").joinpath("common_passwords.txt").read_text("utf-8")
    lines = (line.strip() for line in text.splitlines())
    return frozenset(line.casefold() for line in lines if line and not line.startswith("#"))
