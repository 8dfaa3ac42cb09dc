"""Reading a vendor's responses."""

from codecs import BOM_UTF8
from collections.abc import Mapping
from typing import Any

import orjson


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; an empty one for anything else."""
    try:
        read = orjson.loads(body.removeprefix(BOM_UTF8))
    except orjson.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}


def is_html(body: bytes) -> bool:
    """Whether `body` is a page of HTML, which proxies send and no vendor's API does."""
    return body.removeprefix(BOM_UTF8).lstrip()[:1] == b"<"


def joined_texts(holder: Mapping[str, Any], *keys: str) -> str:
    """The texts at `keys` of `holder`, joined by colons, without empty ones."""
    texts = map(holder.get, keys)
    return ": ".join(text for text in texts if isinstance(text, str) and text)


def vendor_words(body: bytes | str, most: int = 200) -> str:
    """The start of a vendor's response as one line of printable characters."""
    text = body[: 4 * most].decode("utf-8", "replace") if isinstance(body, bytes) else body
    printable = "".join(c if c.isprintable() else " " for c in text[: 4 * most])
    return " ".join(printable.split())[:most]
