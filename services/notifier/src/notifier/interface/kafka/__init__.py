"""Facts that the notifier follows."""
