"""Prometheus metrics of the store, the relay, consumers and effects (08-ops §4)."""

from prometheus_client import Counter, Gauge, Histogram

APPENDS = Counter("event_store_appends_total", "Events appended.", ["stream_type"])
CONFLICTS = Counter("event_store_append_conflicts_total", "Appends that lost a race.")

POOL_WAIT = Counter(
    "db_client_connection_wait_seconds_total", "Time spent waiting for a free connection."
)

UNPUBLISHED = Gauge("event_relay_unpublished_events", "Stored events that are not published yet.")
OLDEST_UNPUBLISHED = Gauge(
    "event_relay_oldest_unpublished_age_seconds", "Age of the oldest unpublished event."
)
FENCE_WAIT = Gauge("event_relay_fence_wait_seconds", "How long the relay waits for open writers.")
PUBLISHED = Counter("event_relay_published_total", "Events published.", ["topic"])

LAG = Gauge("kafka_consumer_group_lag", "Records behind.", ["group", "topic", "partition"])
LAG_SECONDS = Gauge(
    "kafka_consumer_group_lag_seconds", "Age of the newest unread.", ["group", "topic", "partition"]
)
DUPLICATES = Counter("inbox_duplicates_total", "Deliveries known already.", ["consumer"])
END_TO_END = Histogram(
    "event_end_to_end_seconds",
    "From the fact to its effect in a consumer.",
    ["consumer"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0),
)
PARKED = Gauge("parked_events", "Events that wait for a person.", ["consumer"])
PARKED_AGE = Gauge("parked_oldest_age_seconds", "Age of the oldest parked event.", ["consumer"])
DEAD_LETTERS = Gauge("dead_letters", "Records that could not be read.", ["consumer"])
DEAD_LETTER_AGE = Gauge(
    "dead_letter_oldest_age_seconds", "Age of the oldest dead letter.", ["consumer"]
)

VIEW_LAG = Gauge("projection_position_lag_events", "Events a rebuild is behind.", ["view"])
VIEW_AGE = Gauge("projection_age_seconds", "Age of a rebuild's newest event.", ["view"])
VIEW_PROGRESS = Gauge("projection_rebuild_progress_ratio", "Share of the store replayed.", ["view"])
