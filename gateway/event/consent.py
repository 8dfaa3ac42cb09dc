"""Reads the consent that a sender states, in any form.

Senders write types in any case and as camelCase, states as words, booleans, 0 and 1, and the
statement as an object, a JSON text or a list of several. Of contradictory states, the denial wins.

Words for states besides Consent Mode's: developers.google.com/data-manager/api (Consent),
developers.osano.com/cmp, complianz.io, cookieyes.com, civicuk.com/cookie-control,
experienceleague.adobe.com (Consents and Preferences data type).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, Literal, get_args
from unicodedata import normalize

from gateway.event.every_value import opened_whole
from gateway.event.text import folded

ConsentType = Literal[
    "ad_storage",
    "analytics_storage",
    "ad_user_data",
    "ad_personalization",
    "functionality_storage",
    "personalization_storage",
    "security_storage",
]
"""Google Consent Mode's types.

Source: developers.google.com/tag-platform/security/concepts/consent-mode
"""

CONSENT_TYPES: tuple[str, ...] = get_args(ConsentType)

CONSENT = "consent"
"""Field of an event."""

OTHER_CASES = frozenset(map("".join, product(*zip(CONSENT, CONSENT.upper(), strict=True)))) - {
    CONSENT
}
"""`CONSENT` in every other case. A lookup takes a tenth of the time of lowering all names."""

UNKNOWN_KEYS = "consent_unknown_keys"
"""Field of an event: the keys of its `consent` that are not consent types; removed when consent is
settled."""

_STRINGS = (
    *("gcd", "gcs", "npa", "gdpr", "gdpr_consent", "tc_string", "gpp", "gpp_sid", "us_privacy"),
    "gpc",
)


def _spellings(name: str) -> list[str]:
    """Other spellings of the field `name`: ``gppSid`` or ``GPP_SID`` for ``gpp_sid``."""
    first, *others = name.split("_")
    capitalised = [word.capitalize() for word in others]
    starts = [first, first.capitalize(), first.upper()]
    spelt = [between.join([start, *capitalised]) for between in ("", "_") for start in starts]
    spelt += [name.upper(), name.replace("_", "-"), name.replace("_", "")]
    return [each for each in dict.fromkeys(spelt) if each != name]


_NAMES_OF_IAB = {
    "IABTCF_TCString": "tc_string",
    "gdprApplies": "gdpr",
    "gdpr_applies": "gdpr",
    "IABTCF_gdprApplies": "gdpr",
    "gppString": "gpp",
    "gpp_string": "gpp",
    "IABGPP_HDR_GppString": "gpp",
    "applicableSections": "gpp_sid",
    "IABGPP_GppSID": "gpp_sid",
    "uspString": "us_privacy",
    "usp_string": "us_privacy",
    "IABUSPrivacy_String": "us_privacy",
}
"""Names of these strings in the APIs of IAB's specifications, for pages and apps."""

_NAMES_OF_GPC = [
    *("GPC", "Sec-GPC"),
    *(
        spelling
        for name in ("global_privacy_control", "sec_gpc")
        for spelling in (name, *_spellings(name))
    ),
]
"""Names that senders give to ``navigator.globalPrivacyControl`` and to the header."""

OTHER_SPELLINGS = {
    spelling: name
    for name in ("gdpr_consent", "tc_string", "gpp", "gpp_sid", "us_privacy", "consent_categories")
    for spelling in _spellings(name)
} | {**_NAMES_OF_IAB, **dict.fromkeys(_NAMES_OF_GPC, "gpc")}
"""Other names of fields that state what the visitor allows. Spellings with other meanings, such as
NPA, are left out."""

OTHER_CONSENTS = tuple(
    spelling
    for name in ("consent_state", "consent_status", "consent_mode")
    for spelling in (name, *_spellings(name))
)
"""Other names of `consent`, which count if the value holds objects."""

