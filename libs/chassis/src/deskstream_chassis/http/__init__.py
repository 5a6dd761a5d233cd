"""The HTTP frame of a service: guard, gate, problems, conventions."""
