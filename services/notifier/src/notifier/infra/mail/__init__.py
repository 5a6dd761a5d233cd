"""Writing mails and handing them to the mail server."""
