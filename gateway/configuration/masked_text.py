"""The text of a configuration file, with its secrets masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from destinations.masking import MASK, MIN_SECRET_CHARACTERS
from gateway.configuration.destination import build_destination
from gateway.configuration.exposure import Secret, secrets_in
from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import KeyPath, defaults_in, read_yaml
from gateway.sources.keys import KeyDigest

_COMMENTED = re.compile(
    r"#.*?(?:key|token|secret|password|credential|salt)s?[\"']?\s*[:=]\s*(?!\$\{)([^\n]*[^\s])",
    re.IGNORECASE,
)
_VALUE = re.compile(r"^(?P<key>\s*(?:-\s+)?(?:[^\s#:]+:\s+)?).*$")
_WORD = re.compile(r"""[^\s"'\[\]{},#]+""")


def without_secrets(settings: Settings) -> str:
    """The text of the configuration file, with each secret in it masked: those in use, and the
    defaults of the variables of secrets."""
    text, secrets = settings.text, [*secrets_in(settings)]
    for secret in written_secrets(settings):
        text = hide(text, secret, MASK)
    return _without_lines(text, secrets)


def hide(text: str, secret: str, stand_in: str) -> str:
    """`text` with `secret` replaced by `stand_in`. A short secret is replaced only as a whole word,
    because other words may contain it, or as a whole default."""
    if len(secret) >= MIN_SECRET_CHARACTERS:
        return text.replace(secret, stand_in)
    return re.sub(rf"(?:(?<![\w-])|(?<=:-)){re.escape(secret)}(?![\w-])", lambda _: stand_in, text)


def written_secrets(settings: Settings) -> list[str]:
    """Secrets as the file may contain them, longest first, since one may be part of another."""
    found = [*secrets_in(settings)]
    secrets = [secret for _, secret in found]
    values = {each.get_secret_value() for each in secrets if not isinstance(each, KeyDigest)}
    written, by_default = read_yaml(settings.text, None).data, read_yaml(settings.text, {}).data
    values |= {each for path, _ in found for each in defaults_in(_value_at(written, path))}
    urls = (
        *(settings.redis.url, settings.redis.jobs_url),
        *(_value_at(by_default, ("redis", name)) for name in ("url", "jobs_url")),
    )
    values |= {password for url in urls for password in passwords_in(url or "")}
    values |= {*_derived(settings)}
    digests = [each for each in secrets if isinstance(each, KeyDigest)]
    values |= {word for word in _WORD.findall(settings.text) if _is_key(word, digests)}
    return sorted(filter(None, values), key=lambda value: (-len(value), value))


def _derived(settings: Settings) -> Iterator[str]:
    """Secrets that are a part of another setting of a destination, such as the path of a secret
    URL. One that is short could be any word."""
    for each in settings.destinations.values():
        for secret in build_destination(each).secrets():
            if len(secret) >= MIN_SECRET_CHARACTERS:
                yield secret


def passwords_in(url: str) -> list[str]:
    """The passwords in `url`, which may lack the value of a variable, as they are written: before
    the host, and in options such as ``sentinel_password``."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    options = (option.partition("=") for option in parts.query.split("&"))
    written = [value for name, _, value in options if unquote(name).endswith("password")]
    return [*filter(None, [parts.password, *written])]


def commented_secrets(text: str) -> list[str]:
    """Texts in comments that look like secrets. Secrets in use are masked already."""
    return [found[1].strip() for found in _COMMENTED.finditer(text)]


def _without_lines(text: str, secrets: Iterable[tuple[KeyPath, Secret]]) -> str:
    """`text` with the values masked that hold one of `secrets` in another form, such as with
    escapes or on several lines."""
    file, written = read_yaml(readable(text), {}), read_yaml(readable(text), None)
    lines = text.split("\n")
    for path, secret in secrets:
        defaults = defaults_in(_value_at(written.data, path))
        if not _is_secret(_value_at(file.data, path), secret) and {*defaults} <= {readable(MASK)}:
            continue
        first = file.line(path)
        later = [line for each, line in file.lines.items() if line > first and each != path]
        for line in range(first, min(later, default=len(lines) + 1)):
            lines[line - 1] = _VALUE.sub(
                rf"\g<key>{MASK}" if line == first else "", lines[line - 1]
            )
    return "\n".join(lines)


def _value_at(data: Any, path: KeyPath) -> Any:
    for key in path:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _is_secret(written: object, secret: Secret) -> bool:
    if not isinstance(written, str) or not written:
        return False
    if isinstance(secret, KeyDigest):
        return secret.is_of(written)
    return written == secret.get_secret_value()


def _is_key(word: str, digests: Sequence[KeyDigest]) -> bool:
    return any(digest.is_of(word) for digest in digests)


def readable(text: str) -> str:
    """`text` with its masks replaced, since YAML would read a mask as an alias."""
    return text.replace(MASK, "masked")
