"""Names that say what their value is: ``?email=...``, ``#access_token=...``, ``{"phone": ...}``.

One list serves for parameters in URLs and for fields of events. This is the complete list:

    email     names that end in email, e-mail, e_mail, mailadresse, mail_address, or with the word
              mail, courriel or correo. Every value is removed, except flags (1, true, ...).
    phone     names that end in phone, phone_number, telefon, handynummer, msisdn, whatsapp, or
              with the word tel, mobile, mobil, cell, cellular, celular, movil, fax, handy or gsm.
              The value is removed if it has at least 6 digits and at most 3 letters.
    card      names that end in card_number, card_no, credit_card, cc_number, or with the word cvv,
              cvv2 or cvc. The value is removed if it has at least 3 digits and no letters.
    password  names that end in password, passwd, passwort, kennwort, passphrase, secret, api_key,
              private_key, or access_, refresh_, id_, auth_ and bearer_token, or with the word pwd
              or pass. Every value is removed, except flags.
    secret    names that end in token, session_id, sessid, signature, or with the word key, code,
              auth, session, sid, sig, ticket, jwt, hmac or credential. The value is removed if it
              looks like a secret: long, and a mixture of characters unlike words and product
              codes. Only for URLs: in a field of an event, a session id belongs to analytics.

The mark of both password and secret is ``[token]``. An ending counts in any name
(``customer_email``, ``shippingPhone``, ``customer[email]``); a word must stand alone
(``home_tel``, ``homeTel`` but not ``hotel``). Names that begin with ``sha256_`` hold no readable
value and are left alone. A final mark (`gateway.stages.pii.marks`) is not a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote

from gateway.stages.pii.marks import ends_with_final_mark, is_only_marks
from gateway.stages.pii.matching import Match, replacer, searcher, to_bytes

_MIN_SECRET = 16
_MAX_READ = 1024
"""Characters of a value that are examined; if they look like a secret, so does the whole."""

_FEWEST_CHANGES = 5
"""Fewest changes of kind (digit, capital, small letter) between neighbours in a secret. Slugs and
model names have fewer."""

_FLAGS = frozenset("0 1 true false yes no on off null none undefined".split())  # noqa: SIM905
_HEX = frozenset("0123456789abcdefABCDEF-")
_SECRET_SIGNS = frozenset("-._~+/=:!*|")


def _is_said(value: str) -> bool:
    return bool(value) and value.lower() not in _FLAGS


def _is_phone(value: str) -> bool:
    digits = sum(map(str.isdigit, value))
    return digits >= 6 and sum(map(str.isalpha, value)) <= 3


def _is_number(value: str) -> bool:
    return sum(map(str.isdigit, value)) >= 3 and not any(map(str.isalpha, value))


def is_secret(value: str) -> bool:
    """Whether `value` looks like a random secret: long hex, or a wild mixture of characters."""
    if len(value) < _MIN_SECRET or not any(map(str.isdigit, value)):
        return False
    if _HEX.issuperset(value):
        return True
    kinds = [_kind(character) for character in value[:_MAX_READ]]
    changes = sum(a != b and "-" not in a + b for a, b in pairwise(kinds))
    return "?" not in kinds and changes >= _FEWEST_CHANGES


def _kind(character: str) -> str:
    if character in _SECRET_SIGNS:
        return "-"
    if not character.isascii() or not character.isalnum():
        return "?"
    return "0" if character.isdigit() else "A" if character.isupper() else "a"


@dataclass(frozen=True)
class Telling:
    """Names with one meaning: RE2 for their endings, words that stand alone, and whether such a
    parameter or field loses a value."""

    endings: str
    words: tuple[str, ...]
    loses: Callable[[str], bool]

    @property
    def names(self) -> str:
        """RE2 for the end of a name."""
        alone = "|".join(self.words)
        titles = "|".join(word.title() for word in self.words)
        return (
            f"(?:(?i:{self.endings})|(?:^|[^A-Za-z0-9])(?i:{alone})|[a-z0-9](?:{titles}))"
            r"(?:\]|(?i:%(?:25)*5D))?"
        )


EMAIL = Telling(
    r"e[-_.]?mail(?:[-_.]?addr(?:ess)?)?|mail[-_.]?adresse|mail[-_.]?address",
    ("mail", "courriel", "correo"),
    _is_said,
)
PHONE = Telling(
    r"phone(?:[-_.]?(?:number|no))?|telefon[eo]?(?:nummer)?|handynummer|msisdn|whatsapp",
    ("tel", "mobile", "mobil", "cell", "cellular", "celular", "movil", "fax", "handy", "gsm"),
    _is_phone,
)
CARD = Telling(
    r"card[-_.]?(?:number|num|no)|credit[-_.]?card|cc[-_.]?(?:number|num)",
    ("cvv", "cvv2", "cvc"),
    _is_number,
)
PASSWORD = Telling(
    r"password|passwd|passwort|kennwort|passphrase|secret|(?:api|private)[-_.]?key"
    r"|(?:access|refresh|id|auth|bearer)[-_.]?token",
    ("pwd", "pass"),
    _is_said,
)
SECRET = Telling(
    r"token|session[-_.]?id|sess[-_.]?id|signature",
    ("key", "code", "auth", "session", "sid", "sig", "ticket", "jwt", "hmac", "credential"),
    is_secret,
)

_VALUE = r"""=([^&#\s"'<>]*)"""
_ENCODED_VALUE = (  # up to the next separator (&, #), encoded or not
    r"""(?i:%(?:25)*3D((?:[^&#\s"'<>%]|%(?:25)*(?:[013-9A-F][0-9A-F]|2[0-2457-9A-F]))*))"""
)


def hint(telling: Iterable[Telling]) -> str:
    """RE2 that matches wherever `remover` could change something."""
    return f"(?:{'|'.join(each.names for each in telling)})(?:=|%(?:25)*3[Dd])"


def remover(telling: Telling, mark: bytes) -> Callable[[str], str]:
    """A function that replaces the values of such parameters in a text by `mark`.

    Parameters of a URL inside a URL, percent-encoded any number of times, are found too.
    """
    pattern = f"({telling.names})(?:{_VALUE}|{_ENCODED_VALUE})"

    def decide(match: Match, _: bytearray) -> bytes:
        whole: bytes = match.group()
        value: bytes = match.group(2) if match.group(2) is not None else match.group(3)
        if not loses(telling, value.decode("utf-8", "surrogatepass")):
            return whole
        if _tells_nothing(match.string, match.end(1)):
            return whole
        return whole[: len(whole) - len(value)] + mark

    substitute = replacer(pattern, decide)

    def remove(text: str) -> str:
        return substitute(text) if "=" in text or "3D" in text or "3d" in text else text

    return remove


def loses(telling: Telling, value: str) -> bool:
    """Whether a parameter or field with such a name loses this value."""
    plain = unquote(value) if "%" in value else value
    return not is_only_marks(plain) and telling.loses(plain.strip())


_is_of_hash = searcher(r"(?i)sha256_[a-z0-9_.-]*(?:\]|%(?:25)*5D)?$")


def _tells_nothing(text: bytes, end: int) -> bool:
    """Whether `text` has the name of a hash or a final mark before `end`."""
    return ends_with_final_mark(text, end) or _is_of_hash(text[max(0, end - 64) : end]) is not None


def tells(telling: Telling) -> Callable[[str], bool]:
    """A function that tells whether the name of a field is one of these."""
    found = searcher(f"(?:{telling.names})$")

    def tell(name: str) -> bool:
        encoded = to_bytes(name)
        return found(encoded) is not None and not ends_with_final_mark(encoded, len(encoded))

    return tell


FIELDS: Mapping[str, Telling] = {
    "email": EMAIL,
    "card": CARD,
    "token": PASSWORD,
    "phone": PHONE,
}
"""The telling names of fields of events, by pattern."""
