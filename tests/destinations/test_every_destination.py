"""The suite that every destination passes, and more tests for all built-in ones."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from destinations.base import Destination, Request, Unsendable
from destinations.ga4 import GA4, GA4Settings
from destinations.google_data_manager import GoogleDataManager, GoogleDataManagerSettings
from destinations.linkedin import LinkedIn, LinkedInSettings
from destinations.mapping import MappingSettings
from destinations.meta import Meta, MetaSettings
from destinations.microsoft_uet import MicrosoftUET, MicrosoftUETSettings
from destinations.openai_ads import OpenAIAds, OpenAIAdsSettings
from destinations.pinterest import Pinterest, PinterestSettings
from destinations.reddit import Reddit, RedditSettings
from destinations.snapchat import Snapchat, SnapchatSettings
from destinations.tiktok import TikTok, TikTokSettings
from destinations.webhook import Webhook, WebhookSettings
from destinations.x import X, XSettings
from gateway.configuration.kinds import destination_types
from gateway.event import Event
from gateway.stages.anonymise import compile_anonymise
from gateway.testing import DestinationSuite
from gateway.testing.destinations import positions, requests_of
from gateway.testing.events import NOW, SAMPLES
from tests.destinations.conftest import EXAMPLES

TOKEN = "s3cret/t+ken=%"
APP = {
    "app_instance_id": "f00",
    "lead_id": "L-1",
    "click_ids": {"gclid": "g-1", "msclkid": "m-1"},
}
"""Fields that GA4's app streams, TikTok's leads, Google Ads and Microsoft require."""

EVENTS = sorted(
    {sample["event_name"] for sample in SAMPLES} | {file.stem for file in EXAMPLES.iterdir()}
)
ONE_CONVERSION = dict.fromkeys(EVENTS, "tw-oabc1-odef2")
CONVERSIONS = {name: f"{number}" for number, name in enumerate(EVENTS, 100_000)}
"""Conversion ids, for vendors that accept only events with one."""


DATA_MANAGER_ANSWERS = (
    {"requestId": "r-1", "fieldWarnings": [{"field": "events[0].x", "reason": "UNKNOWN"}]},
    {
        "requestStatusPerDestination": [
            {
                "requestStatus": "PARTIAL_SUCCESS",
                "errorInfo": {
                    "errorCounts": [
                        {
                            "recordCount": "1",
                            "reason": "PROCESSING_ERROR_REASON_INVALID_GCLID",
                            "recordIndices": [0],
                        }
                    ]
                },
                "eventsIngestionStatus": {"recordCount": "2"},
            }
        ]
    },
    {
        "error": {
            "code": 400,
            "status": "INVALID_ARGUMENT",
            "message": "There was a problem with the request.",
            "details": [
                {"reason": "INVALID_ARGUMENT", "domain": "datamanager.googleapis.com"},
                {
                    "fieldViolations": [
                        {"field": "events[1].currency", "reason": "INVALID_CURRENCY_CODE"}
                    ]
                },
            ],
        }
    },
    {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no permission"}},
)
"""Responses of Google's Data Manager API."""


class TestMeta(DestinationSuite):
    destination = Meta(
        MetaSettings(
            pixel_id="1234567890", access_token=TOKEN, app_secret="app-s3cret", phone_region="DE"
        )
    )
    mapped_field = "custom_data.mapped"
    answers = (
        {"events_received": 2, "messages": [], "fbtrace_id": "a"},
        {
            "error": {
                "message": "Invalid parameter",
                "type": "OAuthException",
                "code": 100,
                "error_subcode": 2804050,
                "error_user_msg": "An event has no parameters of a customer.",
                "is_transient": False,
            }
        },
        {"error": {"message": "Unsupported post request", "code": 100, "error_subcode": 33}},
        {"error": {"message": "Invalid OAuth access token", "code": 190}},
        {"error": {"message": "An unknown error occurred", "code": 1, "is_transient": True}},
    )


