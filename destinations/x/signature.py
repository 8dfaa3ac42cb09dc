"""OAuth 1.0a: signs the requests of a user of X.

Sources: RFC 5849 (3.4, 3.5.1); docs.x.com/resources/fundamentals/authentication/oauth-1-0a.

oauthlib is imported where it is used: every worker imports this module, and few sign requests.
"""

from hashlib import sha256

from destinations.x.settings import OAuthSettings


def authorization(oauth: OAuthSettings, url: str, body: bytes, now: float) -> str:
    """The header for a POST of the JSON `body` to `url`, which the signature does not cover.

    now: Unix seconds. The nonce is made from `now` and `body`, so no other request has it.
    """
    from oauthlib.oauth1 import Client

    client = Client(
        oauth.consumer_key.get_secret_value(),
        client_secret=oauth.consumer_secret.get_secret_value(),
        resource_owner_key=oauth.access_token.get_secret_value(),
        resource_owner_secret=oauth.access_token_secret.get_secret_value(),
        nonce=sha256(b"%r %b" % (now, body)).hexdigest()[:32],
        timestamp=str(int(now)),
    )
    _, headers, _ = client.sign(url, "POST")
    value: str = headers["Authorization"]
    return value
