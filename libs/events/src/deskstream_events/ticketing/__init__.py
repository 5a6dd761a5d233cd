"""Events of ticketing: tickets and calls."""
