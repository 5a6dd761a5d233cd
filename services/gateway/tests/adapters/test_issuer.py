"""The issuer in memory and the real client before a provider on a port: one suite for both; then
everything that a provider may do wrong."""

from collections.abc import AsyncIterator
from typing import Any, Protocol
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from deskstream_chassis.clock import FixedClock
from deskstream_tools.issuer import CLIENT, SECRET, LocalIssuer
from deskstream_tools.local.processes import free_port
from gateway.application.issuer import IdentityRefused, Issuer, IssuerSilent
from gateway.domain.oidc import OidcIdentity
from gateway.infra.issuer_http import IssuerHttp
from gateway.infra.memory.issuer import FakeIssuer
from gateway.infra.openid_issuer import FRESH, REFETCH, RETRY, OpenIdIssuer, Registration
from gateway.testing import NINE

BACK = "https://desk.shop.test/api/auth/oidc/callback"
VERIFIER = "v" * 43


class Place(Protocol):
    """Where somebody consents."""

    issuer: Issuer
    name: str

    async def consent(self, address: str, subject: str) -> dict[str, str]: ...

    def vanish(self) -> None: ...


class FakePlace:
    def __init__(self) -> None:
        self.issuer = self._fake = FakeIssuer()
        self.name = "https://id.shop.test"

    async def consent(self, address: str, subject: str) -> dict[str, str]:
        return self._fake.consent(address, subject)

    def vanish(self) -> None:
        self._fake.down = True


class RealPlace:
    """`now` is the client's monotonic clock."""

    def __init__(self, local: LocalIssuer, clock: FixedClock, **more: Any) -> None:
        self.local, self.name, self.now = local, local.url, 1000.0
        registration = Registration(local.url, CLIENT, SECRET, BACK, **more)
        hosts = frozenset({urlsplit(local.url).netloc})
        self.http = IssuerHttp(hosts, secure=False, seconds=0.5)
        self.issuer = OpenIdIssuer(registration, self.http, clock, lambda: self.now)

    async def consent(self, address: str, subject: str) -> dict[str, str]:
        self.local.subject = subject
        async with httpx.AsyncClient() as browser:
            answer = await browser.get(address)
        assert answer.status_code == 302, answer.text
        back, _, query = answer.headers["location"].partition("?")
        assert back == BACK
        return dict(parse_qsl(query))

    def vanish(self) -> None:
        self.local.trouble = {"/.well-known/openid-configuration": "broken", "/token": "broken"}


@pytest.fixture
async def real(clock: FixedClock) -> AsyncIterator[RealPlace]:
    async with LocalIssuer(free_port(), NINE.timestamp).serving() as local:
        place = RealPlace(local, clock)
        yield place
        await place.http.close()


@pytest.fixture(params=["fake", "real"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = FakePlace() if request.param == "fake" else request.getfixturevalue("real")
    return found


async def walk(place: Place, subject: str = "person-1", **changed: Any) -> OidcIdentity:
    address = await place.issuer.address(state="s" * 43, nonce="n" * 43, verifier=VERIFIER)
    said = await place.consent(address, subject)
    assert said["state"] == "s" * 43
    sent = {"nonce": "n" * 43, "verifier": VERIFIER, "said_by": said["iss"], **changed}
    return await place.issuer.identity(sent.pop("code", said["code"]), **sent)


async def test_who_consents_is_told_by_issuer_and_subject(place: Place) -> None:
    assert await walk(place) == OidcIdentity(place.name, "", "person-1")
    assert await walk(place, "Person-1") == OidcIdentity(place.name, "", "Person-1")


async def test_the_verifier_stays_here_until_the_code_is_redeemed(place: Place) -> None:
    address = await place.issuer.address(state="s" * 43, nonce="n" * 43, verifier=VERIFIER)
    assert VERIFIER not in address


@pytest.mark.parametrize(
    "changed",
    [
        {"verifier": "w" * 43},
        {"nonce": "m" * 43},
        {"code": "invented"},
        {"code": ""},
        {"said_by": "https://other.test"},
    ],
    ids=lambda changed: next(iter(changed)),
)
async def test_what_does_not_fit_together_is_refused(place: Place, changed: dict[str, str]) -> None:
    with pytest.raises(IdentityRefused):
        await walk(place, **changed)


async def test_a_code_works_once(place: Place) -> None:
    address = await place.issuer.address(state="s" * 43, nonce="n" * 43, verifier=VERIFIER)
    said = await place.consent(address, "person-1")
    fits = {"nonce": "n" * 43, "verifier": VERIFIER, "said_by": said["iss"]}
    assert await place.issuer.identity(said["code"], **fits)
    with pytest.raises(IdentityRefused):
        await place.issuer.identity(said["code"], **fits)


async def test_nobody_is_let_in_while_the_issuer_is_silent(place: Place) -> None:
    place.vanish()
    with pytest.raises(IssuerSilent):
        await place.issuer.address(state="s" * 43, nonce="n" * 43, verifier=VERIFIER)
    with pytest.raises(IssuerSilent):
        await place.issuer.identity("c", nonce="n", verifier="v", said_by=place.name)


async def test_what_is_asked_for_is_a_code_with_pkce_and_nothing_but_openid(
    real: RealPlace,
) -> None:
    address = await real.issuer.address(state="s" * 43, nonce="n" * 43, verifier=VERIFIER)
    asked = {name: found[0] for name, found in parse_qs(urlsplit(address).query).items()}
    challenge = asked.pop("code_challenge")
    assert len(challenge) == 43
    assert asked == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": BACK,
        "scope": "openid",
        "state": "s" * 43,
        "nonce": "n" * 43,
        "code_challenge_method": "S256",
    }


NOW = int(NINE.timestamp())


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.test"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": [CLIENT, "another-client"]},
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"aud": None},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": NOW - 61},
        {"exp": None},
        {"exp": "soon"},
        {"iat": NOW + 120},
        {"iat": NOW - 700},
        {"iat": None},
        {"nbf": NOW + 120},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=str,
)
async def test_a_token_with_a_wrong_claim_is_refused(
    real: RealPlace, claims: dict[str, Any]
) -> None:
    real.local.claims = claims
    with pytest.raises(IdentityRefused) as refused:
        await walk(real)
    assert refused.value.code == "bad_token"