class TestLinkedIn(DestinationSuite):
    destination = LinkedIn(
        LinkedInSettings(access_token=TOKEN, mapping={"events": CONVERSIONS}, send_names=True)
    )
    mapped_field = "user.lead"
    mapped_name = "123456789"
    answers = (
        b"",
        {"elements": [{"status": 201}, {"status": 422, "error": {"message": "not a decimal"}}]},
        {
            "status": 422,
            "message": "Index: 0, ERROR :: /conversionValue/amount :: field is required\n\n"
            "Index: 1, ERROR :: /user/userIds :: is empty",
        },
        {"status": 400, "message": "events at indices [0, 1] are older than 90 days"},
        {"status": 401, "code": "EXPIRED_ACCESS_TOKEN", "message": "The token has expired"},
        {"status": 426, "code": "NONEXISTENT_VERSION"},
    )


class TestX(DestinationSuite):
    destination = X(
        XSettings(
            pixel_id="oabc1",
            pixel_token=TOKEN,
            phone_region="DE",
            mapping={"events": ONE_CONVERSION},
        )
    )
    mapped_field = "description"
    mapped_name = "tw-oabc1-odef9"
    answers = (
        {"request": {}, "data": {"conversions_processed": 2, "debug_id": "ff02"}},
        {
            "errors": [
                {
                    "code": "INVALID_PARAMETER",
                    "message": "Hashed_email is not a valid SHA-256 hash",
                    "parameter": "identifiers",
                }
            ]
        },
    )


class TestXSigned(DestinationSuite):
    destination = X(
        XSettings(
            pixel_id="oabc1",
            oauth={
                "consumer_key": "consumer-k3y",
                "consumer_secret": "consumer-s3cret",
                "access_token": TOKEN,
                "access_token_secret": "token-s3cret",
            },
            mapping={"events": ONE_CONVERSION},
        )
    )
    mapped_field = "description"
    mapped_name = "tw-oabc1-odef9"


class TestMicrosoftUET(DestinationSuite):
    destination = MicrosoftUET(
        MicrosoftUETSettings(tag_id="12345678", api_token=TOKEN, phone_region="DE")
    )
    events = tuple(sample | {"click_ids": {"msclkid": "m-1"}} for sample in SAMPLES)
    mapped_field = "customData.mapped"
    answers = (
        {"eventsReceived": 2, "traceId": "7f3c"},
        {
            "eventsReceived": 2,
            "error": {
                "code": "ValidationError",
                "message": "Some events are not valid",
                "details": [
                    {
                        "index": 1,
                        "propertyName": "userData.em",
                        "attemptedValue": "ada@example.com",
                        "errorMessage": "em must be a SHA-256 hash",
                        "errorCode": "InvalidHash",
                        "isWarning": False,
                    }
                ],
            },
        },
        {"error": {"code": "Unauthorized", "message": "Unauthorized"}, "traceId": "7f3c"},
    )


class TestGA4(DestinationSuite):
    destination = GA4(GA4Settings(measurement_id="G-TEST000001", api_secret=TOKEN))
    mapped_field = "params.mapped"
    answers = (b"",)


class TestGA4App(DestinationSuite):
    destination = GA4(
        GA4Settings(firebase_app_id="1:12345:ios:321abc", api_secret=TOKEN, phone_region="US")
    )
    events = tuple({**event, **APP} for event in SAMPLES)
    mapped_field = "params.mapped"
    answers = (b"",)


class TestGA4Hits(DestinationSuite):
    destination = GA4(
        GA4Settings(measurement_id="G-TEST000001", transport="gtag", api_secret=TOKEN)
    )
    mapped_field = "params.mapped"
    answers = (b"",)


class TestGA4DataManager(DestinationSuite):
    destination = GA4(
        GA4Settings(
            measurement_id="G-TEST000001",
            transport="data_manager",
            property_id="123456789",
            credential="google",
            phone_region="DE",
        )
    )
    mapped_field = "params.mapped"
    answers = DATA_MANAGER_ANSWERS


