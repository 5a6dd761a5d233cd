"""Tables, read models and look-ups in PostgreSQL."""
