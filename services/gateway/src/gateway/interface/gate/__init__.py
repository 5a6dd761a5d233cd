"""The gate: everything a request meets before a service or the gateway's own routes see it."""
