"""The demo shop: what its clicks send, and what its list shows of the gateway's records."""

import time

import pytest

EVENT_ID = "0f9d1c52-5e0b-4d8a-9d5c-3a1f0a6b7c8d"
COOKIE = "gateway_client_id"


@pytest.fixture
def page(chromium, demo):
    """The shop, just opened. The test fails on an exception or a violated content policy."""
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(demo.url)
    yield page
    context.close()
    expected = "Failed to load resource"
    assert [error for error in errors if expected not in error] == []


def consent(states, defaults=(), place_unknown=""):
    return {"states": states, "defaults": list(defaults), "place_unknown": place_unknown}


def decision(event_name="purchase", event_id=EVENT_ID, at=None, consent=None, **destinations):
    return {
        "kind": "decision",
        "at": at or time.time(),
        "event_id": event_id,
        "event_name": event_name,
        "source": "site",
        **({"consent": consent} if consent else {}),
        "destinations": {
            name: {"decision": "withheld" if reason else "send", "reason": reason}
            for name, reason in destinations.items()
        },
    }


def outcome(result, reason="", destination="meta", dry_run=False, attempt=1, response=None):
    return {
        "kind": "outcome",
        "at": time.time() + attempt,
        "event_id": EVENT_ID,
        "event_name": "purchase",
        "destination": destination,
        "result": result,
        "reason": reason,
        "dry_run": dry_run,
        "attempt": attempt,
        "request": {
            "method": "POST",
            "url": "https://vendor.example/events",
            "headers": {"content-type": "application/json"},
            "body": {"data": [{"event_name": "Purchase"}]},
        },
        "response": response,
    }


def row(page, destination="meta"):
    return page.locator(".row", has=page.locator(".destination", has_text=destination))


def shows(locator, text):
    locator.filter(has_text=text).wait_for()


def test_opening_the_shop_sends_two_events_without_consent_and_stores_nothing(page, demo):
    for name in ("page_view", "view_item"):
        event = demo.wait_for_event(name)
        assert set(event["consent_default"].values()) == {"denied"}
        assert "consent" not in event
        assert "client_id" not in event
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length") == 0


@pytest.mark.parametrize(
    ("clicks", "granted"),
    [
        (["#accept"], {"analytics_storage", "ad_storage", "ad_user_data", "ad_personalization"}),
        (["#reject"], set()),
        (["#choose", "#analytics", "#save"], {"analytics_storage"}),
        (["#choose", "#ads", "#save"], {"ad_storage", "ad_user_data", "ad_personalization"}),
    ],
)
def test_the_banner_sets_consent_for_this_page_and_the_next(page, demo, clicks, granted):
    for click in clicks:
        page.click(click)
    assert page.locator("#banner").is_hidden()
    page.click("#add")
    assert page.locator("#undecided").is_hidden()
    for name in ("add_to_cart", "page_view"):
        consent = demo.wait_for_event(name)["consent"]
        assert {kind for kind, state in consent.items() if state == "granted"} == granted
        assert len(consent) == 4
        assert (COOKIE in str(page.context.cookies())) is ("analytics_storage" in granted)
        demo.received.clear()
        page.reload()
    assert page.locator("#banner").is_hidden()
    assert page.locator("#undecided").is_hidden()


PRIVATE = "the event's address is private or reserved and belongs to no country"


def test_until_the_banner_is_answered_the_page_says_which_default_holds_and_why(page, demo):
    words = page.locator("#undecided")
    assert "Denied until you answer" in words.inner_text()
    assert "This page's default denies everything." in words.inner_text()
    assert "Nothing was sent" not in words.inner_text()  # the page does not know it yet
    denied = consent({"ad_storage": "denied"}, ["default of the page"], PRIVATE)
    demo.records.append(decision(ga4="no consent for analytics_storage", consent=denied))
    shows(words, f"default for an unknown place because {PRIVATE}.")
    assert (
        "Nothing was sent to any destination, and no visitor cookie was set." in words.inner_text()
    )
    assert "answer the banner" in words.inner_text()


def test_that_nothing_was_sent_is_only_said_when_it_is_so(page, demo):
    demo.records.append(decision(ga4="no consent for analytics_storage", meta=""))
    shows(page.locator(".event-name"), "purchase")
    assert page.locator("#unsent").is_hidden()
    assert page.locator("#place").inner_text() == ""


@pytest.mark.parametrize(
    ("states", "defaults", "place_unknown", "words"),
    [
        (
            {"ad_storage": "denied", "analytics_storage": "granted", "ad_user_data": "denied"},
            [],
            PRIVATE,
            "Consent: analytics_storage granted. ad_storage, ad_user_data denied.",
        ),
        (
            {"ad_storage": "denied"},
            ["default for an unknown place"],
            PRIVATE,
            "Consent: ad_storage denied. Decided by the default for an unknown place. "
            f"The place is unknown: {PRIVATE}.",
        ),
        (
            {"ad_storage": "granted"},
            ["default"],
            "",
            "Consent: ad_storage granted. Decided by the default.",
        ),
    ],
)
def test_each_event_shows_its_consent_and_the_defaults_that_held(
    page, demo, states, defaults, place_unknown, words
):
    demo.records.append(decision(meta="", consent=consent(states, defaults, place_unknown)))
    shows(page.locator(".consent"), "Consent:")
    assert page.locator(".consent").inner_text() == words


