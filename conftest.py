"""Fixtures for every suite: real PostgreSQL and Kafka, see deskstream_tools.testing."""

pytest_plugins = ["deskstream_tools.testing"]
