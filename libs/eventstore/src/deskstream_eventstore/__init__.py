"""Deskstream eventstore."""