def test_buying(page, demo):
    page.fill("#quantity", "2")
    page.fill("#email", "ada@example.com")
    page.click("text=Buy for €59.80")
    event = demo.wait_for_event("purchase")
    assert (event["value"], event["currency"]) == (59.8, "EUR")
    assert event["user_data"] == {"email_address": "ada@example.com"}
    assert event["items"] == [
        {"item_id": "TIDE-350", "item_name": "Tidewater mug", "price": 29.9, "quantity": 2}
    ]
    shows(page.locator("#said"), event["transaction_id"])


def test_no_email_no_user_data(page, demo):
    page.fill("#email", "")
    page.click("text=Buy for")
    assert "user_data" not in demo.wait_for_event("purchase")


def test_before_any_event(page):
    assert page.locator("#empty").inner_text() == "No events yet: click Buy."


def test_an_event_appears_by_itself_with_decisions_and_then_outcomes(page, demo):
    demo.records.append(decision(meta="", ga4="no consent for analytics_storage"))
    shows(page.locator(".event-name"), "purchase")
    assert page.locator(".event-id").inner_text() == EVENT_ID[:8]
    assert row(page).locator(".pill").inner_text() == "send"
    assert row(page).locator(".outcome").inner_text() == "Waiting to be sent"
    assert row(page, "ga4").locator(".pill").inner_text() == "withheld"
    assert (
        row(page, "ga4").locator(".outcome").inner_text()
        == "Not sent: no consent for analytics_storage"
    )
    assert page.locator("#empty").is_hidden()

    demo.records.append(outcome("delivered", response={"status": 200, "body": ""}))
    shows(row(page).locator(".outcome"), "Delivered")


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (outcome("delivered"), "Delivered"),
        (
            outcome("delivered", "dry run: nothing was sent", dry_run=True),
            "Dry run: built, not sent",
        ),
        (outcome("retry", "HTTP 503"), "Not accepted yet, will be retried: HTTP 503"),
        (outcome("rejected", "no such pixel"), "Rejected permanently: no such pixel"),
        (outcome("expired", "8 days old"), "Expired before it could be sent: 8 days old"),
    ],
)
def test_outcomes_in_plain_words_whichever_record_comes_first(page, demo, record, words):
    demo.records += [record, decision(meta="")]
    shows(row(page).locator(".outcome"), words)
    assert row(page).locator(".outcome").inner_text() == words
    assert row(page).locator(".pill").inner_text() == "send"
    assert page.locator(".event").count() == 1


def test_the_request_and_the_answer_of_every_attempt_can_be_opened_and_stay_open(page, demo):
    demo.records += [decision(meta=""), outcome("retry", "no answer")]
    row(page).click()
    shows(row(page).locator(".attempt"), "POST https://vendor.example/events")
    demo.records.append(
        outcome("delivered", attempt=2, response={"status": 200, "body": '{"events_received":1}'})
    )
    shows(row(page).locator(".attempt"), "Attempt 2")
    latest, first = row(page).locator(".attempt").all_inner_texts()
    assert "content-type: application/json" in latest
    assert '{\n  "data": [\n    {\n      "event_name": "Purchase"' in latest
    assert "Response: status 200" in latest
    assert '{\n  "events_received": 1\n}' in latest
    assert "Attempt 1" in first
    assert "No response." in first


def test_nothing_of_an_event_becomes_html(page, demo):
    evil = "<img src=x onerror=alert(1)><b>bold</b>"
    rejected = outcome("rejected", evil, response={"status": 400, "body": evil})
    rejected["request"] |= {"url": evil, "body": evil, "headers": {evil: evil}}
    demo.records += [decision(evil, **{evil: evil}), rejected]
    row(page, "meta").click()
    assert page.locator(".event-name").inner_text() == evil
    assert page.locator(".attempt pre").all_inner_texts() == [
        f"POST {evil}\n{evil}: {evil}",
        evil,
        evil,
    ]
    assert page.locator(".event img, .event b").count() == 0
    for place in (".destination", ".outcome", ".attempt h4"):
        assert evil in page.locator(place).first.inner_text()


def test_the_newest_fifty_are_listed_newest_first(page, demo):
    now = time.time()
    demo.records += [decision(f"e{n}", f"id-{n}", now + n // 2, meta="") for n in range(60)]
    shows(page.locator(".event-name"), "e59")
    assert page.locator(".event-name").all_inner_texts() == [f"e{n}" for n in range(59, 9, -1)]


def test_a_gateway_that_is_away_is_noticed_and_so_is_its_return(page, demo):
    demo.records.append(decision(meta=""))
    shows(page.locator(".event-name"), "purchase")
    demo.stop()
    shows(page.locator("#notice"), "The gateway is not reachable: it does not answer.")
    demo.start()
    page.locator("#notice").wait_for(state="hidden")
    demo.broken = True
    shows(page.locator("#notice"), "it answers with status 503")
    assert page.locator(".event").count() == 1


def test_it_fits_a_phone(page, demo):
    demo.records += [decision("x" * 80, meta="y" * 200), outcome("retry", "z" * 200)]
    page.set_viewport_size({"width": 360, "height": 740})
    row(page).click()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
