"""What can be asked of the gateway: one use case per file, listed in app.py."""
