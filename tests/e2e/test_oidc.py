"""Signing in through the company's provider: the running stack, a browser, and a real issuer."""

from http.cookies import SimpleCookie

import httpx
from e2e.people import Desk, Member, own_address

from deskstream_tools.issuer import LocalIssuer

START, CALLBACK = "/api/auth/oidc/start", "/api/auth/oidc/callback"


class Browser:
    """Keeps cookies as a browser does, also the Secure ones that libraries keep off loopback."""

    def __init__(self, desk: Desk, cookies: dict[str, str] | None = None) -> None:
        self.desk, self.cookies = desk, dict(cookies or {})
        self.address = own_address()

    async def get(self, url: str, site: str) -> httpx.Response:
        """A page, asked for from `site`; a cross-site one comes without Strict cookies."""
        strict = {"__Host-sid"} if site == "cross-site" else set()
        sent = "; ".join(f"{n}={v}" for n, v in self.cookies.items() if n not in strict)
        headers = {"Cookie": sent, "Sec-Fetch-Site": site, "X-Forwarded-For": self.address}
        answer = await self.desk.client.get(url, headers=headers)
        for header in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name] = morsel.value
        return answer

    async def walk(self, *, link: bool = False) -> httpx.Response:
        """To the issuer and back."""
        own = self.desk.target.gateway_url
        out = await self.get(f"{own}{START}{'?link=1' if link else ''}", "same-origin")
        assert out.status_code == 303, out.text
        async with httpx.AsyncClient(trust_env=False) as elsewhere:
            consent = await elsewhere.get(out.headers["location"])
        back = httpx.URL(consent.headers["location"])
        assert str(back).startswith(self.desk.target.public_url)
        return await self.get(f"{own}{back.raw_path.decode()}", "cross-site")

    async def who(self) -> httpx.Response:
        """Whom the gateway takes this browser for."""
        return await self.get(f"{self.desk.target.gateway_url}/api/auth/session", "same-origin")


async def signed_in(desk: Desk) -> tuple[Member, Browser]:
    member = await desk.join("agent")
    return member, Browser(desk, {"__Host-sid": str(member.session._cookie)})


async def test_an_account_that_was_linked_is_opened_by_the_issuer(
    desk: Desk, issuer: LocalIssuer
) -> None:
    member, browser = await signed_in(desk)
    issuer.subject = f"subject-of-{member.id}"
    linked = await browser.walk(link=True)
    assert (linked.status_code, "Account linked" in linked.text) == (200, True)
    other = Browser(desk)
    opened = await other.walk()
    assert (opened.status_code, "Signed in" in opened.text) == (200, True)
    assert (await other.who()).json()["user"]["id"] == member.id
    trail = await desk.admin.json("GET", "/api/audit?action=oidc_linked", 200)
    assert f"user:{member.id}" in [event["target"] for event in trail["items"]]
    assert issuer.subject not in str(trail)


async def test_an_identity_without_an_account_is_refused_whatever_address_it_shows(
    desk: Desk, issuer: LocalIssuer
) -> None:
    member, _ = await signed_in(desk)
    issuer.subject = "stranger"
    issuer.claims = {"email": member.email, "email_verified": True}
    browser = Browser(desk)
    refused = await browser.walk()
    issuer.claims = {}
    assert (refused.status_code, refused.json()["code"]) == (403, "oidc_refused")
    assert "__Host-sid" not in browser.cookies


async def test_a_token_that_another_key_signed_opens_nothing(
    desk: Desk, issuer: LocalIssuer
) -> None:
    member, browser = await signed_in(desk)
    issuer.subject = f"subject-of-{member.id}"
    assert (await browser.walk(link=True)).status_code == 200
    for signing in ("none", "HS256", "stranger"):
        issuer.signing = signing
        refused = await Browser(desk).walk()
        assert (refused.status_code, refused.json()["code"]) == (403, "oidc_refused")
    issuer.signing = "RS256"
    assert (await Browser(desk).walk()).status_code == 200


async def test_an_issuer_that_is_down_lets_nobody_in_and_hurts_nobody_else(
    desk: Desk, issuer: LocalIssuer
) -> None:
    issuer.trouble = {"/token": "slow"}
    refused = await Browser(desk).walk()
    issuer.trouble = {}
    assert (refused.status_code, refused.json()["code"]) == (503, "issuer_unavailable")
    await desk.join("viewer")
