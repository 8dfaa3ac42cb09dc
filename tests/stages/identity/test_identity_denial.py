"""A visitor's denial deletes the visitor cookie; a default does not."""

from typing import Any

import pytest

JAR = "theme=dark; visitor_id=111.222; _ga=GA1.2.3.4"
DENIED = {"analytics_storage": "denied", "ad_storage": "granted"}


def test_a_denial_deletes_the_cookie_where_it_was_set(identify: Any) -> None:
    done = identify(JAR, {"consent": DENIED})

    assert done.cookies == (
        "visitor_id=; Path=/; Domain=shop.com; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
    )
    assert done.line == "visitor cookie deleted"
    assert "client_id" not in done.event


@pytest.mark.parametrize(
    ("settings", "request_", "cookie"),
    [
        (
            {"visitor_cookie": "__Host-id"},
            {},
            "__Host-id=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
        ),
        (
            {"visitor_cookie": "id", "domain": "shop.co.uk"},
            {"host": "gateway:8080"},
            "id=; Path=/; Domain=shop.co.uk; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
        ),
        (
            {"visitor_cookie": "id"},
            {"host": "localhost:8080"},
            "id=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
        ),
    ],
)
def test_with_the_attributes_with_which_it_was_set(
    identify: Any, settings: dict[str, Any], request_: dict[str, str], cookie: str
) -> None:
    jar = f"{settings['visitor_cookie']}=1.2"

    assert identify(jar, {"consent": DENIED}, settings, **request_).cookies == (cookie,)


def test_its_proof_is_deleted_with_it(identify: Any) -> None:
    done = identify(f"{JAR}; visitor_id_proof=x", {"consent": DENIED})

    attributes = "=; Path=/; Domain=shop.com; Max-Age=0; Secure; HttpOnly; SameSite=Lax"
    assert done.cookies == (f"visitor_id{attributes}", f"visitor_id_proof{attributes}")


@pytest.mark.parametrize("value", ["", "a b", "1" * 200])
def test_also_where_its_value_is_none_of_ours(identify: Any, value: str) -> None:
    assert len(identify(f"visitor_id={value}", {"consent": DENIED}).cookies) == 1


@pytest.mark.parametrize(
    ("needs", "consent", "deletes"),
    [
        (["analytics_storage"], {"analytics_storage": "denied"}, True),
        (["analytics_storage"], {"personalization_storage": "denied"}, False),
        (["personalization_storage"], {"personalization_storage": "denied"}, True),
        (["personalization_storage"], {"analytics_storage": "denied"}, False),
        (
            ["analytics_storage", "personalization_storage"],
            {"analytics_storage": "granted", "personalization_storage": "denied"},
            True,
        ),
        ([], {"analytics_storage": "denied", "ad_storage": "denied"}, False),
    ],
)
def test_the_types_that_the_cookie_needs_decide(
    identify: Any, needs: list[str], consent: dict[str, str], deletes: bool
) -> None:
    done = identify(JAR, {"consent": consent}, {"consent": needs})

    assert any("Max-Age=0" in cookie for cookie in done.cookies) is deletes


@pytest.mark.parametrize("consent", [DENIED, {"analytics_storage": "denied"}])
def test_a_default_deletes_nothing(identify: Any, consent: dict[str, str]) -> None:
    assert identify(JAR, {"consent": consent}, unstated={"analytics_storage"}).cookies == ()


@pytest.mark.parametrize("consent", [{}, {"ad_storage": "denied"}])
def test_what_is_not_mentioned_deletes_nothing(identify: Any, consent: dict[str, str]) -> None:
    assert identify(JAR, {"consent": consent}).cookies == ()


@pytest.mark.parametrize(
    ("jar", "settings", "request_"),
    [
        ("", {}, {}),
        ("_ga=GA1.2.3.4; visitor_id2=1.2; x=visitor_id", {}, {}),
        (JAR, {"visitor_cookie": None}, {}),
        (JAR, {"visitor_cookie": "other"}, {}),
        (JAR, {}, {"trusted": True}),
        (JAR, {}, {"sec_fetch_site": "cross-site"}),
        (JAR, {}, {"sec_fetch_mode": "navigate"}),
    ],
)
def test_nor_where_there_is_nothing_to_delete_or_nobody_who_may(
    identify: Any, jar: str, settings: dict[str, Any], request_: dict[str, Any]
) -> None:
    assert identify(jar, {"consent": DENIED}, settings, **request_).cookies == ()
