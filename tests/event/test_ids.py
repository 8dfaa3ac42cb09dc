"""A placeholder that a script writes for a missing value is no id: it would merge many events."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.event import read_event
from gateway.event.ids import IDS, NO_ID
from gateway.event.mending import IGNORED

PURCHASE: dict[str, Any] = {"event_name": "purchase", "value": 10, "currency": "EUR"}
ITEMS = [{"item_id": "A", "price": 10, "quantity": 1}]


def read(**fields: Any) -> dict[str, Any]:
    return read_event({**PURCHASE, **fields})


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize(
    "text",
    [
        *("undefined", "Undefined", "null", "NULL", "NaN", "None", "[object Object]", " null "),
        *("true", "(not set)", "(none)", "N/A", "00000000-0000-0000-0000-000000000000"),
        *("{{Order ID}}", "${order}", "%%order%%", "*|ORDER|*", "<%= order %>", "#{order.id}"),
        *("(null)", "<null>", "<nil>", "undefined.undefined", "null.null", "NaN.NaN"),
        *("{$order.id}", "{order_id}", "{order-id}", "[[ order ]]", "<?= $id ?>", "{% order %}"),
    ],
)
def test_a_placeholder_is_set_aside(name: str, text: str) -> None:
    assert read(**{name: text}) == {
        **PURCHASE,
        IGNORED: [{"field": name, "reason": NO_ID}],
    }


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize(
    "text",
    [
        *("undefined-1", "nullable", "order-null", "7", "Nan Goldin", "50%", "(a)", "-"),
        *("{3f2504e0-4f89-11d3-9a0c-0305e82c3301}", "a}}", "{{a", "*|", "{A7}", "{}", '{"a":"b"}'),
        *("undefined.1700000000", "(null", "null.1", "00", "0-1", "[order]", "#order", "<order>"),
    ],
)
def test_what_only_looks_similar_stays(name: str, text: str) -> None:
    assert read(**{name: text}) == {**PURCHASE, name: text}


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("stated", ["0", 0, " 0 "])
def test_0_is_no_id_but_of_an_event(name: str, stated: object) -> None:
    assert read(**{name: stated}).get(name) == ("0" if name == "event_id" else None)


@pytest.mark.parametrize("stated", ["guest", "Guest", " ANONYMOUS ", "NOT_LOGGED_IN", "-1", -1])
def test_a_word_for_nobody_is_no_user(stated: object) -> None:
    assert "user_id" not in read(user_id=stated)
    assert "user_id" not in read(user_id=stated, items=ITEMS)
    assert read(transaction_id=stated)["transaction_id"] == str(stated).strip()


def test_beside_items_that_fit() -> None:
    event = read(transaction_id="undefined", items=ITEMS)
    assert event == {
        **PURCHASE,
        "items": ITEMS,
        IGNORED: [{"field": "transaction_id", "reason": NO_ID}],
    }


@pytest.mark.parametrize(("stated", "kept"), [(" T-1 ", "T-1"), ("  ", ""), ("", "")])
def test_an_order_has_no_blanks_around_its_number(stated: str, kept: str) -> None:
    assert read(transaction_id=stated)["transaction_id"] == kept
