"""Tokens and passwords: secrets that give access to whoever reads them.

JSON Web Tokens (RFC 7519) and ``Bearer`` credentials (RFC 6750) are found anywhere; other secrets
only as values of parameters with the names that `gateway.stages.pii.parameters` lists.
"""

from gateway.stages.pii import parameters
from gateway.stages.pii.matching import Match, replacer

_JWT = r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){2,4}"
_BEARER = r"(?i:\bbearer(?:[\s+]|%(?:25)*20)+)"
_CREDENTIAL = r"(?:[A-Za-z0-9._~+/=-]|%(?:25)*(?:2[BbFf]|3[Dd])){16,}"

HINT = rf"{_JWT}|{_BEARER}|{parameters.hint([parameters.PASSWORD, parameters.SECRET])}"

_MARK = b"[token]"


def _decide(match: Match, _: bytearray) -> bytes:
    whole: bytes = match.group()
    bearer: bytes | None = match.group(1)
    if bearer is None:
        return _MARK
    if not any(byte in b"0123456789" for byte in whole[len(bearer) :]):  # a long word
        return whole
    return bearer + _MARK


_anywhere = replacer(rf"({_BEARER}){_CREDENTIAL}|{_JWT}", _decide)
_passwords = parameters.remover(parameters.PASSWORD, _MARK)
_secrets = parameters.remover(parameters.SECRET, _MARK)


def remove(text: str) -> str:
    """`text` with tokens, and values of parameters for them, replaced by ``[token]``."""
    text = _secrets(_passwords(text))
    return _anywhere(text) if len(text) >= 16 else text
