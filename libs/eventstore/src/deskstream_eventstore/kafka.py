"""How to reach the log, and what a producer and an admin client must be told (01-events §7)."""

from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

LINGER_MS = 5
BATCH_BYTES = 256 * 1024


@dataclass(frozen=True)
class KafkaSettings:
    """`prefix` stands before every topic and group name, so that stacks can share a broker."""

    bootstrap: str
    prefix: str = ""


def producer(settings: KafkaSettings, client_id: str) -> AIOKafkaProducer:
    """Idempotent, acks of all, compressed. Not started. Must be made inside a running loop."""
    return AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        linger_ms=LINGER_MS,
        max_batch_size=BATCH_BYTES,
        max_request_size=1024 * 1024,
        compression_type="lz4",
        request_timeout_ms=10_000,
        metadata_max_age_ms=30_000,
    )


def admin(settings: KafkaSettings, client_id: str) -> AIOKafkaAdminClient:
    """For topics. Not started."""
    return AIOKafkaAdminClient(
        bootstrap_servers=settings.bootstrap, client_id=client_id, request_timeout_ms=10_000
    )
