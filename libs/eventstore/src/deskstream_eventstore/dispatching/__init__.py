"""The inside of the dispatcher of effects."""
