"""What implements the application's ports."""
