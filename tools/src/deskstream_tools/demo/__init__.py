"""The demo: the main job through the gateway, and many tickets from a file, each reconciled."""
