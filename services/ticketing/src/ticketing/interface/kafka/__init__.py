"""What ticketing follows."""