LOOSE_CONSENTS = tuple(
    spelling
    for name in (
        *("consents", "user_consent", "visitor_consent", "cookie_consent", "google_consent"),
        *("tracking_consent", "consent_settings", "consent_data", "consent_update"),
        "consent_preferences",
    )
    for spelling in (name, *_spellings(name))
)
"""Fields that may contain Consent Mode's types among other things."""

TYPE_FIELDS = {
    spelling: name
    for name in CONSENT_TYPES
    for called in (name, f"{CONSENT}_{name}", f"{name}_{CONSENT}")
    for spelling in (called, *_spellings(called))
}
"""Consent types as fields of the event itself, by their spellings."""

STATEMENT_FIELDS = (
    *("consent_categories", "consent_default", "integrations", "x-sst-system_properties"),
    *(prefix + name for prefix in ("", "x-ga-", "x-ga-mp2-") for name in _STRINGS),
    *OTHER_SPELLINGS,
    *OTHER_CONSENTS,
    *LOOSE_CONSENTS,
    *TYPE_FIELDS,
    UNKNOWN_KEYS,
)
"""Fields of an event, besides `consent`, that state what its visitor allows."""

_MAX_STATEMENTS = 20
_MAX_KEYS_READ = 200
"""Keys of one object. An object with more denies everything."""

MAX_UNKNOWN_KEYS = 10
MAX_KEY = 64
_MAX_DEPTH = 4
"""Enough for a JSON text with a list of objects that have lists as states."""

_GRANTS = frozenset(
    ["granted", "true", "yes", "1", "accept", "accepted", "allow", "allowed", "consent_granted"]
)
_NEGATIONS = frozenset(["false", "no", "n", "0", "off", "out", "none", "notdetected"])
_refusal = re.compile(
    "den(?:y|ied)|reject|refus|declin|withdr|revok|(?<!un)limit|gpc|globalprivacycontrol"
    "|opt(?:ed)?out|dis(?:agree|allow|abled)"
    "|not(?:sell|share|track|given|granted|accepted|allowed|consent|agreed|authori)"
    "|no(?:consent|thanks)|withoutconsent|unconsented|withheld|forbid|^block"
    "|(?:necessary|essential)only|only(?:necessary|essential)"
    "|^(?:dnt|ldu|rdp)$|restricteddata|nonpersonali[sz]ed"
).search
"""Finds a refusal in a state or a key in the form of `_word`."""

_is_of_sale = re.compile("donot(?:sell|share)|saleof(?:data|info|personal)|optoutofsale").search
"""Finds keys about the sale or sharing of data, in the form of `_word`."""

_WITHOUT_SALE = ("ad_user_data", "ad_personalization")
"""The types that a refusal of sale denies, even where they are granted."""

_SEPARATORS = str.maketrans("", "", "_- ")
_TYPES = {name.translate(_SEPARATORS): name for name in CONSENT_TYPES}
_DELAY = "waitforupdate"
"""A key with milliseconds: 0 is no denial."""

_WORDS_OF_GTAG = ("consent", "default", "update")

_MORE = frozenset(
    """
    region regions country countrycode language languagecode locale lang publishercc method
    revision rev version ver timestamp stamp utc required consenttype consentmodel urlpassthrough
    adsdataredaction changed expired iseu isnew gdprap updated implied implicit defaultconsent
    previousoptinall
    """.split()  # noqa: SIM905
)
_is_more = re.compile(
    r".*show.*(?:banner|button)|.*banner(?:shown|seen)|.*url|\$\$.*|is(?:gdpr|eea|iabglobal)"
    r"|.*(?:applies|completed|prompted|reconsent|consenttype|consentmodel|legalbasiscode)"
).fullmatch
"""Keys of consent managers, in plain lower case, that are not choices but tell about the place, the
version or the banner."""

_ALL_DENIED = dict.fromkeys(CONSENT_TYPES, "denied")

