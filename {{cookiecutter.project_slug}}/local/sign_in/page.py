"""The page on which a developer signs in: any name, no password."""

import html
from collections.abc import Iterable, Mapping

from starlette.responses import HTMLResponse, Response

STYLE = "body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 32rem; margin: 4rem auto; padding: 0 1rem }"
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sign in</title>
<style>{style}</style>
<h1>Sign in</h1>
{body}
"""
FORM = """<p><b>{client}</b> asks to act for you with <b>{scopes}</b>.</p>
<form method="post">
{hidden}
<p><label>User name <input name="username" value="alice" required autofocus></label> <button>Sign in</button></p>
</form>
<p>For development only: any name works, and there is no password.</p>"""


def form(client_id: str, scopes: Iterable[str], asked: Mapping[str, str]) -> str:
    """Return the form that sends what the client asked for, and a user name, to the same address."""
    kept = [(html.escape(name), html.escape(value)) for name, value in asked.items() if name != "username"]
    return FORM.format(
        client=html.escape(client_id),
        scopes=html.escape(" ".join(sorted(scopes))),
        hidden="\n".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in kept),
    )


def page(body: str, status: int = 200) -> Response:
    """Return a page with `body`, which is HTML already."""
    # RFC 6749 section 10.13: nobody may frame the sign-in page.
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return HTMLResponse(
        PAGE.format(style=STYLE, body=body), status, {"cache-control": "no-store", "content-security-policy": policy}
    )
