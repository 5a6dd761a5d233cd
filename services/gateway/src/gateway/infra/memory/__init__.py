"""Everything in memory, for tests: held to the suite of the real adapters."""
