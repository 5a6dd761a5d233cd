"""The company's OpenID provider: authorization code with PKCE, by Authlib's OAuth client."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import urlsplit

from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from joserfc.jwk import Key
from pydantic import BaseModel, Field, ValidationError

from deskstream_chassis.clock import Clock
from deskstream_chassis.logs import log
from gateway.application.issuer import IdentityRefused, IssuerSilent
from gateway.domain.oidc import OidcIdentity
from gateway.infra.id_token import LONGEST, claims_of, find_key, read_keys, wanted_key
from gateway.infra.issuer_http import IssuerHttp

SECONDS = 10.0
"""For all that one callback asks of the issuer."""
FRESH = 3600.0
"""How long a document or a key set is believed without asking again."""
REFETCH = 30.0
"""An unknown key makes us ask for the keys again, but not more often."""
RETRY = 1.0
"""What failed is told to all who ask within a second."""
_METHODS = ("client_secret_basic", "client_secret_post")
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Registration:
    """The gateway as the issuer knows it. `tenant_claim` names the claim that tells tenants of one
    issuer apart."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    tenant_claim: str | None = None


class _Document(BaseModel):
    """What is used of OpenID Connect Discovery."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False


class _Answer(BaseModel):
    """What is used of the token endpoint's answer."""

    id_token: Annotated[str, Field(max_length=LONGEST)]
    access_token: str | None = None


class OpenIdIssuer:
    """See ports.Issuer. Document and keys are kept for an hour; nothing is asked at the start."""

    def __init__(
        self,
        registration: Registration,
        http: IssuerHttp,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registration, self._http = registration, http
        self._clock, self._monotonic = clock, monotonic
        self._document: _Document | None = None
        self._keys: list[Key] = []
        self._document_at = self._keys_at = self._failed_at = float("-inf")
        self._lock = asyncio.Lock()
        self._client = OAuth2Client(
            None,
            client_id=registration.client_id,
            client_secret=registration.client_secret,
            redirect_uri=registration.redirect_uri,
            scope="openid",
            code_challenge_method="S256",
        )

    @classmethod
    def among(cls, hosts: Iterable[str], registration: Registration, clock: Clock) -> Self:
        """Asks the host of the issuer's name and these further ones alone; by https, unless its
        name says http."""
        own = urlsplit(registration.issuer)
        allowed = frozenset({own.netloc.lower(), *(host.lower() for host in hosts)})
        return cls(registration, IssuerHttp(allowed, secure=own.scheme == "https"), clock)

    async def address(self, *, state: str, nonce: str, verifier: str) -> str:
        """See ports."""
        document = await self._discover()
        url, _ = self._client.create_authorization_url(
            document.authorization_endpoint, state=state, code_verifier=verifier, nonce=nonce
        )
        return str(url)

    async def identity(
        self, code: str, *, nonce: str, verifier: str, said_by: str | None
    ) -> OidcIdentity:
        """See ports."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._identity(code, nonce, verifier, said_by)
        except TimeoutError:
            raise IssuerSilent("timeout") from None

    async def _identity(
        self, code: str, nonce: str, verifier: str, said_by: str | None
    ) -> OidcIdentity:
        mine = self._registration
        document = await self._discover()
        unnamed = said_by is None and not document.authorization_response_iss_parameter_supported
        if said_by != mine.issuer and not unnamed:
            raise IdentityRefused("other_issuer")
        if not code:
            raise IdentityRefused("no_consent")
        answer = await self._redeem(document, code, verifier)
        algorithm, kid = wanted_key(answer.id_token)
        claims = claims_of(
            answer.id_token,
            await self._key(document, algorithm, kid),
            issuer=mine.issuer,
            client_id=mine.client_id,
            nonce=nonce,
            access=answer.access_token,
            now=int(self._clock.now().timestamp()),
        )
        tenant = "" if mine.tenant_claim is None else claims.get(mine.tenant_claim)
        if not isinstance(tenant, str) or (mine.tenant_claim is not None and not tenant):
            raise IdentityRefused("no_tenant")
        return OidcIdentity(mine.issuer, tenant, claims["sub"])

    async def _redeem(self, document: _Document, code: str, verifier: str) -> _Answer:
        offered = document.token_endpoint_auth_methods_supported
        method = next((method for method in _METHODS if method in offered), None)
        if method is None:
            log.warning("issuer cannot be used", error_code="client_authentication")
            raise IssuerSilent("client_authentication")
        form = prepare_token_request(
            "authorization_code",
            code=code,
            redirect_uri=self._registration.redirect_uri,
            code_verifier=verifier,
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url, headers, form = self._client.client_auth(method).prepare(
            "POST", document.token_endpoint, headers, form
        )
        status, found = await self._http.post(url, headers, form)
        if status == 400:
            raise IdentityRefused("code_refused")
        if status != 200:
            log.warning("issuer cannot be used", error_code="token_endpoint")
            raise IssuerSilent("status")
        return _read(_Answer, found)

    async def _discover(self) -> _Document:
        async with self._lock:
            if self._document is None or self._monotonic() - self._document_at > FRESH:
                self._document = None
                url = self._registration.issuer.rstrip("/") + "/.well-known/openid-configuration"
                self._document = await self._fetched(url, self._read_document)
                self._document_at = self._monotonic()
            return self._document

    def _read_document(self, found: Mapping[str, Any]) -> _Document:
        document = _read(_Document, found)
        ends = (document.authorization_endpoint, document.token_endpoint, document.jwks_uri)
        if document.issuer != self._registration.issuer or not all(map(self._http.admits, ends)):
            log.warning("issuer cannot be used", error_code="document")
            raise IssuerSilent("document")
        return document

    async def _key(self, document: _Document, algorithm: str, kid: str | None) -> Key:
        async with self._lock:
            age = self._monotonic() - self._keys_at
            key = find_key(self._keys, algorithm, kid) if age <= FRESH else None
            if key is None and age > REFETCH:
                self._keys = await self._fetched(document.jwks_uri, read_keys)
                self._keys_at = self._monotonic()
                key = find_key(self._keys, algorithm, kid)
        if key is None:
            raise IdentityRefused("unknown_key")
        return key

    async def _fetched(self, url: str, read: Callable[[Mapping[str, Any]], T]) -> T:
        """One at a time; not at once again after a failure."""
        if self._monotonic() - self._failed_at < RETRY:
            raise IssuerSilent("just tried")
        try:
            return read(await self._http.get(url))
        except IssuerSilent:
            self._failed_at = self._monotonic()
            raise

    async def close(self) -> None:
        """Close idle connections."""
        await self._http.close()


def _read(model: type[M], found: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(found)
    except ValidationError:
        log.warning("issuer cannot be used", error_code="shape")
        raise IssuerSilent("shape") from None