class TestGA4DataManagerApp(DestinationSuite):
    destination = GA4(
        GA4Settings(
            firebase_app_id="1:12345:ios:321abc",
            transport="data_manager",
            property_id="123456789",
            credential="google",
        )
    )
    events = tuple({**event, **APP} for event in SAMPLES)
    mapped_field = "params.mapped"
    answers = DATA_MANAGER_ANSWERS


PROCESSED = {"status": "processed", "error_message": "", "warning_message": ""}
FAILED = {"status": "failed", "error_message": "event_time is too old", "warning_message": ""}


class TestPinterest(DestinationSuite):
    destination = Pinterest(
        PinterestSettings(
            ad_account_id="549", access_token=TOKEN, partner_name="ss-shop", phone_region="DE"
        )
    )
    mapped_field = "custom_data.mapped"
    answers = (
        {"num_events_received": 2, "num_events_processed": 1, "events": [PROCESSED, FAILED]},
        {"code": 4196, "message": "Request is malformed."},
        {"code": 2, "message": "Authentication failed."},
        {"code": 8, "message": "You have exceeded your rate limit."},
        {"code": 4197, "message": "Service is temporarily unavailable."},
    )


class TestPinterestTests(DestinationSuite):
    destination = Pinterest(PinterestSettings(ad_account_id="549", access_token=TOKEN, test=True))
    mapped_field = "custom_data.mapped"


class TestReddit(DestinationSuite):
    destination = Reddit(RedditSettings(pixel_id="t2_abc", access_token=TOKEN, phone_region="DE"))
    mapped_field = "metadata.mapped"
    answers = (
        {"data": {"message": "Successfully processed 2 conversion events."}},
        {"error": {"code": 401, "message": "No bearer token provided."}},
        {"error": {"code": 400, "message": "events[0].event_at is too old"}},
    )


class TestRedditTests(DestinationSuite):
    destination = Reddit(RedditSettings(pixel_id="t2_abc", access_token=TOKEN, test_id="t-1"))
    mapped_field = "metadata.mapped"


class TestOpenAIAds(DestinationSuite):
    destination = OpenAIAds(OpenAIAdsSettings(pixel_id="px_1", api_key=TOKEN, phone_region="DE"))
    mapped_field = "data.mapped"
    answers = ({}, {"error": {"message": "events[0].timestamp_ms is too old", "code": "invalid"}})


class TestTikTok(DestinationSuite):
    destination = TikTok(
        TikTokSettings(event_source_id="CPIX1", access_token=TOKEN, phone_region="DE")
    )
    mapped_field = "properties.mapped"
    answers = (
        {"code": 0, "message": "OK", "request_id": "1", "data": {}},
        {"code": 20001, "message": "Partial success: Batch.1.event_time", "data": {}},
        {"code": 40002, "message": "Batch.0.properties.contents.0.content_id: missing"},
        {"code": 40002, "message": "Invalid parameters"},
        {"code": 40105, "message": "Access token is incorrect or has been revoked."},
        {"code": 40100, "message": "Requests made too frequently"},
        {"code": 51011, "message": "Internal service timed out"},
        {"code": 1234567, "message": "New"},
    )


class TestTikTokLeads(DestinationSuite):
    destination = TikTok(
        TikTokSettings(event_source="crm", event_source_id="7000001", access_token=TOKEN)
    )
    events = tuple({**event, **APP} for event in SAMPLES)
    mapped_field = "properties.mapped"
    answers = ({"code": 0, "message": "OK"},)


class TestSnapchat(DestinationSuite):
    destination = Snapchat(
        SnapchatSettings(pixel_id="0a1b2c3d", access_token=TOKEN, phone_region="DE")
    )
    mapped_field = "custom_data.mapped"
    answers = (
        {"status": "VALID"},
        {"status": "INVALID", "reason": "Invalid event", "event": 1},
        {
            "status": "INVALID",
            "reason": "Invalid event",
            "errors": {"codes": ["E"], "error_msgs": ["event_time is too old"]},
        },
    )


