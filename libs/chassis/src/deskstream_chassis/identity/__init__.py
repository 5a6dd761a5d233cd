"""Signed identities: the gateway signs, every service verifies for itself."""
