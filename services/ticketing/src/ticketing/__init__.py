"""Deskstream ticketing."""
