"""What is attacked, from what, and how to tell that it gave way.

Each attack knows by itself, apart from the code under attack, when an example is good after all.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from fuzz.front import Front, Seen
from fuzz.shaping import FORBIDDEN, header, joined, near, pieces
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from deskstream_chassis.identity.testing import forge, raw
from deskstream_chassis.identity.tokens import KeyCache, TokenRejected, TokenVerifier
from gateway.domain.api_key import spell
from gateway.interface.gate.routes import TABLE


@dataclass(frozen=True)
class Attack:
    """`trial` gives what went wrong with an example, or None; `good` must be let in."""

    name: str
    examples: st.SearchStrategy[Any]
    good: Any
    trial: Callable[[Any], Coroutine[Any, Any, str | None]]
    admits: Callable[[Any], Coroutine[Any, Any, bool]]
    """Whether an example is let in: `good` shows that the attack would notice."""


def _judged(seen: Seen, allowed: bool) -> str | None:
    if seen.status >= 500 or seen.status == 0:
        return f"answered {seen.status}"
    if seen.heard and not allowed:
        return f"let in: {seen.heard[0].method} {seen.heard[0].target}"
    return None


def cookie(front: Front) -> Attack:
    """The Cookie header, from a living session's."""
    good = b"__Host-sid=" + front.cookie
    names = st.sampled_from([b"__Host-sid", b"__host-sid", b"__Host-sid ", b"sid", b""]) | pieces
    values = near(front.cookie) | pieces | st.binary(max_size=12)
    pairs = st.builds(lambda name, value: name + b"=" + value, names, values)
    texts = header(near(good) | joined(pairs, (b";", b"; ", b",", b" ")))

    async def ask(lines: list[bytes]) -> Seen:
        return await front.ask([(b"cookie", line) for line in lines])

    def is_good(lines: list[bytes]) -> bool:
        if len(lines) != 1:
            return False
        found = [pair.strip().partition(b"=") for pair in lines[0].split(b";")]
        return [value for name, _, value in found if name == b"__Host-sid"] == [front.cookie]

    async def trial(lines: list[bytes]) -> str | None:
        return _judged(await ask(lines), is_good(lines))

    async def admits(lines: list[bytes]) -> bool:
        return bool((await ask(lines)).heard)

    return Attack("cookie", st.lists(texts, min_size=1, max_size=2), [good], trial, admits)


def key(front: Front) -> Attack:
    """The Authorization header, from a living key's."""
    good = b"Bearer " + front.key
    _, _, identity, secret, _ = front.key.decode().split("_")
    spelt = st.builds(
        lambda one, two: spell(one, two).encode("utf-8", "replace"),
        st.sampled_from([identity, identity.swapcase(), "A" * 12]) | st.text(max_size=13),
        st.sampled_from([secret, secret.swapcase(), "A" * 43]) | st.text(max_size=44),
    )
    schemes = st.sampled_from([b"Bearer ", b"bearer  ", b"Basic ", b"Bearer", b"", b"DPoP "])
    proofs = near(front.key) | spelt | joined(near(front.key), (b" ", b",", b"_"), 2)
    values = header(near(good) | st.builds(bytes.__add__, schemes, proofs))

    async def ask(value: bytes) -> Seen:
        return await front.ask([(b"authorization", value)], path=b"/api/tickets/12")

    async def trial(value: bytes) -> str | None:
        named = value[:7].lower() == b"bearer " and value[7:].strip() == front.key
        return _judged(await ask(value), named)

    async def admits(value: bytes) -> bool:
        return bool((await ask(value)).heard)

    return Attack("key", values, good, trial, admits)


