"""The use cases of ticketing, one a file; app.py is the menu."""
