"""Deskstream notifier."""
