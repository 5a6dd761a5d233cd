"""What implements the ports: the store, the mail server, the bucket."""
