"""A person in the form of other tools is read into `user_data`."""

from typing import Any

import pytest

from gateway.event import read_event

MAIL = "ada@shop.example"
ADA = {"first_name": "Ada", "last_name": "Byron"}


def read(fields: dict[str, Any]) -> dict[str, Any]:
    event = read_event({"event_name": "x", **fields})
    del event["event_name"]
    return event


@pytest.mark.parametrize(
    ("stated", "person"),
    [
        ({"email": MAIL, "phone": "+49 1"}, {"email_address": MAIL, "phone_number": "+49 1"}),
        ({"email": [MAIL, "b@x.example"]}, {"email_address": [MAIL, "b@x.example"]}),
        ({"birthday": "1990-12-31", "gender": "f"}, {"date_of_birth": "1990-12-31", "gender": "f"}),
        ({"em": MAIL, "ph": ["+49 1"]}, {"email_address": MAIL, "phone_number": ["+49 1"]}),
        (
            {"emailAddress": MAIL, "phoneNumber": "+49 1", "dateOfBirth": "1990-12-31"},
            {"email_address": MAIL, "phone_number": "+49 1", "date_of_birth": "1990-12-31"},
        ),
        (
            {"fn": "Ada", "ln": "Byron", "ct": "Bath", "st": "SOM", "zp": "1", "country": "GB"},
            {
                "address": {
                    **ADA,
                    "city": "Bath",
                    "region": "SOM",
                    "postal_code": "1",
                    "country": "GB",
                }
            },
        ),
        (
            {"address": {"address1": "1 Road", "province": "SOM", "zip": "1", "countryCode": "GB"}},
            {"address": {"street": "1 Road", "region": "SOM", "postal_code": "1", "country": "GB"}},
        ),
        ({"em": "b@x.example", "email": MAIL}, {"email_address": MAIL, "em": "b@x.example"}),
        ({"zip": 10115}, {"address": {"postal_code": "10115"}}),
        ({"zip": 1067}, {"address": {"postal_code": "1067"}}),
        ({"zip": 1067, "country": "DE"}, {"address": {"postal_code": "01067", "country": "DE"}}),
        ({"zip": "1067", "country": "DE"}, {"address": {"postal_code": "1067", "country": "DE"}}),
        (
            {"address": {"postal_code": 2134.0, "country": "usa"}},
            {"address": {"postal_code": "02134", "country": "usa"}},
        ),
        (
            {"address": [{"postal_code": 150, "country": "Norway"}, {"postal_code": 1.5}]},
            {"address": [{"postal_code": "0150", "country": "Norway"}, {"postal_code": "1.5"}]},
        ),
        (
            {"address": {"postal_code": 1010, "country": "AT"}},
            {"address": {"postal_code": "1010", "country": "AT"}},
        ),
        (
            {"firstName": "Ada", "last_name": "Byron", "city": "Berlin", "state": "BE"},
            {"address": {**ADA, "city": "Berlin", "region": "BE"}},
        ),
        (
            {
                "billing_email": MAIL,
                "billing_phone": "+49 1",
                "billing_first_name": "Ada",
                "billing_last_name": "Byron",
                "billing_address": "1 Road",
                "billing_city": "Bath",
                "billing_state": "SOM",
                "billing_country": "GB",
                "shipping_city": "Bonn",
            },
            {
                "email_address": MAIL,
                "phone_number": "+49 1",
                "address": {
                    **ADA,
                    "street": "1 Road",
                    "city": "Bath",
                    "region": "SOM",
                    "country": "GB",
                },
                "shipping_city": "Bonn",
            },
        ),
        (
            {"email": MAIL, "billing_email": "b@x.example"},
            {"email_address": MAIL, "billing_email": "b@x.example"},
        ),
        (
            {"zip": "1", "address": {"zip": "2", "postalCode": "3", "country": "DE"}},
            {"zip": "1", "address": {"postal_code": "2", "postalCode": "3", "country": "DE"}},
        ),
        (
            {"city": "Bath", "zip": "1", "address": {"city": "Bonn", "zip": "1"}},
            {"city": "Bath", "address": {"city": "Bonn", "postal_code": "1"}},
        ),
        (
            {"state": "BE", "region": "SOM", "zip": "1", "zp": "2"},
            {"state": "BE", "zp": "2", "address": {"region": "SOM", "postal_code": "1"}},
        ),
        (
            {"first_name": "Ada", "address": {"first_name": "", "lastName": "Byron"}},
            {"address": ADA},
        ),
        ({**ADA, "address": {"first_name": None, "last_name": []}}, {"address": ADA}),
        ({**ADA, "address": []}, {"address": ADA}),
        ({"address": {"fn": "Ada", "first_name": " ", "ln": "Byron"}}, {"address": ADA}),
        ({"name": "Ada Byron", "address": {"first_name": ""}}, {"address": ADA}),
        ({"email": MAIL, "email_address": ""}, {"email_address": MAIL}),
        ({"name": "Ada Byron"}, {"address": ADA}),
        ({"name": " Ada  Byron "}, {"address": ADA}),
        ({"name": "Ada Byron", "address": {"city": "Bath"}}, {"address": {**ADA, "city": "Bath"}}),
        ({"name": "Ada King Byron"}, {"name": "Ada King Byron"}),
        ({"name": "Byron, Ada"}, {"name": "Byron, Ada"}),
        ({"name": "Ada"}, {"name": "Ada"}),
        (
            {"name": "Ada Byron", "firstName": "Augusta"},
            {"name": "Ada Byron", "address": {"first_name": "Augusta"}},
        ),
        ({"name": "Ada B", "address": ADA}, {"address": ADA}),
        ({"email": MAIL, "email_address": "b@x.ex"}, {"email": MAIL, "email_address": "b@x.ex"}),
        ({"email": {"a": 1}, "zip": True}, {"email": {"a": 1}, "zip": True}),
        ({"address": [{"city": "Bath"}], "zip": "1"}, {"address": [{"city": "Bath"}], "zip": "1"}),
        (
            {"email": {"0": MAIL, "1": "b@x.example"}, "phone": {"0": "+49 1"}},
            {"email_address": [MAIL, "b@x.example"], "phone_number": ["+49 1"]},
        ),
        (
            {"address": {"0": {"firstName": "Ada", "zip": "1"}, "1": {"city": "Bath"}}},
            {"address": [{"first_name": "Ada", "postal_code": "1"}, {"city": "Bath"}]},
        ),
        (
            {"address": [{"city": "Bath"}, {"last_name": "Byron", "state": "BE"}]},
            {"address": [{"city": "Bath"}, {"last_name": "Byron", "region": "BE"}]},
        ),
        (
            {"address": {"zip": {"0": "1"}, "state": "BE"}},
            {"address": {"zip": {"0": "1"}, "region": "BE"}},
        ),
        ({"lead_id": 7, "email": MAIL}, {"lead_id": 7, "email_address": MAIL}),
        ({"phone": 4930.0}, {"phone_number": "4930"}),
        ([{"email": MAIL}], {"email_address": MAIL}),
        ([None, {"email": MAIL}], {"email_address": MAIL}),
        ({"0": {"email": MAIL}}, {"email_address": MAIL}),
        (f'{{"email": "{MAIL}"}}', {"email_address": MAIL}),
        (f'[{{"email": "{MAIL}"}}]', {"email_address": MAIL}),
        ([f'{{"email": "{MAIL}"}}'], {"email_address": MAIL}),
        (
            {"em": [MAIL], "fn": ["Ada"], "ln": ["Byron"], "zp": [10115], "country": []},
            {"email_address": [MAIL], "address": {**ADA, "postal_code": "10115"}, "country": []},
        ),
        (
            {"email_address": MAIL, "address": '{"firstName": "Ada", "last_name": "Byron"}'},
            {"email_address": MAIL, "address": ADA},
        ),
        (
            {"address": ['{"fn": "Ada"}', {"city": "Bath"}]},
            {"address": [{"first_name": "Ada"}, {"city": "Bath"}]},
        ),
        ({"address": '[{"fn": "Ada", "ln": "Byron"}]'}, {"address": [ADA]}),
    ],
)
def test_user_data_in_the_names_of_other_tools(stated: Any, person: dict[str, Any]) -> None:
    assert read({"user_data": stated}) == {"user_data": person}