class TestGoogleDataManager(DestinationSuite):
    destination = GoogleDataManager(
        GoogleDataManagerSettings(
            credential="google",
            account_id="123-456-7890",
            phone_region="DE",
            mapping={"events": dict.fromkeys(CONVERSIONS, "987654321")},
        )
    )
    events = tuple(sample | {"click_ids": {"gclid": "g-1"}} for sample in SAMPLES)
    mapped_field = "customVariables"
    mapped_name = "123456789"
    answers = DATA_MANAGER_ANSWERS


class TestWebhook(DestinationSuite):
    destination = Webhook(
        WebhookSettings(
            url="https://receiver.example/events?source=shop",
            secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            headers={"authorization": "Bearer s3cr&t+"},
        )
    )
    secrets = ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",)
    answers = (b"", b"received", {"error": "no perch"})


class TestWebhookWithBasicCredentials(DestinationSuite):
    destination = Webhook(
        WebhookSettings(
            url="https://receiver.example/",
            headers={
                "Authorization": f"Basic {b64encode(b'shop:s3cret pass/w0rd').decode()}",
                "x-shop-key": "s3cret of a header of its own",
            },
        )
    )
    secrets = ("s3cret pass/w0rd",)
    answers = (b"",)


class TestWebhookWithAsymmetricKey(DestinationSuite):
    destination = Webhook(
        WebhookSettings(
            url="https://receiver.example/s3cret-path",
            secret_url=True,
            secret="whsk_" + b64encode(bytes(range(32))).decode(),
            auth={"basic": {"username": "shop", "password": "s3cret pass/w0rd"}},
            headers={"x-event": {"template": "{event_name}"}},
        )
    )
    secrets = (b64encode(bytes(range(32))).decode(),)
    answers = (b"",)


class TestWebhookWithGitHubSignature(DestinationSuite):
    destination = Webhook(
        WebhookSettings(
            url="https://receiver.example/",
            signature="github",
            secret="It's a secret",
            auth={"bearer": "s3cret/t+ken"},
            format="ndjson",
            batch={"max_events": 3},
        )
    )
    answers = (b"",)


class TestWebhookWithJsonArrays(DestinationSuite):
    destination = Webhook(WebhookSettings(url="https://receiver.example/", format="json_array"))
    answers = (b"",)


CLOUDEVENTS = {"source": "https://shop.example", "type": "example.shop.{event_name}"}


class TestWebhookWithCloudEvents(DestinationSuite):
    destination = Webhook(
        WebhookSettings(
            url="https://receiver.example/", format="cloudevents", cloudevents=CLOUDEVENTS
        )
    )
    answers = (b"",)


class TestWebhookWithBinaryCloudEvents(DestinationSuite):
    destination = Webhook(
        WebhookSettings(
            url="https://receiver.example/", format="cloudevents_binary", cloudevents=CLOUDEVENTS
        )
    )
    answers = (b"",)


class TestWebhookWithBatchesOfCloudEvents(DestinationSuite):
    destination = Webhook(
        WebhookSettings(
            url="https://receiver.example/", format="cloudevents_batch", cloudevents=CLOUDEVENTS
        )
    )
    answers = (b"",)


SUITES = (
    TestMeta,
    TestLinkedIn,
    TestX,
    TestXSigned,
    TestMicrosoftUET,
    TestGA4,
    TestGA4App,
    TestGA4Hits,
    TestGA4DataManager,
    TestGA4DataManagerApp,
    TestPinterest,
    TestPinterestTests,
    TestReddit,
    TestRedditTests,
    TestOpenAIAds,
    TestTikTok,
    TestTikTokLeads,
    TestSnapchat,
    TestGoogleDataManager,
    TestWebhook,
    TestWebhookWithBasicCredentials,
    TestWebhookWithAsymmetricKey,
    TestWebhookWithGitHubSignature,
    TestWebhookWithJsonArrays,
    TestWebhookWithCloudEvents,
    TestWebhookWithBinaryCloudEvents,
    TestWebhookWithBatchesOfCloudEvents,
)
every_destination = pytest.mark.parametrize(
    "destination", [suite.destination for suite in SUITES], ids=[each.__name__ for each in SUITES]
)


