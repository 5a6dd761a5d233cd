"""The small pages behind mailed links: no script, nothing from elsewhere, no trace in a cache."""

import base64
import hashlib
from html import escape
from typing import Literal

from starlette.responses import HTMLResponse

from gateway.domain.password import MAXIMUM, MINIMUM_WITHOUT_FACTOR

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}"
    "button{font:inherit;padding:.6rem 1.2rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
}
_TOLD: dict[str, tuple[str, str]] = {
    "verified": (
        "Address verified",
        "Thank you. A manager will let you in; you will get a mail as soon as that is done.",
    ),
    "password_set": (
        "Password changed",
        "The new password counts from now on. You were signed out everywhere; sign in with it.",
    ),
    "link_invalid": (
        "This link does not work",
        "It is unknown, was used before or is too old. You can ask for another one.",
    ),
}


def confirm_page(token: str) -> HTMLResponse:
    """One button that posts the token; nothing is looked up, so nothing is told."""
    return _page(
        "Verify your address",
        '<form method="post" action="/api/auth/verify-email">'
        f'<input type="hidden" name="token" value="{escape(token, quote=True)}">'
        "<p>Press the button to confirm that this e-mail address is yours.</p>"
        '<button type="submit">Verify my address</button></form>',
        200,
    )


def reset_page(token: str, *, told: str = "", status: int = 200) -> HTMLResponse:
    """One field and the token; nothing is looked up. `told`: why the last password was refused."""
    return _page(
        "Set a new password",
        (f"<p><strong>{escape(told)}</strong></p>" if told else "")
        + '<form method="post" action="/api/auth/reset-password">'
        f'<input type="hidden" name="token" value="{escape(token, quote=True)}">'
        '<p><label for="new">'
        f"New password ({MINIMUM_WITHOUT_FACTOR} characters or more)</label></p>"
        '<p><input id="new" type="password" name="new_password" autocomplete="new-password" '
        f'maxlength="{MAXIMUM}" required></p>'
        '<button type="submit">Set the password</button></form>',
        status,
    )


def onward_page(what: Literal["signed_in", "code_wanted", "linked"]) -> HTMLResponse:
    """Leads to the console. A redirect would not do: what follows from another site's page comes
    without a Strict cookie, and the console would see nobody."""
    title = {
        "signed_in": "Signed in",
        "code_wanted": "One more step: your code",
        "linked": "Account linked",
    }[what]
    content = '<p><a href="/">Go on to the desk</a></p>'
    return _page(title, content, 200, '<meta http-equiv="refresh" content="0;url=/">')


def told_page(
    what: Literal["verified", "password_set", "link_invalid"], status: int
) -> HTMLResponse:
    """What became of it."""
    title, text = _TOLD[what]
    return _page(title, f"<p>{escape(text)}</p>", status)


def _page(title: str, content: str, status: int, more: str = "") -> HTMLResponse:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>{more}'
    body = f"<h1>{escape(title)}</h1>{content}"
    html = f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'
    return HTMLResponse(html, status, headers=HEADERS)