@pytest.mark.parametrize("signing", ["none", "HS256", "stranger", "embedded"])
async def test_a_token_that_the_issuer_did_not_sign_is_refused(
    real: RealPlace, signing: Any
) -> None:
    real.local.signing = signing
    with pytest.raises(IdentityRefused):
        await walk(real)


async def test_several_audiences_are_fine_where_we_are_the_authorized_party(
    real: RealPlace,
) -> None:
    real.local.claims = {"aud": [CLIENT, "another"], "azp": CLIENT}
    assert await walk(real)


async def test_keys_of_other_kinds_do_not_disturb(real: RealPlace) -> None:
    real.local.signing = "ES256"
    assert await walk(real)


async def test_a_new_key_is_fetched_at_most_twice_a_minute(real: RealPlace) -> None:
    assert await walk(real)
    real.local.change_key("key-9")
    with pytest.raises(IdentityRefused):
        await walk(real)
    real.now += REFETCH + 1
    assert await walk(real)
    assert real.local.asked.count("/keys") == 2


async def test_a_key_that_was_withdrawn_counts_for_an_hour_at_most(real: RealPlace) -> None:
    assert await walk(real)
    real.now += FRESH + 1
    real.local.trouble = {"/keys": "broken"}
    with pytest.raises(IssuerSilent):
        await walk(real)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys"])
@pytest.mark.parametrize("trouble", ["slow", "huge", "redirect", "garbage", "deep", "broken"])
async def test_an_answer_that_no_issuer_should_give_is_an_outage(
    real: RealPlace, path: str, trouble: Any
) -> None:
    real.local.trouble = {path: trouble}
    with pytest.raises(IssuerSilent):
        await walk(real)
    assert not any(asked.startswith("/elsewhere") for asked in real.local.asked)
    real.local.trouble = {}
    real.now += RETRY + 0.1
    assert await walk(real)


async def test_a_failure_is_told_to_all_within_a_second_without_asking_again(
    real: RealPlace,
) -> None:
    real.local.trouble = {"/.well-known/openid-configuration": "broken"}
    for _ in range(5):
        with pytest.raises(IssuerSilent):
            await walk(real)
    assert len(real.local.asked) == 1


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://other.test"},
        {"token_endpoint": "http://169.254.169.254/token"},
        {"jwks_uri": "http://127.0.0.1:1/keys"},
        {"jwks_uri": "http://127.1/keys"},
        {"jwks_uri": "http://0x7f000001/keys"},
        {"jwks_uri": "http://[::ffff:127.0.0.1]/keys"},
        {"jwks_uri": "http://100.64.0.1/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
    ],
    ids=str,
)
async def test_a_document_that_leads_elsewhere_is_an_outage(
    real: RealPlace, document: dict[str, Any]
) -> None:
    real.local.document = document
    with pytest.raises(IssuerSilent):
        await walk(real)
    assert "/token" not in real.local.asked


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:2@{host}/x",
        "http://{host}@127.0.0.1:2/x",
        "http://{host}\\@127.0.0.1:2/x",
        "http://{host}#@127.0.0.1:2/",
        "http://{host}.evil.test/",
        "http://{host} /x",
        "//{host}/x",
        "http://[::1",
        "HTTP:{host}",
    ],
)
def test_an_address_that_hides_another_host_is_not_asked(url: str) -> None:
    http = IssuerHttp(frozenset({"id.test:8000"}), secure=False)
    assert http.admits("http://id.test:8000/x")
    assert not http.admits(url.format(host="id.test:8000"))
    assert not IssuerHttp(frozenset({"id.test"}), secure=True).admits("http://id.test/")


async def test_an_issuer_that_does_not_name_itself_to_browsers_need_not(real: RealPlace) -> None:
    with pytest.raises(IdentityRefused):
        await walk(real, said_by=None)
    real.now += FRESH + 1
    real.local.document = {"authorization_response_iss_parameter_supported": False}
    assert await walk(real, said_by=None)


async def test_tenants_of_one_issuer_are_told_apart(real: RealPlace, clock: FixedClock) -> None:
    place = RealPlace(real.local, clock, tenant_claim="tid")
    for claims in ({}, {"tid": ""}, {"tid": 7}):
        real.local.claims = claims
        with pytest.raises(IdentityRefused) as refused:
            await walk(place)
        assert refused.value.code == "no_tenant"
    real.local.claims = {"tid": "north"}
    assert await walk(place) == OidcIdentity(real.local.url, "north", "person-1")
    await place.http.close()


async def test_the_secret_may_go_into_the_form_where_the_issuer_wants_it_there(
    real: RealPlace,
) -> None:
    real.local.document = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    with pytest.raises(IssuerSilent):  # this one knows Basic only, and answers 401
        await walk(real)
    assert real.local.asked[-1] == "/token"
