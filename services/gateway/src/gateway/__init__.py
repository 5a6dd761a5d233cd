"""Deskstream gateway."""
