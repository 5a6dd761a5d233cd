"""Mail in: taking it, reading it, keeping it."""
