"""Values that several vendors get in the same form."""

from typing import Any

import pytest

from destinations.event_values import event_time, event_value

NOW = 1_795_219_200.5


@pytest.mark.parametrize(
    ("stated", "sent"), [(-1, 0), (0, 0), (0.5, 0.5), (NOW - 60, NOW - 60), (NOW + 1, NOW)]
)
def test_an_event_happened_after_1970_and_not_in_the_future(stated: float, sent: float) -> None:
    assert event_time({"timestamp": stated}, NOW) == sent
    assert event_time({}, NOW) == NOW


@pytest.mark.parametrize(
    ("currencies", "event", "value"),
    [
        ((None, None), {}, 3),
        ((None, None), {"currency": "EUR"}, 3),
        (("eur", "EUR"), {}, 3),
        (("eur", None), {"currency": "EUR"}, 3),
        (("euros", 978), {"currency": "EUR"}, 3),
        (("EUR", "USD"), {}, None),
        (("EUR", "USD"), {"currency": "EUR"}, None),
        (("USD", "USD"), {"currency": "EUR"}, None),
        ((None, "USD"), {"currency": "EUR"}, None),
        (("EUR", "USD"), {"value": 9}, 9),
        (("USD", "USD"), {"currency": "EUR", "value": 9}, 9),
    ],
)
def test_only_prices_in_one_currency_make_a_value(
    currencies: tuple[Any, Any], event: dict[str, Any], value: int | None
) -> None:
    first, second = ({} if code is None else {"currency": code} for code in currencies)
    items = [{"price": 1, **first}, {"price": 2, **second}]
    assert event_value({"event_name": "purchase", "items": items, **event}) == value
