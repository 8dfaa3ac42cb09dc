"""Finds credentials written in the configuration file itself, which ends up in repositories."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.configuration.exposure import STAND_INS
from gateway.configuration.yaml_file import Problem, YamlFile, dotted

INLINE = (
    "a credential must not be written in the configuration file. Take it from a variable "
    "(`${NAME}`) or from another file (`${file:PATH}`)"
)

_SECRETS = ("client_secret", "refresh_token", "key")


def inline_credentials(file: YamlFile) -> Iterator[Problem]:
    """A mistake for each secret of `credentials` that is written in `file`, which may have any
    shape. A stand-in, as in ``${SECRET:-no-secret-yet}``, is no mistake."""
    credentials = file.data.get("credentials") if isinstance(file.data, dict) else None
    for name, given in credentials.items() if isinstance(credentials, dict) else ():
        for key in _SECRETS if isinstance(given, dict) else ():
            place = ("credentials", name, key)
            if key in given and place not in file.outside and given[key] not in STAND_INS:
                yield Problem(file.line(place), dotted(place), INLINE)
