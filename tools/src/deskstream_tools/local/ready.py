"""Asking a process's ops port."""

import http.client
import urllib.request


def answers_ok(url: str, seconds: float = 3.0) -> bool:
    """Whether a GET answers 200 in time."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=seconds) as answer:
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):
        return False
