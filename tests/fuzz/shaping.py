"""Examples near to what is good: bytes changed in a few places, and pieces put together anew."""

from collections.abc import Sequence

from hypothesis import strategies as st

PIECES = (
    *(b"", b" ", b"\t", b";", b",", b"=", b".", b"..", b"/", b"//", b"%", b"%2f", b"%2e", b"%00"),
    *(b"%5c", b"%25", b"\\", b"\x00", b"\x0b", b"\x7f", b"\x80", b"\xff", b"\xc3\xa9", b"\xe2\x80"),
    *(
        b"_",
        b"-",
        b"0",
        b"A",
        b"null",
        b"true",
        b"{}",
        b"[]",
        b'"',
        b"'",
        b"\xc4\xb0",
        b"-1",
        b"1e9",
    ),
)
FORBIDDEN = bytes.maketrans(b"\r\n\x00", b"   ")
"""A server lets none of these into a header."""

pieces = st.sampled_from(PIECES)


@st.composite
def near(draw: st.DrawFn, good: bytes, most: int = 4) -> bytes:
    """`good` with up to `most` changes, none included."""
    value = good
    for _ in range(draw(st.integers(0, most))):
        at = draw(st.integers(0, len(value)))
        to = draw(st.integers(at, min(len(value), at + 8)))
        match draw(st.sampled_from("idrcbt")):
            case "i":
                value = value[:at] + draw(pieces) + value[at:]
            case "d":
                value = value[:at] + value[to:]
            case "r":
                value = value[:at] + draw(st.binary(max_size=3)) + value[to:]
            case "c":
                value = value[:at] + value[at:to].swapcase() + value[to:]
            case "b":
                value = value[:to] + value[at:to] + value[to:]
            case _:
                value = value[:at]
    return value


def header(values: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """As a server hands over a header: without ends of lines, without blanks around it."""
    return values.map(lambda value: value.translate(FORBIDDEN).strip(b" \t"))


def joined(
    parts: st.SearchStrategy[bytes], seams: Sequence[bytes], most: int = 4
) -> st.SearchStrategy[bytes]:
    """A few parts with one kind of seam."""
    lists = st.lists(parts, min_size=1, max_size=most)
    return st.builds(lambda found, seam: seam.join(found), lists, st.sampled_from(seams))
