"""The sums of items, and values in another currency."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from destinations.event_values import event_value
from gateway.event import Received
from gateway.stages.enrichment import Tables, currency
from gateway.stages.enrichment.currency import CurrencySettings
from gateway.stages.enrichment.items import find_sums
from gateway.stages.enrichment.table_mistake import TableMistake
from tests.support.enrichments import adding

RECEIVED = Received("site", 0.0)

add_sums = adding(find_sums)


@pytest.mark.parametrize(
    ("items", "sums"),
    [
        ([{"price": 10, "quantity": 2}, {"price": 0.1, "quantity": 3}], (5, 20.3)),
        ([{"price": 0.1}, {"price": 0.2}], (2, 0.3)),
        ([{"price": 5}], (1, 5)),
        ([{"price": 5}, {"item_id": "A"}], (2, None)),
        ([{"item_id": "A", "quantity": 4}], (4, None)),
        ([{"price": 1e308, "quantity": 10}], (10, None)),
        ([{"price": 2**53, "quantity": 2**53}], (2**53, None)),
        ([{"price": 1, "quantity": 2**53}, {"price": 1, "quantity": 1}], (None, None)),
        ([{"price": 0, "quantity": 0}], (0, 0)),
    ],
)
def test_sums_of_items(
    items: list[dict[str, Any]], sums: tuple[float | None, float | None]
) -> None:
    found = add_sums({"event_name": "purchase", "items": items}, RECEIVED)
    assert (found.get("items_quantity"), found.get("items_value")) == sums
    assert found.get("value") == sums[1]


def test_what_the_event_says_of_its_value_stays() -> None:
    event = {"event_name": "purchase", "items": [{"price": 5}], "value": 0}
    assert add_sums(event, RECEIVED) == {**event, "items_quantity": 1, "items_value": 5}
    event |= {"items_quantity": 7, "items_value": 8}
    assert add_sums(event, RECEIVED) is event


def test_items_that_are_only_shown_give_no_value() -> None:
    shown = {"event_name": "view_item_list", "items": [{"price": 5}, {"price": 7}]}
    assert add_sums(shown, RECEIVED) == {**shown, "items_quantity": 2, "items_value": 12}


def test_items_in_another_currency_than_the_event_give_no_value() -> None:
    event = {
        "event_name": "purchase",
        "currency": "EUR",
        "items": [{"price": 5, "currency": "USD"}],
    }
    assert add_sums(event, RECEIVED) == {**event, "items_quantity": 1, "items_value": 5}


def test_without_items_there_is_nothing_to_sum() -> None:
    for event in ({"event_name": "x"}, {"event_name": "x", "items": []}):
        assert add_sums(event, RECEIVED) is event


PRICES = st.floats(0, 1e6) | st.integers(0, 10**6)


@given(st.lists(st.fixed_dictionaries({"price": PRICES, "quantity": st.integers(0, 99)})))
def test_the_value_is_the_one_that_destinations_would_work_out(items: list[Any]) -> None:
    event = {"event_name": "purchase", "items": items}
    assert add_sums(event, RECEIVED).get("value") == event_value(event)


JSON = '{"base": "EUR", "date": "2026-11-20", "rates": {"USD": 1.25, "JPY": 160, "KWD": 0.32}}'
CSV = "currency,rate\nEUR,1\nUSD,1.25\nJPY,160\nKWD,0.32\n"


def converted(folder: Path, text: str, event: dict[str, Any], to: str = "EUR") -> Any:
    path = folder / ("rates.json" if text.startswith("{") else "rates.csv")
    path.write_text(text)
    settings = CurrencySettings(rates=Path(path.name), to=to)
    return adding(currency.load(settings, Tables(folder)))(
        {"event_name": "purchase", **event}, RECEIVED
    )


@pytest.mark.parametrize("text", [JSON, CSV, CSV.replace(",", ";"), CSV.replace("EUR", "eur")])
@pytest.mark.parametrize(
    ("value", "code", "to", "expected"),
    [
        (10, "USD", "EUR", 8.0),
        (9.99, "USD", "EUR", 7.99),
        (10, "EUR", "USD", 12.5),
        (10, "USD", "JPY", 1280),
        (1.111, "EUR", "JPY", 178),
        (10, "EUR", "KWD", 3.2),
        (0.0123, "EUR", "KWD", 0.004),
        (12.34, "EUR", "EUR", 12.34),
        (0, "JPY", "EUR", 0),
        (-5, "USD", "EUR", -4),
    ],
)
def test_values_are_converted(
    text: str, value: float, code: str, to: str, expected: float, tmp_path: Path
) -> None:
    event = converted(tmp_path, text, {"value": value, "currency": code}, to)
    assert (event["value_converted"], event["currency_converted"]) == (expected, to)
    assert (event["value"], event["currency"]) == (value, code)


@pytest.mark.parametrize(
    "event",
    [
        {"value": 5},
        {"currency": "USD"},
        {"value": 5, "currency": "XXX"},
        {"value": 5, "currency": "USD", "value_converted": 1},
        {"value": 1e308, "currency": "USD"},
    ],
)
def test_a_value_that_cannot_be_converted_stays_alone(
    event: dict[str, Any], tmp_path: Path
) -> None:
    assert converted(tmp_path, JSON, event) == {"event_name": "purchase", **event}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CSV.replace("EUR,1\n", ""), "has no rate of EUR"),
        (CSV.replace("160", "0"), "has a rate in line 4 that is not above 0"),
        (CSV.replace("160", "-1"), "has a rate in line 4 that is not above 0"),
        (CSV.replace("160", "1e9"), "has no rate in line 4"),
        (CSV.replace("JPY", "Yen!"), "has no currency code in line 4"),
        (CSV.replace("rate", "price"), "has no column 'rate' in its first line"),
        (CSV.replace("160", "160,1"), "has 3 cells in line 4, not 2"),
        ("", "has no column 'currency' in its first line"),
        ("{", "is not JSON: line 1"),
        ('{"EUR": 1}', "has no object `rates`"),
        ('{"rates": {"EUR": true}}', "has no rate in entry 1"),
        ('{"rates": {"USD": 1.1}}', "has no rate of EUR"),
        ('{"base": "Euro", "rates": {}}', "has no currency code in `base`"),
    ],
)
def test_files_of_rates_that_are_mistakes(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(TableMistake, match=f"rates.(json|csv) {message}"):
        converted(tmp_path, text, {})


def test_the_currency_is_one() -> None:
    assert CurrencySettings(rates=Path("r.json"), to="eur").to == "EUR"
    with pytest.raises(ValidationError, match="should match pattern"):
        CurrencySettings(rates=Path("r.json"), to="Euro")
