"""The local stack: PostgreSQL, Kafka, the mailbox and the services on one machine."""
