"""A client of the gateway as a browser or an integration would be one."""

import asyncio
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from deskstream_tools.demo.target import CheckFailed, Target
from deskstream_tools.listening import Listener

COOKIE = "__Host-sid"
STEP_UP = "step_up_required"
LIMITED_TRIES, LONGEST_WAIT = 3, 60.0


class Session:
    """Somebody signed in by cookie, or a key. Sends Cookie and Origin itself: HTTP libraries keep
    Secure cookies off loopback http."""

    def __init__(
        self,
        target: Target,
        client: httpx.AsyncClient,
        key: str | None = None,
        *,
        address: str | None = None,
    ) -> None:
        self._target = target
        self._client = client
        self._key = key
        self._address = address
        self._cookie: str | None = None
        self._csrf: str | None = None
        self._password: str | None = None

    async def sign_in(self, email: str, password: str) -> dict[str, Any]:
        """Open a session. Raises CheckFailed where it is refused."""
        answer = await self.call(
            "POST", "/api/auth/login", 200, json={"email": email, "password": password}
        )
        body: dict[str, Any] = answer.json()
        self._csrf, self._password = body["csrf"], password
        return body

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request, whatever its answer.

        Told to come back later (429), it does, as `Retry-After` says, at most three times; asked
        for a fresh proof, it gives the password it signed in with and asks once more.
        """
        answer = await self._once(method, path, **more)
        if self._password and answer.status_code == 403 and STEP_UP in answer.text:
            proof = {"password": self._password}
            await self._once("POST", "/api/auth/step-up", json=proof)
            answer = await self._once(method, path, **more)
        return answer

    async def _once(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self._headers(method), **more.pop("headers", {})}
        url = f"{self._target.gateway_url}{path}"
        answer = await self._client.request(method, url, headers=headers, **more)
        for _ in range(LIMITED_TRIES):
            if answer.status_code != 429:
                break
            await asyncio.sleep(min(float(answer.headers.get("retry-after", "1")), LONGEST_WAIT))
            answer = await self._client.request(method, url, headers=headers, **more)
        for cookie in answer.headers.get_list("set-cookie"):
            if cookie.startswith(f"{COOKIE}="):
                self._cookie = cookie.split(";")[0].split("=", 1)[1]
        return answer

    async def call(self, method: str, path: str, expected: int, **more: Any) -> httpx.Response:
        """One request. Raises CheckFailed unless the status is as expected."""
        answer = await self.send(method, path, **more)
        if answer.status_code != expected:
            raise CheckFailed(
                f"{method} {path} should answer {expected}, answered {answer.status_code}: "
                f"{answer.text[:300]}"
            )
        return answer

    async def json(self, method: str, path: str, expected: int, **more: Any) -> dict[str, Any]:
        """The same, decoded."""
        body: dict[str, Any] = (await self.call(method, path, expected, **more)).json()
        return body

    async def listen(self, since: int | None = None) -> Listener:
        """The event stream, from now or from `since` on."""
        port = urlsplit(self._target.gateway_url).port or 80
        more = "" if since is None else f"?since={since}"
        return await Listener.open(port, self._headers("GET"), f"/api/realtime{more}")

    def _headers(self, method: str) -> dict[str, str]:
        headers = {"Origin": self._target.public_url}
        if self._key:
            headers = {"Authorization": f"Bearer {self._key}"}
        if self._address:  # believed only where this machine is a trusted proxy
            headers["X-Forwarded-For"] = self._address
        if self._cookie:
            headers["Cookie"] = f"{COOKIE}={self._cookie}"
        if self._csrf and method not in ("GET", "HEAD"):
            headers["X-CSRF-Token"] = self._csrf
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        return headers
