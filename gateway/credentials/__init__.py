"""Credentials: access tokens for requests that refer to a credential of the configuration.

A destination puts the name of a credential into a request (`Request.credential`) and never sees a
token. `AuthorisedClient` adds the token when it sends the request. A dry run and `gateway explain`
have no client, so they need no token.
"""

from gateway.credentials.client import AuthorisedClient
from gateway.credentials.credential import (
    Credential,
    NotAuthorised,
    open_credential,
    read_stored_token,
)
from gateway.credentials.expiry import refresh_token_warning

__all__ = [
    "AuthorisedClient",
    "Credential",
    "NotAuthorised",
    "open_credential",
    "read_stored_token",
    "refresh_token_warning",
]
