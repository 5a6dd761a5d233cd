"""HTTP: what the gateway asks for its operators."""
