"""Deskstream tools: the desk command, the local stack, the demo."""
