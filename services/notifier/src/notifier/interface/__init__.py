"""How the outside reaches the notifier."""
