"""An event's own `custom_data` for Meta, which receives it in clear.

Therefore nothing that could be personal is sent. Keys that Meta knows get the type that Meta
requires.

Source: developers.facebook.com/docs/marketing-api/conversions-api/parameters/custom-data; Meta's
terms forbid personal data there that is not hashed.
"""

import re
from typing import Any

from destinations.amounts import currency_code
from destinations.casts import to_number
from destinations.meta.content import CONTENT_FIELDS, stated_content
from destinations.paths import as_text
from destinations.remarks import remark

_NUMBERS = frozenset({"net_revenue", "num_items", "predicted_ltv", "shipping", "tax", "value"})
_TEXTS = frozenset({"content_category", "content_name", "delivery_category", "order_id"})
_TEXTS |= {"search_string", "status"}

_NOT_DATA = frozenset({"test_event_code", "testeventcode"})
_PERSONAL = frozenset(
    (
        *("address", "birthdate", "birthday", "city", "country", "dateofbirth", "dob", "gender"),
        *("familyname", "firstname", "forename", "fullname", "givenname", "lastname", "name"),
        *("nickname", "passport", "postalcode", "postcode", "region", "sex", "ssn", "state"),
        *("street", "surname", "taxid", "tel", "username", "vatid", "zip", "zipcode", "login"),
        *("clientid", "customerid", "deviceid", "externalid", "fbc", "fbp", "gaid", "idfa", "ip"),
        *("ipaddress", "ipoverride", "madid", "useragent", "userdata", "userid", "visitorid"),
        *("em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp"),
    )
)
"""Names in lower case, without punctuation."""

_says_person = re.compile(r"mail|phone|password|passwd|secret|token|sha256|whatsapp").search
_is_mailbox = re.compile(r"\S@\S").search
_EXPLICIT = "custom_data.%s: not sent because it may be personal; set it with `mapping`"


def own_data(stated: Any) -> dict[str, Any]:
    """The part of `stated`, an event's `custom_data`, that is sent: texts, numbers, booleans, and
    lists of these. Also the fields of `CONTENT_FIELDS`."""
    if not isinstance(stated, dict):
        remark("custom_data: removed because it is not an object")
        return {}
    data: dict[str, Any] = {}
    for key, value in stated.items():
        if key in CONTENT_FIELDS or value is None or value == "":
            continue
        if _is_personal(key, value):
            remark(_EXPLICIT % key)
        elif (fit := _fit(key, value)) is None:
            remark(f"custom_data.{key}: removed because Meta cannot read it")
        else:
            data[key] = fit
    return data | stated_content(stated)


def _is_personal(key: str, value: Any) -> bool:
    name = "".join(filter(str.isalnum, key)).lower()
    if name in _PERSONAL or name in _NOT_DATA or _says_person(name):
        return True
    values = value if isinstance(value, list) else [value]
    return any(isinstance(each, str) and _is_mailbox(each) for each in values)


def _fit(key: str, value: Any) -> Any:
    if key in _NUMBERS:
        return to_number(value)
    if key in _TEXTS:
        return as_text(value)
    if key == "currency":
        return currency_code(value) or None
    values = value if isinstance(value, list) else [value]
    return value if all(as_text(each) is not None for each in values) else None