def token(front: Front) -> Attack:
    """The internal identity, at a service's verifier and at console's listener."""
    ours = {name: front.signer.sign(front.actor, name) for name in ("ticketing", "console")}
    published = front.signer.public_set()
    kid = next(iter(published["keys"]))["kid"]
    other = OKPKey.generate_key("Ed25519", {"kid": kid}, private=True)

    async def keys() -> Any:
        return published

    verifier = TokenVerifier(KeyCache(keys), "ticketing")
    odd = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    odder = st.recursive(odd, lambda some: st.lists(some) | st.dictionaries(st.text(), some))
    heads = st.dictionaries(
        st.sampled_from(["alg", "typ", "kid", "jwk", "jku", "x5u", "x5c", "crit", "b64", "zip"]),
        odder | st.sampled_from(["none", "EdDSA", "HS256", kid, "deskstream-identity+jwt"]),
    )
    claims = st.dictionaries(
        st.sampled_from(["iss", "aud", "sub", "sid", "role", "teams", "scopes", "jti", "exp"]),
        odder | st.sampled_from(["ticketing", "console", "user:1", "admin", front.actor.ref]),
    )
    foreign = claims.map(lambda more: forge({"kid": kid}, other, "EdDSA", **more))
    unsigned = st.builds(raw, heads, claims, st.sampled_from(["", "AA", "A" * 86]))

    def of(audience: str) -> st.SearchStrategy[str]:
        mine = ours[audience]
        start, signature = mine.rsplit(".", 1)
        changed = near(mine.encode()).map(lambda value: value.decode("latin-1"))
        grafted = st.builds(lambda h, c: raw(h, c, signature), heads, claims)
        swapped = st.sampled_from(
            [f"{start}.", mine, f"{ours['console'].rsplit('.', 1)[0]}.{signature}"]
        )
        return changed | grafted | swapped | foreign | unsigned

    def is_good(text: str, audience: str) -> bool:
        mine = ours[audience]
        try:
            signed = base64.urlsafe_b64decode(text.rpartition(".")[2] + "==")
        except (binascii.Error, ValueError):
            return False
        right = base64.urlsafe_b64decode(mine.rpartition(".")[2] + "==")
        return text.rpartition(".")[0] == mine.rpartition(".")[0] and signed == right

    async def ask(text: str) -> Seen:
        bearer = b"Bearer " + text.encode("latin-1", "replace").translate(FORBIDDEN)
        return await front.ask([(b"authorization", bearer)], gate=front.gates.console)

    async def trial(example: tuple[str, str]) -> str | None:
        audience, text = example
        if audience == "console":
            return _judged(await ask(text), is_good(text.translate(BLANKED).strip(), audience))
        try:
            await verifier.verify(text)
        except TokenRejected:
            return None
        return None if is_good(text, audience) else "verified"

    async def admits(example: tuple[str, str]) -> bool:
        return bool((await ask(example[1])).heard) and bool(
            await verifier.verify(ours["ticketing"])
        )

    both = st.tuples(st.just("console"), of("console")) | st.tuples(
        st.just("ticketing"), of("ticketing")
    )
    return Attack("token", both, ("console", ours["console"]), trial, admits)


def path(front: Front) -> Attack:
    """The target of a request, from the table's own paths, with a good session."""
    values = [b"12", b"01890a5d-ac96-774b-bcce-b302099a8057", b"A" * 12, b"orders"]
    filled = [re.sub(r"\{\w+\}", "{}", row.path).format(*["12"] * 9).encode() for row in TABLE]
    known = sorted({segment for one in filled for segment in one.split(b"/")})
    segments = (
        st.sampled_from([*known, *values]) | pieces | near(b"tickets") | st.binary(max_size=4)
    )
    built = st.builds(lambda one: b"/" + one, joined(segments, (b"/", b"//", b"%2f", b"\\"), 6))
    queries = st.sampled_from([b"", b"?", b"?a=b", b"?limit=1e9", b"?x=%00"]) | pieces
    raws = st.builds(bytes.__add__, st.sampled_from(filled).flatmap(near) | built, queries)
    wire = raws.map(lambda text: re.sub(rb"[\x00-\x20\x7f]", b"", text))
    methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "BREW"])

    async def ask(example: tuple[str, bytes]) -> Seen:
        headers = [(b"cookie", b"__Host-sid=" + front.cookie)]
        return await front.ask(headers, method=example[0], path=example[1])

    async def trial(example: tuple[str, bytes]) -> str | None:
        seen = await ask(example)
        meant = unquote_to_bytes(example[1].partition(b"?")[0]).lower()
        allowed = all(
            request.target.partition("?")[0].lower().encode() == meant
            and re.fullmatch(r"/api(/[A-Za-z0-9_-]+)+(\?[!-~]*)?", request.target)
            for request in seen.heard
        )
        return _judged(seen, allowed)

    async def admits(example: tuple[str, bytes]) -> bool:
        return bool((await ask(example)).heard)

    return Attack("path", st.tuples(methods, wire), ("GET", b"/api/tickets"), trial, admits)


