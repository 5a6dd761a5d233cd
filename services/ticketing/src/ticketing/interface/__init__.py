"""How the world reaches the use cases: HTTP, Kafka, timers."""