States = dict[str, str]


def with_one_consent(event: Mapping[str, Any]) -> dict[str, Any]:
    """`event`, as it was sent, with the values of ``Consent``, ``CONSENT`` and the like joined in
    its `consent`."""
    said = [value for name, value in event.items() if name.lower() == CONSENT]
    others = {name: value for name, value in event.items() if name.lower() != CONSENT}
    return {**others, CONSENT: said}


def read_consent(said: object) -> tuple[States, list[str]]:
    """The states by consent type, and at most ten keys that are not types, shortened.

    A `said` that is null or empty states nothing. A type with an empty or unreadable state is
    denied, and so is every type if `said` as a whole cannot be read. The meaning of a denied key
    that is not a type is not known, so it denies every type that is not stated. So does a key that
    is a refusal itself (``opt_out: true``, ``rejected: ["ads"]``). A refusal of the sale or sharing
    of data (``do_not_sell: true``) also denies the types of `_WITHOUT_SALE` that are stated.
    """
    return read_statements(statements_in(said))


def read_statements(statements: Iterable[Mapping[str, Any]]) -> tuple[States, list[str]]:
    """As `read_consent`, for the objects that `statements_in` finds."""
    states: States = {}
    unknown: dict[str, None] = {}
    denies_more = denies_sale = False
    for statement in statements:
        for key, value in statement.items():
            name = consent_type(key)
            if name is None:
                denies_more = denies_more or _is_denied(key, value, _MAX_DEPTH)
                denies_sale = denies_sale or _denies_sale(key, value, _MAX_DEPTH)
                if len(unknown) < MAX_UNKNOWN_KEYS:
                    unknown[key[:MAX_KEY]] = None
            elif states.get(name) != "denied":
                states[name] = _state(value, _MAX_DEPTH)
    if denies_more:
        states = {**_ALL_DENIED, **states}
    if denies_sale:
        states |= dict.fromkeys(_WITHOUT_SALE, "denied")
    return states, list(unknown)


def denials_first(stated: object) -> object:
    """`stated`, an object, with the keys that may deny before those that only grant, so that no
    denial is cut off a long one. Any other value unchanged."""
    if not isinstance(stated, dict):
        return stated
    denials = {name: value for name, value in stated.items() if not is_grant(value)}
    return {**denials, **stated}


def is_grant(value: object) -> bool:
    """Whether `value` is a word for a grant, true or 1."""
    if isinstance(value, str):
        return value.strip().lower() in _GRANTS
    return isinstance(value, (bool, int, float)) and value == 1


def consent_type(key: str) -> str | None:
    """The consent type that `key` spells: ``AD_STORAGE``, ``adStorage``, ``ad-storage``."""
    if key in _TYPES.values():
        return key
    return _TYPES.get(_plain(key))


def _plain(key: str) -> str:
    """`key` in lower case and in one word."""
    return key[:MAX_KEY].translate(_SEPARATORS).lower()


def strictest(all_states: Iterable[Mapping[str, str]]) -> States:
    """The state of each type in `all_states`: denied if any of them denies it."""
    found: States = {}
    for states in all_states:
        for name, state in states.items():
            if found.get(name) != "denied":
                found[name] = state
    return found


def statements_in(said: object, levels: int = _MAX_DEPTH) -> Iterator[Mapping[str, Any]]:
    """The objects in `said`; an object that denies everything for each part that cannot be read."""
    if said is None or said == [] or (isinstance(said, str) and not said.strip()):
        return
    if levels == 0:
        yield _ALL_DENIED
    elif isinstance(said, dict):
        if len(said) > _MAX_KEYS_READ:
            yield _ALL_DENIED
        elif said and all(map(str.isdigit, said)):
            yield from statements_in([*said.values()], levels - 1)
        else:
            yield said
    elif isinstance(said, list):
        of_gtag = any(isinstance(each, dict) for each in said)  # ("consent", "update", {...})
        for each in said[:_MAX_STATEMENTS]:
            if not (of_gtag and each in _WORDS_OF_GTAG):
                yield from statements_in(each, levels - 1)
        if len(said) > _MAX_STATEMENTS:
            yield _ALL_DENIED
    else:
        yield from statements_in(_json_in(said), levels - 1)


