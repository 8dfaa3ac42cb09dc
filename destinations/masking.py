"""Takes secrets out of what is shown to people, in every form in which a request can carry them."""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

MASK = "***"
MIN_SECRET_CHARACTERS = 8
"""A shorter secret is only masked where it is a whole value, because ordinary words contain it."""

_UTF_8 = ("utf-8", "surrogatepass")
_CREDENTIAL_HEADERS = frozenset({"authorization", "proxy-authorization"})
_CREDENTIAL_SCHEMES = frozenset({"basic", "bearer"})

_SIGNATURE = r"(?:signature|hmac|(?<![a-z0-9])sig(?![a-z0-9]))"
_names_signature = re.compile(_SIGNATURE, re.IGNORECASE).search
_signature_parameter = re.compile(rf"([?&][^?&=#]*{_SIGNATURE}[^?&=#]*=)[^&#]*", re.IGNORECASE)

_with_scheme = re.compile(r"(?P<scheme>[A-Za-z][\w.+-]*) +(?P<credentials>\S.*)").fullmatch
_tokens = re.compile(r"\\+|.", re.DOTALL).findall
_plain_runs = re.compile(r"[A-Za-z0-9._~-]+").findall
_is_plain = re.compile(r"[A-Za-z0-9._~-]").fullmatch
_SHORT_ESCAPES = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}

_BASE64_CHARACTER = r"[A-Za-z0-9+/_-]"


def has_short_part(secret: str) -> bool:
    """Whether `secret`, or a part of it that is a secret, is only masked as a whole value."""
    return any(
        len(text) < MIN_SECRET_CHARACTERS
        for part in _parts(secret.encode(*_UTF_8))
        if (text := _as_text(part)) is not None
    )


class _Form(NamedTuple):
    """One way of writing a secret. probe: a substring of every text that contains the form."""

    probe: str
    pattern: re.Pattern[str]
    replacement: str


