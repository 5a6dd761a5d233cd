"""Events of ticketing: tickets."""