BLANKED = {byte: chr(blank) for byte, blank in enumerate(FORBIDDEN)}
"""FORBIDDEN for text."""
Call = tuple[str, list[tuple[bytes, bytes]], bytes]
"""A vendor, the headers sent, the body."""
BODY = b'{"id": 7, "name": "twelve drums"}'


def webhook(front: Front) -> Attack:
    """What a vendor sends, from well-signed calls."""
    at = str(int(front.now)).encode()

    def digest(vendor: str, data: bytes) -> bytes:
        secret = front.webhooks[vendor].encode()
        return base64.b64encode(hmac.digest(secret, data, hashlib.sha256))

    signing = base64.b64decode(front.webhooks["mail"].removeprefix("whsec_"))
    mailed = b"v1," + base64.b64encode(
        hmac.digest(signing, b"m1." + at + b"." + BODY, hashlib.sha256)
    )
    good: dict[str, tuple[bytes, dict[bytes, bytes]]] = {
        "3cx": (b"/api/telephony/3cx", {b"x-deskstream-webhook": front.webhooks["3cx"].encode()}),
        "shopify": (
            b"/api/hooks/shopify/orders-create",
            {b"x-shopify-hmac-sha256": digest("shopify", BODY)},
        ),
        "quickbooks": (
            b"/api/hooks/quickbooks/x",
            {b"intuit-signature": digest("quickbooks", BODY)},
        ),
        "mail": (
            b"/api/hooks/mail/delivered",
            {b"webhook-id": b"m1", b"webhook-timestamp": at, b"webhook-signature": mailed},
        ),
    }
    names = sorted({name for _, lines in good.values() for name in lines})

    def lines_of(vendor: str) -> st.SearchStrategy[list[tuple[bytes, bytes]]]:
        mine = [
            st.tuples(st.just(name) | st.sampled_from(names), header(near(value)))
            for name, value in good[vendor][1].items()
        ]
        more = st.tuples(st.sampled_from(names), header(near(mailed) | pieces))
        return st.builds(
            lambda own, rest: [*own, *rest], st.tuples(*mine), st.lists(more, max_size=2)
        )

    examples = st.sampled_from(sorted(good)).flatmap(
        lambda vendor: st.tuples(st.just(vendor), lines_of(vendor), st.just(BODY) | near(BODY))
    )

    def is_good(example: Call) -> bool:
        vendor, lines, body = example
        once = {name: value for name, value in lines if [n for n, _ in lines].count(name) == 1}
        if vendor == "mail" or (vendor == "3cx" and b"x-deskstream-webhook" not in once):
            told = once.get(b"webhook-signature", b"").split(b" ")
            same = (once.get(b"webhook-id"), once.get(b"webhook-timestamp")) == (b"m1", at)
            return vendor == "mail" and same and body == BODY and mailed in told
        (name,) = good[vendor][1]
        right = good["3cx"][1][name] if vendor == "3cx" else digest(vendor, body)
        return once.get(name) == right

    async def ask(example: Call) -> Seen:
        vendor, lines, body = example
        framed = [*lines, (b"content-length", str(len(body)).encode())]
        return await front.ask(framed, method="POST", path=good[vendor][0], body=body)

    async def trial(example: Call) -> str | None:
        return _judged(await ask(example), is_good(example))

    async def admits(_: Any) -> bool:
        seen = [await ask((name, list(lines.items()), BODY)) for name, (_, lines) in good.items()]
        return all(one.heard for one in seen)

    return Attack("webhook", examples, None, trial, admits)


ATTACKS = {attack.__name__: attack for attack in (cookie, key, token, path, webhook)}