class Masker:
    """Hides `secrets` in texts.

    A secret is found as it is, percent-encoded, escaped in JSON (also more than once), in
    hexadecimal, and anywhere inside base64-encoded data. Parts of a secret are secrets, too: the
    credentials after a scheme (``Bearer``, ``Basic``), the key after ``whsec_`` or ``whsk_``, and
    the password in a URL.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        parts = {part for secret in secrets if secret for part in _parts(secret.encode(*_UTF_8))}
        # the longest first: one secret may be the beginning of another
        ordered = sorted(parts, key=lambda part: (-len(part), part))
        self._forms = [form for part in ordered for form in _forms(part)]
        texts = filter(None, map(_as_text, ordered))
        self._long = [text for text in texts if len(text) >= MIN_SECRET_CHARACTERS]

    def text(self, text: str) -> str:
        """`text` without secrets. The beginning of a secret at the end of `text` is masked, too,
        because the text may have been cut there."""
        for probe, pattern, replacement in self._forms:
            if probe in text:
                text = pattern.sub(replacement, text)
        return self._without_cut_secret(text)

    def header(self, name: str, value: str) -> str:
        """The `value` of the request header `name` without secrets, credentials and signatures.

        A signature is masked because it allows guessing the secret, together with what it signs.
        """
        if _names_signature(name):
            return MASK
        value = self.text(value)
        parts = _with_scheme(value)
        always = name.lower() in _CREDENTIAL_HEADERS
        if parts is None:
            return MASK if always else value
        scheme, credentials = parts.groups()
        if always or scheme.lower() in _CREDENTIAL_SCHEMES:
            return f"{scheme} {MASK}"
        return f"{scheme} {self.text(credentials)}"

    def url(self, url: str) -> str:
        """`url` without secrets and without parameters that are signatures."""
        return _signature_parameter.sub(rf"\1{MASK}", self.text(url))

    def _without_cut_secret(self, text: str) -> str:
        for secret in self._long:
            longest = min(len(secret) - 1, len(text))
            for length in range(longest, MIN_SECRET_CHARACTERS - 1, -1):
                if text.endswith(secret[:length]):
                    return text[:-length] + MASK
        return text


def _as_text(part: bytes) -> str | None:
    try:
        return part.decode(*_UTF_8)
    except UnicodeDecodeError:
        return None


def _parts(secret: bytes) -> Iterator[bytes]:
    """`secret` and the secrets that it contains."""
    yield secret
    text = _as_text(secret) or ""
    if match := _with_scheme(text):
        credentials = match["credentials"].strip()
        yield from _parts(credentials.encode(*_UTF_8))
        if match["scheme"].lower() == "basic":
            pair = _decoded(credentials)
            yield from filter(None, [pair, pair.partition(b":")[2]])
    elif text.startswith(("whsec_", "whsk_")):
        key = text.partition("_")[2]
        yield from filter(None, [key.encode(*_UTF_8), _decoded(key)])
    elif "://" in text:
        yield from filter(None, [_password(text)])


def _decoded(text: str) -> bytes:
    """The bytes that `text` encodes in base64; none if it is not base64."""
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def _password(url: str) -> bytes:
    try:
        return unquote(urlsplit(url).password or "").encode(*_UTF_8)
    except ValueError:
        return b""


def _forms(part: bytes) -> Iterator[_Form]:
    text = _as_text(part)
    if text is not None:
        written = _written(text)
        if len(text) < MIN_SECRET_CHARACTERS:
            yield _form(text, rf"\A{written}\Z")
            yield _form(text, rf'(?<="){written}(?=\\*")')
            parameter = r'((?:\A|[?&;])[^?&;=#\s"]*=)'
            yield _form(text, rf'{parameter}{written}(?=[&;#\s"]|\Z)', rf"\1{MASK}")
            return
        yield _form(text, written)
    if len(part) >= MIN_SECRET_CHARACTERS:
        for digits in (part.hex(), part.hex().upper()):
            yield _form(digits, digits)
        yield from _base64_forms(part)


def _form(probed: str, pattern: str, replacement: str = MASK) -> _Form:
    """probed: the text to find; its longest run of never-escaped characters is the probe."""
    probe = max(_plain_runs(probed), key=len, default="")
    return _Form(probe, re.compile(pattern), replacement)


def _base64_forms(part: bytes) -> Iterator[_Form]:
    """The forms of `part` in base64, by its offset modulo three bytes in the encoded data.

    Each form has the characters that `part` alone determines, and at either end one that also holds
    bits of the neighbouring bytes.
    """
    for before in range(3):
        first_bit, end_bit = 8 * before, 8 * (before + len(part))
        encoded = b64encode(bytes(before) + part).decode()
        alone = encoded[-(-first_bit // 6) : end_bit // 6]
        start = f"{_BASE64_CHARACTER}?" if first_bit % 6 else ""
        end = f"{_BASE64_CHARACTER}?" if end_bit % 6 else ""
        written = "".join(map(_base64_written, alone))
        probe = max(re.findall(r"[A-Za-z0-9]+", alone), key=len, default="")
        yield _form(probe, f"{start}{written}{end}={{0,2}}")


def _base64_written(character: str) -> str:
    """A pattern of one base64 character in either alphabet, plain, percent-encoded or escaped."""
    if character == "+":
        return f"(?:-|{_written('+')})"
    if character == "/":
        return f"(?:_|{_written('/')})"
    return character


def _written(text: str) -> str:
    """A pattern of `text`, each of its characters as it is or escaped."""
    return "".join(map(_token_written, _tokens(text)))


def _token_written(token: str) -> str:
    """A pattern of one character, or of several backslashes: escaping doubles them each time."""
    if _is_plain(token):
        return re.escape(token)
    character = token[0]
    encoded = _percent_encoded(character), _json_escaped(character)
    if character == "\\":
        count = len(token)
        return rf"(?:\\{{{count},}}|{'|'.join(f'(?:{each}){{{count}}}' for each in encoded)})"
    alternatives = [*encoded, rf"\\*{re.escape(character)}"]
    if character == " ":
        alternatives.append(r"\+")
    if character in _SHORT_ESCAPES:
        alternatives.append(rf"\\+{_SHORT_ESCAPES[character]}")
    return f"(?:{'|'.join(alternatives)})"


def _percent_encoded(character: str) -> str:
    """A pattern of `character` percent-encoded, also when the percent sign was encoded again."""
    return "".join(rf"%(?:25)*(?i:{byte:02x})" for byte in character.encode(*_UTF_8))


def _json_escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(rf"\\+u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4))
