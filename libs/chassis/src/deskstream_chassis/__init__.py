"""Deskstream chassis."""
