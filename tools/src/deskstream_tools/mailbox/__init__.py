"""A local mailbox: takes mail by SMTP, keeps it in a folder, shows it, and fails on request."""
