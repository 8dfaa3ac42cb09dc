"""A token endpoint as strict as RFC 6749 and 7523: it accepts the grants of one service account.

Sources: rfc-editor.org/rfc/rfc7523 (2.1), developers.google.com/identity/protocols/oauth2/
service-account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

import jwt

from tests.vendors.answer import Answer, as_json

PATH = "/token"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class Tokens:
    """public_key: the service account's, PEM. token: the one that it issues. granted: how often."""

    public_key: str = ""
    token: str = "ya29.vendors"
    granted: int = 0

    def answer(self, method: str, headers: Mapping[str, str], body: bytes) -> Answer:
        form = dict(parse_qsl(body.decode()))
        if method != "POST" or form.get("grant_type") != _GRANT:
            return as_json(400, {"error": "unsupported_grant_type"})
        audience = f"http://{headers['host']}{PATH}"
        try:
            claims = jwt.decode(form["assertion"], self.public_key, ["RS256"], audience=audience)
        except (jwt.InvalidTokenError, KeyError) as error:
            return as_json(400, {"error": "invalid_grant", "error_description": str(error)})
        if not claims.get("scope") or claims["exp"] - claims["iat"] > 3600:
            return as_json(400, {"error": "invalid_scope"})
        self.granted += 1
        return as_json(
            200, {"access_token": self.token, "token_type": "Bearer", "expires_in": 3599}
        )
