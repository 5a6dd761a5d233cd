"""Tables, statements and the view of messages."""
