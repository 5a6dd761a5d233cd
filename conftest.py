"""Fixtures for every suite: real PostgreSQL and Kafka, see deskstream_tools.testing."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["deskstream_tools.testing"]

settings.register_profile("deskstream", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("deskstream")  # a busy machine fails no law; times are measured by `bench`