def _json_in(text: object) -> object:
    """The object or list that `text` holds as JSON; an object that denies everything otherwise."""
    read = opened_whole(text)
    return read if isinstance(read, (dict, list)) else _ALL_DENIED


def _state(value: object, levels: int) -> str:
    """A list grants only when everything in it does."""
    if isinstance(value, list) and value and levels:
        states = {_state(each, levels - 1) for each in value[:_MAX_STATEMENTS]}
        return "granted" if states == {"granted"} and len(value) <= _MAX_STATEMENTS else "denied"
    return "granted" if is_grant(value) else "denied"


def _is_denied(key: str, value: object, levels: int) -> bool:
    """Whether `value` or `key`, which is not a type, is a denial. A denied refusal is none:
    ``OPT_OUT: DENY``."""
    if _is_delay(key, value) or _is_no_choice(key, value):
        return False
    if _refusal(_word(key[:MAX_KEY])):
        is_list = isinstance(value, (dict, list))
        return not _is_empty(value) and (is_list or not has_denial(value))
    return has_denial(value, levels)


def _denies_sale(key: str, value: object, levels: int) -> bool:
    """Whether `key`, which is not a type, or a key in its `value` refuses the sale of data."""
    if _is_of_sale(_word(key[:MAX_KEY])):
        return _is_denied(key, value, levels)
    if isinstance(value, dict) and levels and len(value) <= _MAX_STATEMENTS:
        return any(_denies_sale(name, each, levels - 1) for name, each in value.items())
    return False


def has_denial(value: object, levels: int = _MAX_DEPTH) -> bool:
    """Whether `value`, of a key that is not a type, contains a denial. Empty values do not."""
    if isinstance(value, (dict, list)):
        if levels == 0 or len(value) > _MAX_STATEMENTS:
            return True
        if isinstance(value, dict):
            return any(_is_denied(key, each, levels - 1) for key, each in value.items())
        return any(has_denial(each, levels - 1) for each in value)
    if isinstance(value, str):
        word = _word(value)
        return word in _NEGATIONS or _refusal(word) is not None
    return isinstance(value, (bool, int, float)) and value == 0


def _is_empty(value: object, levels: int = _MAX_DEPTH) -> bool:
    """Whether `value` is empty or contains only empty values."""
    if isinstance(value, (dict, list)) and levels:
        members = value.values() if isinstance(value, dict) else value
        return all(_is_empty(each, levels - 1) for each in members)
    return value is None or (isinstance(value, str) and not value.strip())


def _word(text: str) -> str:
    """`text` as plain lower-case letters and digits, full-width ones converted; "" for prose and
    URLs, which may contain any word."""
    text = text.strip()
    return "" if len(text) > MAX_KEY or "/" in text else folded(normalize("NFKC", text))


def _is_no_choice(key: str, value: object) -> bool:
    """Whether `key` is not the key of a choice, and `value` refuses nothing in words."""
    word = _plain(key)
    if word not in _MORE and not _is_more(word):
        return False
    model = word.endswith(("type", "model", "code"))  # of the law: opt-in or opt-out
    return not any(
        isinstance(each, (dict, list)) or (isinstance(each, str) and _refuses(each, model))
        for each in (value if isinstance(value, list) else [value])
    )


def _refuses(text: str, model: bool) -> bool:
    word = _word(text)
    return _refusal(word) is not None and not (model and word.endswith("optout"))


def _is_delay(key: str, value: object) -> bool:
    return type(value) in (int, float) and _plain(key) == _DELAY
