"""What message a fact calls for, how mails hang together, and when one is not sent."""