@pytest.mark.parametrize(
    "stated",
    [
        [{"email": MAIL}, {"email": "b@x.example"}],
        {"0": {"email": MAIL}, "1": {"phone": "+49 1"}},
        [MAIL],
        MAIL,
        f'{{"email": "{MAIL}"',
    ],
)
def test_what_is_not_one_person_is_set_aside(stated: Any) -> None:
    ignored = [{"field": "user_data", "reason": "not an object"}]
    assert read({"user_data": stated}) == {"ignored_fields": ignored}


@pytest.mark.parametrize(
    ("fields", "event"),
    [
        ({"email": MAIL}, {"user_data": {"email_address": MAIL}}),
        (
            {"email": MAIL, "user_data": {"gender": "f"}},
            {"user_data": {"email_address": MAIL, "gender": "f"}},
        ),
        (
            {"email": MAIL, "user_data": {"email": MAIL}},
            {"user_data": {"email_address": MAIL}},
        ),
        (
            {"email": MAIL, "user_data": {"email_address": "b@x.example"}},
            {"email": MAIL, "user_data": {"email_address": "b@x.example"}},
        ),
        (
            {"email": MAIL, "user_data": {"email_address": ""}},
            {"user_data": {"email_address": MAIL}},
        ),
        ({"email": MAIL, "user_data": ""}, {"user_data": {"email_address": MAIL}}),
        ({"email": [MAIL, "0" * 64]}, {"user_data": {"email_address": [MAIL, "0" * 64]}}),
        ({"email": {"0": MAIL}}, {"user_data": {"email_address": [MAIL]}}),
        ({"email": {"0": 5}}, {"email": {"0": 5}}),
        ({"email": ""}, {"email": ""}),
        ({"email": f"write to {MAIL}"}, {"email": f"write to {MAIL}"}),
        ({"email": "ada%40shop.example"}, {"email": "ada%40shop.example"}),
        ({"email": {"a": 1}}, {"email": {"a": 1}}),
        ({"phone": "+49 30 1", "name": "Ada Byron"}, {"phone": "+49 30 1", "name": "Ada Byron"}),
    ],
)
def test_an_email_address_in_the_event_itself_is_the_persons(
    fields: dict[str, Any], event: dict[str, Any]
) -> None:
    assert read(fields) == event


def test_what_the_sender_has_is_not_changed() -> None:
    raw = {"event_name": "x", "email": MAIL, "user_data": {"zip": "1", "address": {"zip": "2"}}}
    before = {**raw, "user_data": {"zip": "1", "address": {"zip": "2"}}}
    read_event(raw)
    assert raw == before
