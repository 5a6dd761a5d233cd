"""The inside of the consumer runtime."""
