"""Events of the notifier: messages."""
