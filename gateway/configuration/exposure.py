"""What a demo configuration exposes, and the refusal to serve it where strangers can reach it.

The demo shop shows its visitors the requests that destinations get, and anyone can read the keys in
the files of this repository. On an address that other machines can reach, either needs the flag
`--allow-demo`, and the operators' address needs a token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, SecretStr

from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.yaml_file import KeyPath, Problem, dotted, read_yaml
from gateway.sources.keys import KeyDigest

if TYPE_CHECKING:
    from gateway.configuration.settings import Settings

Secret = SecretStr | KeyDigest

SHIPPED_KEYS = frozenset(
    {
        "backend-test-key",
        "demo-backend-key",
        "demo-hash-salt",
        "mp-test-secret",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_ZGVtby1zZWNyZXQtb2YtdGhlLWdhdGV3YXktLS0=",
    }
)
"""Every key in our YAML files that makes a sender trusted, signs requests or keeps digests secret.

`SHIPPED_PLACEHOLDERS` are not among them, nor are Segment's write keys, which are public by design
and make no sender trusted.
"""

STAND_INS = frozenset({"no-secret-yet", "no-token-yet"})
"""The defaults of credentials in our YAML files, used until their variables are set."""

SHIPPED_PLACEHOLDERS = STAND_INS | {"ga4-test-secret", "meta-test-token"}
"""Made-up credentials in our YAML files, which Meta and GA4 refuse."""

ADVICE = (
    "The gateway does not serve this configuration on an address that other machines can reach. "
    "Correct the lines above or start from config/production.yaml. For a demo on a network that "
    "you trust, pass --allow-demo; for one on this machine, use --host 127.0.0.1."
)

_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class DemoRefused(ConfigurationError):
    """A configuration that would expose something to strangers; the text ends with `ADVICE`."""

    def __str__(self) -> str:
        return f"{super().__str__()}\n{ADVICE}"


def is_loopback(host: str) -> bool:
    """Whether no other machine can reach a server that listens on `host`, a name or an address.

    False for names other than ``localhost``, for 0.0.0.0 and for ::.
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _LOOPBACK)


def permitted(settings: Settings, path: Path, allow_demo: bool) -> Settings:
    """Returns `settings`, which were read from the file at `path`, if they may be served.

    allow_demo: no stranger can reach the gateway, or its operator wants the demo to be open.
    Raises `DemoRefused` without it, when `settings` expose something to strangers.
    """
    if not allow_demo and (opened := list(_opened(settings))):
        lines = read_yaml(settings.text, {})
        raise DemoRefused(
            str(path), [Problem(lines.line(key), dotted(key), text) for key, text in opened]
        )
    return settings


def operators_mistake(settings: Settings, host: str) -> str:
    """Why operators cannot be served at `host`; "" if they can."""
    if is_loopback(host) or settings.server.operators_token is not None:
        return ""
    return (
        f"--operators-host {host} can be reached by other machines, and the configuration has no "
        "server.operators_token, so anyone could read the metrics. Set it to a secret of your own "
        "(openssl rand -hex 32), or use --operators-host 127.0.0.1."
    )


def _opened(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """The place of each setting that exposes something to strangers, and what it exposes.

    A secret of a destination that runs dry exposes nothing: no request is sent.
    """
    if settings.server.demo:
        yield ("server", "demo"), "/demo shows strangers what destinations get; remove this line"
    for path, secret in secrets_in(settings):
        published = _published(secret)
        runs_dry = path[0] == "destinations" and settings.destinations[str(path[1])].dry_run
        if published and not runs_dry:
            remedy = _remedy(published, settings.text)
            yield path, f"is published in the gateway's repository, so anyone can use it; {remedy}"


def is_published(secret: Secret) -> bool:
    """Whether `secret` is one of `SHIPPED_KEYS`."""
    return _published(secret) is not None


def _published(secret: Secret) -> str | None:
    """The text of `secret` if it is one of `SHIPPED_KEYS`."""
    if isinstance(secret, KeyDigest):
        return next(filter(secret.is_of, SHIPPED_KEYS), None)
    text = secret.get_secret_value()
    return text if text in SHIPPED_KEYS else None


def _remedy(secret: str, text: str) -> str:
    """How to replace a secret that may be the default of a variable in the file `text`."""
    default = re.search(r"\$\{(\w+):-" + re.escape(secret) + r"\}", text)
    return f"set {default[1]} to a secret of your own" if default else "use a secret of your own"


def secrets_in(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Secret]]:
    """Every secret in settings, with its place."""
    if isinstance(value, SecretStr | KeyDigest):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_in(getattr(value, name), (*path, name))
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from secrets_in(part, (*path, key))
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from secrets_in(part, (*path, index))
