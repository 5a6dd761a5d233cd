"""What is wrong with a request's target before anybody looks for a route."""

import re

_ENCODED = re.compile(rb"%(?:2[fe]|5c|00|25|0[0-9a-f]|1[0-9a-f]|7f)", re.IGNORECASE)
"""Slash, dot, backslash, NUL and other controls, and the percent sign itself: a second decoding
behind us must have nothing to decode."""

_PLAIN = re.compile(rb"/(?:[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*)?")
"""A path without anything that wants a second look; every path of the table is one of these."""

_ALLOWED = re.compile(rb"[A-Za-z0-9/._~!$&'()*+,;=:@%-]*")

_LONGEST_QUERY = 8 * 1024
_QUERY = re.compile(rb"[\x21\x24-\x7e]*")
"""Visible ASCII without `"` and `#`."""

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def path_trick(raw_path: bytes) -> bool:
    """Whether the path is spelt so that two readers might read two paths.

    Takes the path as it came over the wire (granian has already decoded `path`).
    """
    if _PLAIN.fullmatch(raw_path) is not None:
        return False
    if not raw_path.startswith(b"/") or _ALLOWED.fullmatch(raw_path) is None:
        return True
    if _BAD_ESCAPE.search(raw_path) or _ENCODED.search(raw_path):
        return True
    return any(segment in {b"", b".", b".."} for segment in raw_path.split(b"/")[1:])


def query_trick(query: bytes) -> bool:
    """Whether the query is too long or holds what no client's encoder writes."""
    if not query:
        return False
    return (
        len(query) > _LONGEST_QUERY
        or _QUERY.fullmatch(query) is None
        or _BAD_ESCAPE.search(query) is not None
        or b"%00" in query
    )
