"""The pages and routes that the gateway serves itself; the gate stands before them."""
