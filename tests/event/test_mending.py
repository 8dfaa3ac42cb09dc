"""What becomes of known fields that do not fit."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.event import read_event
from gateway.event.amounts import Unreadable, read_amount
from gateway.event.mending import IGNORED, MAX_IGNORED, MAX_MISFITS, PARAMS
from gateway.event.schema import EventFields

NONE: Any = None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("59.90", 59.9),
        ("59,90", 59.9),
        ("59,9", 59.9),
        ("1234,5678", 1234.5678),
        (",50", 0.5),
        ("4,245.42", 4245.42),
        ("4.245,42", 4245.42),
        ("1,234,567.89", 1234567.89),
        ("1.234.567,89", 1234567.89),
        ("1.234.567", 1234567),
        ("1,234,567", 1234567),
        ("1,00,000.50", 100000.5),
        ("1,00,000", 100000),
        ("1 234", 1234),
        ("1 234,56", 1234.56),
        ("1\u00a0234\u00a0567,8", 1234567.8),
        ("1\u202f234.5", 1234.5),
        ("1'234.50", 1234.5),
        ("1\u2019234.50", 1234.5),
        ("-59,90", -59.9),
        ("\u221259,90", -59.9),
        ("- 5,0", -5),
        ("+5,5", 5.5),
        ("59.90 EUR", 59.9),
        ("EUR 59,90", 59.9),
        ("eur59,90", 59.9),
        ("59,90€", 59.9),
        ("€ 59,90", 59.9),
        ("-€5,00", -5),
        ("€-5,00", -5),
        ("4.245,42\u00a0€", 4245.42),
        ("59,90 Euro", 59.9),
        ("59.90EURO", 59.9),
        ("euro.50", NONE),
        ("€.50", 0.5),
        ("1,234", NONE),
        ("0,123", NONE),
        ("-1,234", NONE),
        ("1.234 EUR", NONE),
        ("1,23.45", NONE),
        ("1.23.456", NONE),
        ("1.2,3.4", NONE),
        ("1,2,3", NONE),
        ("12 34", NONE),
        ("1'234 567,8", NONE),
        ("001,234,567", NONE),
        ("59,", NONE),
        ("59,-", NONE),
        ("(59,90)", NONE),
        ("--5", NONE),
        ("-€-5", NONE),
        ("€5€", NONE),
        ("€", NONE),
        ("€5 USD", NONE),
        ("$5 USD", NONE),
        ("€ 59.90 EUR", 59.9),
        ("EUR 59,90 €", 59.9),
        ("59,90&nbsp;&euro;", 59.9),
        ("&euro;59&#46;90", 59.9),
        ("\u200e59.90 €\u200f", 59.9),
        ("&lt;b&gt;59", NONE),
        ("5 pcs", NONE),
        ("1,5 %", NONE),
        ("59 USD", NONE),
        ("$59.90", NONE),
        ("¥59.90", NONE),
        ("\u0661\u0662", NONE),
        ("high", NONE),
        ("NaN", NONE),
        ("Infinity", NONE),
        ("1e999", NONE),
        ("1," * 70, NONE),
        (True, NONE),
        (False, NONE),
        (float("nan"), NONE),
        (float("-inf"), NONE),
        ([5], NONE),
        ({"amount": 5}, NONE),
    ],
)
@pytest.mark.parametrize("place", ["value", "items.price"])
def test_a_number_is_read_if_there_is_one_way_to_read_it(
    text: object, number: float | None, place: str
) -> None:
    fields = {"value": text} if place == "value" else {"items": [{"item_id": "A", "price": text}]}
    event = read_event({"event_name": "purchase", "currency": "EUR", **fields})
    holder = event if place == "value" else event["items"][0]
    assert holder.get(place.rpartition(".")[2]) == number
    assert [each["field"] for each in event.get(IGNORED, [])] == [place] * (number is None)


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"currency": "€"}, {"currency": "EUR"}),
        ({"currency": " eur "}, {"currency": "EUR"}),
        ({"currency": "R$"}, {"currency": "BRL"}),
        ({"currency": "zł"}, {"currency": "PLN"}),
        ({"currency": "$"}, {}),
        ({"currency": "¥"}, {}),
        ({"currency": "kr"}, {}),
        ({"currency": 978}, {}),
        ({"value": "5 €"}, {"value": 5, "currency": "EUR"}),
        ({"currency": "Euro"}, {"currency": "EUR"}),
        ({"currency": "Rs."}, {}),
        ({"currency": "NaN"}, {}),
        *(({"currency": none}, {}) for none in ("nil", "XXX", "tbd", "lei", "xts")),
        *(
            ({"currency": text}, {"currency": "USD"})
            for text in ("USD $", "US$ (USD)", "$USD", "USD$")
        ),
        *(
            ({"currency": text}, {"currency": "EUR"})
            for text in ("EUR (€)", "euros", "€ EUR", "&euro;")
        ),
        *(({"currency": none}, {}) for none in ("USD €", "$ ()", "gbx", "btc", "US Dollars")),
        ({"value": "¥5,990", "currency": "JPY"}, {"value": 5990, "currency": "JPY"}),
        ({"value": "5.990,00 kr.", "currency": "ISK"}, {"value": 5990, "currency": "ISK"}),
        ({"value": "5.990 kr.", "currency": "ISK"}, {"value": 5990, "currency": "ISK"}),
        ({"value": "₩1,259,900"}, {"value": 1259900, "currency": "KRW"}),
        ({"value": "150.000 ₫"}, {"value": 150000, "currency": "VND"}),
        ({"value": "5,990円"}, {"value": 5990, "currency": "JPY"}),
        *(
            ({"value": "5.990", "currency": code}, {"value": 5990, "currency": code.upper()})
            for code in ("CLP", "JPY", "krw", "VND", "XAF", "ISK", "HUF", "idr", "COP", "IQD")
        ),
        ({"value": "5.990 Ft"}, {"value": 5990, "currency": "HUF"}),
        ({"value": "Rp150.000"}, {"value": 150000, "currency": "IDR"}),
        ({"value": "$ 59.900", "currency": "COP"}, {"value": 59900, "currency": "COP"}),
        ({"value": "59.90", "currency": "HUF"}, {"value": 59.9, "currency": "HUF"}),
        (
            {"items": [{"price": "1.990,50 Ft"}], "value": "1.990,50", "currency": "HUF"},
            {"items": [{"price": 1990.5}], "value": 1990.5, "currency": "HUF"},
        ),
        ({"value": "5.990", "currency": "円"}, {"value": 5990, "currency": "JPY"}),
        (
            {"value": "-1.234.567", "tax": " 5.990 ", "shipping": "0.990", "currency": "CLP"},
            {"value": -1234567, "tax": 5990, "shipping": 0.99, "currency": "CLP"},
        ),
        (
            {"value": "5.990 ₫", "tax": "1.000"},
            {"value": 5990, "tax": 1000, "currency": "VND"},
        ),
        (
            {"items": {"0": {"price": "5.990", "quantity": "1.000"}}, "currency": "CLP"},
            {"items": [{"price": 5990, "quantity": 1}], "currency": "CLP"},
        ),
        (
            {"items": [{"price": 5}] * 10, "value": "5.990", "currency": "CLP"},
            {"items": [{"price": 5}] * 10, "value": 5990, "currency": "CLP"},
        ),
        ({"value": 5.99, "currency": "CLP"}, {"value": 5.99, "currency": "CLP"}),
        ({"value": "59.90", "currency": "CLP"}, {"value": 59.9, "currency": "CLP"}),
        ({"value": "1234.567", "currency": "CLP"}, {"value": 1234.567, "currency": "CLP"}),
        *(
            ({"value": "5.990", "currency": code}, {"value": 5.99, "currency": code})
            for code in ("EUR", "KWD", "BHD")
        ),
        ({"value": "5.990"}, {"value": 5.99}),
        ({"value": "¥5,990"}, {}),  # as yuan, it could have decimals
        (
            {"value": {"amount": "59.90", "currencyCode": "EUR"}},
            {"value": 59.9, "currency": "EUR"},
        ),
        (
            {"value": {"amount": "5", "currencyCode": "EUR", "__typename": "MoneyV2"}},
            {"value": 5, "currency": "EUR"},
        ),
        ({"value": {"value": 5, "currency_code": "usd"}}, {"value": 5, "currency": "USD"}),
        ({"value": {"amount": 5, "currency": "USD"}, "currency": "EUR"}, {"currency": "EUR"}),
        *(
            (
                {"value": money, "tax": money, **stated},
                {"value": each, "tax": each, "currency": code},
            )
            for money in (
                {
                    "shop_money": {"amount": "59.90", "currency_code": "EUR"},
                    "presentment_money": {"amount": "65.00", "currency_code": "USD"},
                },
                {
                    "presentmentMoney": {"amount": 65, "currencyCode": "USD"},
                    "shopMoney": {"amount": 59.9, "currencyCode": "EUR"},
                },
            )
            for stated, each, code in (
                ({}, 59.9, "EUR"),
                ({"currency": "eur"}, 59.9, "EUR"),
                ({"currency": "USD"}, 65, "USD"),
            )
        ),
        (
            {"items": [{"price": {"shop_money": {"amount": "5.990", "currency_code": "CLP"}}}]},
            {"items": [{"price": 5990}], "currency": "CLP"},
        ),
        ({"value": {"shop_money": {"amount": "5", "currency_code": None}}}, {}),
        ({"value": {"shop_money": "5 EUR"}}, {}),
        *(
            (
                {"currency": {name: "eur", "symbol": "€"}, "value": 5},
                {"currency": "EUR", "value": 5},
            )
            for name in ("code", "iso", "currencyCode", "currency_code", "isoCode", "iso_code")
        ),
        *(
            (
                {"value": {"amount": 5.123, "currency": code}},
                {"value": 5.123, "currency": code},
            )
            for code in ("EUR", "CLP")
        ),
        *(
            (
                {"value": {"amount": "5.123", "currencyCode": code}},
                {"value": 5.123, "currency": code},
            )
            for code in ("EUR", "KWD")
        ),
        ({"value": {"amount": "5,123", "currencyCode": "EUR"}}, {}),
        *(
            ({"value": {"amount": "5.990", "currency": code}}, {"value": 5990, "currency": "JPY"})
            for code in ("jpy", "円")
        ),
        *(
            ({"value": text}, {"value": 5.123, "currency": "KWD"})
            for text in ("KWD 5.123", "5.123 KWD")
        ),
        ({"value": "BHD 1,234.500"}, {"value": 1234.5, "currency": "BHD"}),
        ({"value": "5,123 TND"}, {}),
        ({"value": "5.123 EUR"}, {}),
        ({"currency": {"code": 978}}, {}),
        ({"currency": {"name": "EUR"}}, {}),
        (
            {"value": {"amount": "5", "currency": {"code": "EUR"}}},
            {"value": 5, "currency": "EUR"},
        ),
        ({"value": {"amount": True, "currency": "USD"}}, {}),
        ({"value": {"amount": 5, "currency": "USD", "tax": 1}}, {}),
        ({"currency": "RMB"}, {"currency": "CNY"}),
        ({"currency": "nis"}, {"currency": "ILS"}),
        ({"currency": "Yen"}, {"currency": "JPY"}),
        ({"currency": "EUR\u200b"}, {"currency": "EUR"}),
        ({"currency": "USDT"}, {}),
        ({"currency": "Cups"}, {}),
        ({"value": "5 USDC"}, {}),
        ({"value": "5 tops"}, {}),
        ({"value": "$59.90 USD"}, {"value": 59.9, "currency": "USD"}),
        ({"value": "¥500 RMB"}, {"value": 500, "currency": "CNY"}),
        ({"value": "kr 50 NOK"}, {"value": 50, "currency": "NOK"}),
        ({"value": "500 lei", "currency": "RON"}, {"value": 500, "currency": "RON"}),
        ({"currency": "XYZ"}, {"currency": "XYZ"}),
        ({"value": "1.234,50 TL"}, {"value": 1234.5, "currency": "TRY"}),
        ({"value": "kr.50", "currency": "DKK"}, {"value": 50, "currency": "DKK"}),
        ({"value": "kr.50,00", "currency": "DKK"}, {"value": 50, "currency": "DKK"}),
        ({"value": "Fr.12", "currency": "CHF"}, {"value": 12, "currency": "CHF"}),
        ({"value": "S/.20", "currency": "PEN"}, {"value": 20, "currency": "PEN"}),
        ({"value": "Rs.1,50,000", "currency": "INR"}, {"value": 150000, "currency": "INR"}),
        ({"value": "Rs. 500"}, {}),
        ({"value": "5 $"}, {}),
        ({"value": "$5.00", "currency": "USD"}, {"value": 5, "currency": "USD"}),
        ({"value": "5 €", "currency": "usd"}, {"currency": "USD"}),
        ({"value": "5 €", "tax": "1 £"}, {"value": 5, "currency": "EUR"}),
        (
            {"value": "5.990", "shipping": "₩1.500"},
            {"value": 5990, "shipping": 1500, "currency": "KRW"},
        ),
        (
            {"items": [{"item_id": "A", "price": "5.990"}, {"item_id": "B", "price": "₩2.000"}]},
            {
                "items": [{"item_id": "A", "price": 5990}, {"item_id": "B", "price": 2000}],
                "currency": "KRW",
            },
        ),
        (
            {"value": "5.990", "items": [{"item_id": "A", "price": "5.990", "currency": "clp"}]},
            {"value": 5990, "items": [{"item_id": "A", "price": 5990, "currency": "clp"}]},
        ),
        (
            {"value": "5.990", "items": [{"currency": "CLP"}, {"currency": "EUR"}]},
            {"value": 5.99, "items": [{"currency": "CLP"}, {"currency": "EUR"}]},
        ),
        ({"value": "$59.90", "tax": "USD 5"}, {"value": 59.9, "tax": 5, "currency": "USD"}),
        ({"value": "5 £", "tax": "$1", "shipping": "2 €"}, {"value": 5, "currency": "GBP"}),
        ({"value": "5 €", "currency": "€"}, {"value": 5, "currency": "EUR"}),
        ({"engagement_time_msec": "5 €"}, {}),
        ({"engagement_time_msec": "1,5"}, {"engagement_time_msec": 1.5}),
    ],
)
def test_signs_stand_for_a_currency_if_there_is_only_one(
    fields: dict[str, Any], left: dict[str, Any]
) -> None:
    event = read_event({"event_name": "purchase", **fields})
    event.pop(IGNORED, None)
    assert event == {"event_name": "purchase", **left}


@pytest.mark.parametrize("nothing", ["", " ", "\u00a0", [], {}, None])
@pytest.mark.parametrize(
    "field",
    ["value", "currency", "timestamp", "user_id", "client_id", "event_id", "items", "user_data"],
)
def test_what_is_empty_is_absent_and_not_named(field: str, nothing: Any) -> None:
    event = read_event({"event_name": "purchase", field: nothing})
    assert not event.get(field)
    assert IGNORED not in event


@pytest.mark.parametrize(
    ("fields", "left", "ignored"),
    [
        ({"items": [None]}, {}, []),
        ({"items": [None, {"item_id": "A", "price": ""}]}, {"items": [{"item_id": "A"}]}, []),
        (
            {"items": ["A", {"item_id": "B"}]},
            {"items": [{"item_id": "B"}]},
            ["items: not an object"],
        ),
        ({"items": 3}, {}, ["items: not a list"]),
        ({"items": {"item_id": 7}}, {"items": [{"item_id": "7"}]}, []),
        (
            {"items": {"item_name": "Lamp", "price": "59,90", "quantity": "x"}},
            {"items": [{"item_name": "Lamp", "price": 59.9}]},
            ["items.quantity: not a number"],
        ),
        ({"items": {"price": 5}}, {}, ["items: not a list"]),
        (
            {"items": {"SKU-1": {"item_id": "A"}, "SKU-2": {"item_name": "B"}}},
            {"items": [{"item_id": "A"}, {"item_name": "B"}]},
            [],
        ),
        ({"items": {"a": {"item_id": "A"}, "b": {"x": 1}}}, {}, ["items: not a list"]),
        (
            {"items": {"SKU-1": {"id": "A", "name": "Lamp", "price": "59,90"}, "SKU-2": {"id": 7}}},
            {"items": [{"id": "A", "name": "Lamp", "price": 59.9}, {"id": 7}]},
            [],
        ),
        (
            {"items": {"name": "Lamp", "quantity": 2}},
            {"items": [{"name": "Lamp", "quantity": 2}]},
            [],
        ),
        ({"items": {"a": {"id": {}}, "b": {"name": []}}}, {}, ["items: not a list"]),
        *(
            ({"items": given}, {"items": [{"item_id": "A", "quantity": 2}]}, [])
            for given in (
                [{"item_id": "A", "qty": 2}],
                [{"item_id": "A", "Qty": "2"}],
                [{"item_id": "A", "Quantity": "2"}],
                {"SKU-1": {"item_id": "A", "QTY": 2.0}},
                '[{"item_id": "A", "qty": "2"}]',
                [[{"item_id": "A", "QUANTITY": 2}]],
                ['[{"item_id": "A", "quantity": 2}]'],
            )
        ),
        ({"items": [{"qty": 2}] * 20}, {"items": [{"quantity": 2}] * 20}, []),
        ({"items": [{"qty": 3, "quantity": 2}]}, {"items": [{"qty": 3, "quantity": 2}]}, []),
        ({"items": [{"qty": "two"}]}, {"items": [{}]}, ["items.quantity: not a number"]),
        (
            {"items": '[{"item_id": 7, "price": "59,90"}]'},
            {"items": [{"item_id": "7", "price": 59.9}]},
            [],
        ),
        ({"items": ' {"item_id": "A"}'}, {"items": [{"item_id": "A"}]}, []),
        ({"items": "[]"}, {"items": []}, []),
        (
            {"items": ['{"item_id": 7, "qty": "2"}', {"item_id": "B"}]},
            {"items": [{"item_id": "7", "quantity": 2}, {"item_id": "B"}]},
            [],
        ),
        (
            {"items": [[{"item_id": "A"}, "B"], {"item_id": "C"}]},
            {"items": [{"item_id": "A"}, {"item_id": "C"}]},
            ["items: not an object"],
        ),
        ({"items": [[[{"item_id": "A"}]], {"id": 1}]}, {"items": [{"id": 1}]}, ["items"]),
        ({"items": '[{"item_id": "A"'}, {}, ["items: not a list"]),
        ({"items": '["\\u0000"]'}, {}, ["items: not a list"]),
        ({"user_properties": '{"plan": "pro"}'}, {"user_properties": {"plan": "pro"}}, []),
        ({"click_ids": '{"gclid": 5}'}, {"click_ids": {"gclid": "5"}}, []),
        ({"event_location": '["DE"]'}, {}, ["event_location: not an object"]),
        (
            {"items": {"0": {"price": "x", "own": [1]}}},
            {"items": [{"own": [1]}]},
            ["items.price: not a number"],
        ),
        ({"user_data": "x"}, {}, ["user_data: not an object"]),
        (
            {"user_data": {"email_address": ["a@b.c", None, {"x": 1}], "own": True}},
            {"user_data": {"email_address": ["a@b.c"], "own": True}},
            ["user_data.email_address: not a text"],
        ),
        (
            {"user_data": {"address": [{"city": True, "country": "DE"}]}},
            {"user_data": {"address": [{"country": "DE"}]}},
            ["user_data.address.city: not a text"],
        ),
        (
            {"click_ids": {"gclid": "x", "SECRET": [1]}},
            {"click_ids": {"gclid": "x"}},
            ["click_ids: not a text"],
        ),
        ({"page_title": "x" * 20_000}, {}, ["page_title: too long"]),
        ({"user_id": "x" * 300}, {}, ["user_id: too long"]),
        ({"language": ["de"]}, {}, ["language: not a text"]),
        ({"timestamp": True}, {}, ["timestamp: not a time"]),
        ({"timestamp": "29.11.2026"}, {}, ["timestamp: not a time"]),
        ({"timestamp": -1}, {}, ["timestamp: not a time"]),
        ({"timestamp": 0}, {}, ["timestamp: not a time"]),
        ({"timestamp": "0"}, {}, ["timestamp: not a time"]),
        ({"timestamp": "1970-01-01T00:00:00Z"}, {}, ["timestamp: not a time"]),
        ({"timestamp": "9999-12-31"}, {}, ["timestamp: not a time"]),
        ({"timestamp": 1e300}, {}, ["timestamp: not a time"]),
        ({"timestamp": 20261399}, {}, ["timestamp: not a time"]),
        ({"value": "1,234"}, {}, ["value: ambiguous: thousands or decimals"]),
        ({"value": "5 €", "currency": "USD"}, {"currency": "USD"}, ["value: in another currency"]),
    ],
)
def test_the_rest_is_set_aside_with_its_name_and_the_reason(
    fields: dict[str, Any], left: dict[str, Any], ignored: list[str]
) -> None:
    event = read_event({"event_name": "purchase", **fields})
    named = [f"{each['field']}: {each['reason']}" for each in event.pop(IGNORED, [])]
    assert event == {"event_name": "purchase", **left}
    assert [name[: len(words)] for name, words in zip(named, ignored, strict=True)] == ignored
    assert "SECRET" not in str(named)


def test_a_list_is_read_until_too_many_of_its_values_do_not_fit() -> None:
    items = [{"item_id": "A", "price": "59,90"}, *[{"price": "x"}] * 4000, {"item_id": "B"}]
    event = read_event({"event_name": "purchase", "items": items})
    assert event["items"] == [{"item_id": "A", "price": 59.9}, *[{}] * MAX_MISFITS]
    assert [each["field"] for each in event[IGNORED]] == ["items.price", "items"]


def test_the_names_are_few() -> None:
    fields = {name: [[1]] for name in EventFields.__annotations__}
    event = read_event({**fields, "event_name": "purchase"})
    assert len(event[IGNORED]) == MAX_IGNORED


def test_an_empty_state_of_consent_denies_even_where_another_field_is_empty_too() -> None:
    event = read_event({"event_name": "a", "user_id": "", "consent": {"ad_storage": ""}})
    assert event == {"event_name": "a", "consent": {"ad_storage": "denied"}}


class TestOwnProperties:
    """Some senders may use our names for their own properties."""

    @pytest.mark.parametrize(
        "fields", [{"value": "high"}, {"shipping": "DHL"}, {"items": 3}, {"items": ["a", "b"]}]
    )
    def test_they_stay_as_they_came(self, fields: dict[str, Any]) -> None:
        event = read_event({"event_name": "quiz", **fields}, own_properties=True)
        assert event == {"event_name": "quiz", PARAMS: fields}

    def test_they_are_fields_of_ours_where_they_fit(self) -> None:
        event = read_event({"event_name": "quiz", "value": "59,90"}, own_properties=True)
        assert event == {"event_name": "quiz", "value": 59.9}

    def test_in_events_of_commerce_they_are_set_aside(self) -> None:
        event = read_event({"event_name": "purchase", "value": "high"}, own_properties=True)
        assert event[IGNORED] == [{"field": "value", "reason": "not a number"}]
        assert PARAMS not in event

    @pytest.mark.parametrize("value", ["NaN", "-Infinity", float("nan"), float("inf")])
    def test_a_number_that_is_none_is_set_aside(self, value: object) -> None:
        event = read_event({"event_name": "quiz", "value": value}, own_properties=True)
        assert event[IGNORED] == [{"field": "value", "reason": "not a number"}]
        assert PARAMS not in event

    def test_what_tells_who_somebody_is_is_no_property(self) -> None:
        event = read_event({"event_name": "quiz", "user_id": {"a": 1}}, own_properties=True)
        assert event[IGNORED] == [{"field": "user_id", "reason": "not a text"}]

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ({"a": 1}, {"a": 1, "value": "high"}),
            ({"value": 2}, {"value": "high"}),
            ("mine", {"params": "mine", "value": "high"}),
        ],
    )
    def test_what_the_sender_itself_calls_params_stays(self, given: Any, kept: Any) -> None:
        raw = {"event_name": "quiz", "value": "high", PARAMS: given}
        assert read_event(raw, own_properties=True) == {"event_name": "quiz", PARAMS: kept}


def test_the_currencies_next_to_an_amount_are_told() -> None:
    assert read_amount("5 kr").currencies == ("SEK", "NOK", "DKK", "ISK")
    assert read_amount("5").currencies == ()
    with pytest.raises(Unreadable, match=r"^not a number$"):
        read_amount("SECRET")
