"""What a vendor's signature proves, and what it does not."""

import base64
import hashlib
import hmac
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.webhook import VENDORS, WINDOW, signing_key, weakness

NOW = 1_614_265_330.0
KNOWN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The secret, message and signature that the libraries of Standard Webhooks test with."""
KNOWN_BODY = b'{"test": 2432232314}'
KNOWN_HEADERS = {
    b"webhook-id": b"msg_p5jXN8AQM9LWM0D4loKWxJek",
    b"webhook-timestamp": b"1614265330",
    b"webhook-signature": b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
OLD, NEW = (secrets.token_hex(20) for _ in range(2))
BY_BODY = {"shopify": b"x-shopify-hmac-sha256", "quickbooks": b"intuit-signature"}


def over_body(vendor: str, secret: str, body: bytes) -> dict[bytes, bytes]:
    """As Shopify and Intuit sign."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {BY_BODY[vendor]: base64.b64encode(digest)}


def standard(
    secret: str, body: bytes, at: int = int(NOW), name: bytes = b"m1"
) -> dict[bytes, bytes]:
    """As a sender of Standard Webhooks signs."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = name + b"." + str(at).encode() + b"." + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    return {
        b"webhook-id": name,
        b"webhook-timestamp": str(at).encode(),
        b"webhook-signature": b"v1," + digest,
    }


def refusal(
    vendor: str, given: list[str], headers: dict[bytes, bytes], body: bytes, now: float = NOW
) -> str | None:
    return VENDORS[vendor].refusal(given, headers, body, now)


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_the_published_example_of_standard_webhooks_holds() -> None:
    assert refusal("mail", [KNOWN], KNOWN_HEADERS, KNOWN_BODY) is None
    assert refusal("mail", [KNOWN], KNOWN_HEADERS, KNOWN_BODY + b" ") == "bad_signature"


@pytest.mark.parametrize("vendor", BY_BODY)
def test_a_digest_over_the_body_holds_under_either_of_two_secrets(vendor: str) -> None:
    body = b'{"id": 1,\n "name": "\xc3\xa4"}'
    for secret in (OLD, NEW):
        assert refusal(vendor, [OLD, NEW], over_body(vendor, secret, body), body) is None
    stranger = over_body(vendor, secrets.token_hex(20), body)
    assert refusal(vendor, [OLD, NEW], stranger, body) == "bad_signature"


@pytest.mark.parametrize("vendor", BY_BODY)
@given(body=st.binary(min_size=1, max_size=200), data=st.data())
def test_no_flipped_bit_of_body_or_digest_passes(
    vendor: str, body: bytes, data: st.DataObject
) -> None:
    headers = over_body(vendor, OLD, body)
    (name,) = headers
    assert refusal(vendor, [OLD], headers, body) is None
    bit = data.draw(st.integers(0, len(body) * 8 - 1))
    assert refusal(vendor, [OLD], headers, flipped(body, bit)) == "bad_signature"
    bit = data.draw(st.integers(0, len(headers[name]) * 8 - 1))
    changed = {name: flipped(headers[name], bit)}
    assert refusal(vendor, [OLD], changed, body) == "bad_signature"


@given(body=st.binary(max_size=200), data=st.data())
def test_no_flipped_bit_of_anything_signed_passes_as_a_standard_webhook(
    body: bytes, data: st.DataObject
) -> None:
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    headers = standard(secret, body)
    assert refusal("mail", [secret], headers, body) is None
    name = data.draw(st.sampled_from(sorted(headers)))
    bit = data.draw(st.integers(0, len(headers[name]) * 8 - 1))
    changed = headers | {name: flipped(headers[name], bit)}
    assert refusal("mail", [secret], changed, body) is not None
    if body:
        bit = data.draw(st.integers(0, len(body) * 8 - 1))
        assert refusal("mail", [secret], headers, flipped(body, bit)) == "bad_signature"


def test_one_good_signature_among_several_is_enough() -> None:
    good = KNOWN_HEADERS[b"webhook-signature"]
    for told in (b"v1,AAAA " + good, good + b" v1a,AAAA", b"v1a,x v2,y " + good):
        headers = KNOWN_HEADERS | {b"webhook-signature": told}
        assert refusal("mail", [KNOWN], headers, KNOWN_BODY) is None
    for told in (b"", b"v1", b"v1,", good.replace(b"v1,", b"v1a,"), good.replace(b"v1,", b"")):
        headers = KNOWN_HEADERS | {b"webhook-signature": told}
        assert refusal("mail", [KNOWN], headers, KNOWN_BODY) == "bad_signature"


@pytest.mark.parametrize("off", [-WINDOW - 1, -WINDOW, 0, WINDOW, WINDOW + 1])
def test_a_signed_time_may_be_five_minutes_off_and_no_more(off: int) -> None:
    expected = "stale_signature" if abs(off) > WINDOW else None
    assert refusal("mail", [KNOWN], KNOWN_HEADERS, KNOWN_BODY, NOW + off) == expected


def test_an_id_that_could_be_cut_elsewhere_is_refused() -> None:
    signed = standard(KNOWN, b"{}", name=b"m1.1614265330")
    assert refusal("mail", [KNOWN], signed, b"{}") == "bad_signature"


@pytest.mark.parametrize("at", [b"", b"-1614265330", b"1614265330.0", b"16e8", b"9" * 400])
def test_a_time_that_is_no_number_is_refused(at: bytes) -> None:
    headers = KNOWN_HEADERS | {b"webhook-timestamp": at}
    assert refusal("mail", [KNOWN], headers, KNOWN_BODY) == "bad_signature"


def test_3cx_shows_its_secret_or_signs() -> None:
    header = {b"x-deskstream-webhook": NEW.encode()}
    assert refusal("3cx", [OLD, NEW], header, b"{}") is None
    assert refusal("3cx", [OLD], header, b"{}") == "bad_signature"
    assert refusal("3cx", [OLD, KNOWN], KNOWN_HEADERS, KNOWN_BODY) is None
    shown = {b"x-deskstream-webhook": KNOWN.encode()}
    assert refusal("3cx", [OLD, KNOWN], shown, b"{}") == "bad_signature"


def test_without_a_secret_nothing_passes() -> None:
    assert refusal("mail", [], KNOWN_HEADERS, KNOWN_BODY) == "bad_signature"
    assert refusal("3cx", [], {b"x-deskstream-webhook": b""}, b"") == "bad_signature"
    assert refusal("shopify", [], over_body("shopify", "", b""), b"") == "bad_signature"
    assert refusal("shopify", [OLD], {}, b"") == "no_signature"
    assert refusal("mail", [KNOWN], {b"webhook-id": b"m1"}, b"") == "no_signature"


@pytest.mark.parametrize("size", [24, 32, 64])
def test_random_secrets_are_good(size: int) -> None:
    for _ in range(200):
        signs = "whsec_" + base64.b64encode(secrets.token_bytes(size)).decode()
        assert weakness(signs) is None
        assert signing_key(signs) is not None
        assert weakness(secrets.token_hex(size)) is None


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "short",
        "changeme-changeme-changeme",
        "my-3cx-webhook-secret-2026",
        "0123456789abcdef0123456789abcdef",
        "abcdefghijklmnopqrstuvwxyz",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "f3a9 c1d8 77b0 4e52 90ab cd13",
    ],
)
def test_what_is_short_or_looks_like_a_default_is_no_secret(secret: str) -> None:
    assert weakness(secret) is not None