def test_every_kind_has_its_suite() -> None:
    assert {suite.destination.type for suite in SUITES} == set(destination_types())


@every_destination
def test_all_examples_can_be_sent_in_requests_that_are_full(
    destination: Destination[Any], examples: list[Event]
) -> None:
    complete = [event | APP for event in examples]
    taken = [event for event in complete if not destination.unsendable(event)]
    assert len(taken) >= len(examples) - 1, "it may refuse refunds"
    copies = max(100, destination.limits.max_events // len(taken) + 1)
    events = [event for event in taken for _ in range(copies)]
    requests = requests_of(destination, events)
    assert sorted(positions(requests)) == list(range(len(events)))
    assert max(len(request.events) for request in requests) == destination.limits.max_events


NAMED = [
    suite.destination
    for suite in SUITES
    if "page_view" in (type(suite.destination).built_in_mapping or MappingSettings()).events
]
"""Destinations whose built-in mapping names page views."""


@pytest.mark.parametrize("destination", NAMED, ids=lambda each: each.type)
def test_the_event_of_tag_manager_for_a_page_is_its_view(destination: Destination[Any]) -> None:
    names = destination.mapper.names
    assert names["gtm.dom"] == names["page_view"]
    assert names.keys().isdisjoint({"gtm.js", "gtm.load"}), "they would count the page again"


@every_destination
def test_only_where_a_destination_says_so_anonymous_events_can_be_sent(
    destination: Destination[Any], examples: list[Event]
) -> None:
    anonymous = [compile_anonymise()(event) for event in examples]
    sent = positions(requests_of(destination, anonymous))
    says_so = type(destination).takes_anonymous(destination.settings)
    assert sorted(sent) == (list(range(len(examples))) if says_so else [])


@every_destination
def test_an_event_that_is_no_json_is_unsendable(
    destination: Destination[Any], examples: list[Event]
) -> None:
    whole = examples[0] | APP
    half_a_pair = {
        **whole,
        "event_id": "\ud800",
        "coupon": "\ud800",
        "user_properties": {"a": "\ud800"},
    }
    results = destination.requests([whole, half_a_pair, whole], NOW)
    unsendable, *requests = sorted(results, key=lambda result: isinstance(result, Request))
    assert unsendable == Unsendable(1, "the event cannot be represented in JSON")
    assert positions(requests) == [0, 2]


IDS: dict[type[Destination[Any]], str] = {
    Meta: "event_id",
    TikTok: "event_id",
    Snapchat: "event_id",
    Reddit: "metadata.conversion_id",
    GoogleDataManager: "transactionId",
}
"""The path of the event's id, for vendors that recognise repetitions by it."""


@pytest.mark.parametrize(
    ("suite", "path"),
    [(suite, IDS[type(suite.destination)]) for suite in SUITES if type(suite.destination) in IDS],
)
@pytest.mark.parametrize(
    ("value", "recognised"),
    [
        ({"field": "event_id", "as": "text"}, True),
        (None, False),
        ("", False),
    ],
    ids=str,
)
def test_only_an_event_with_an_id_is_recognised(
    suite: type[DestinationSuite], path: str, value: Any, recognised: bool, examples: list[Event]
) -> None:
    own = suite.destination.settings
    events = own.mapping.events
    mapping = MappingSettings.model_validate({"events": events, "fields": {path: value}})
    destination = type(suite.destination)(own.model_copy(update={"mapping": mapping}))
    event = next(each for each in examples if each["event_name"] == "purchase")
    assert destination.recognises(event, 60) is recognised
