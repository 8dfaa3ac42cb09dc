"""`events`: our own JSON, from backends with a key."""

import orjson
import pytest

from gateway.sources.base import Inbound, Refused
from gateway.sources.events import Events, EventsSettings

EVENTS = Events(EventsSettings(type="events", keys=["old-key", "new-key", "schlüssel"]))
EVENT = {"event_name": "purchase", "ip_override": "203.0.113.9"}


def post(authorization: str | None, body: bytes = orjson.dumps(EVENT)) -> Inbound:
    headers = {} if authorization is None else {"authorization": authorization}
    return Inbound("POST", "/events", "", headers, body)


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer old-key",
        "bearer new-key",
        "Bearer  new-key ",
        "Bearer " + "schlüssel".encode().decode("latin-1"),
    ],
)
def test_a_sender_with_a_key_is_trusted(authorization: str) -> None:
    batch = EVENTS.read(post(authorization))
    assert batch.trusted
    assert batch.events == [EVENT]


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer old-key2",
        "Bearer old-ke",
        "Basic old-key",
        "old-key",
        "Bearer old-key new-key",
        "Bearer ключ",
        "Bearer \udcff",
    ],
)
def test_a_sender_without_a_key_is_refused(authorization: str | None) -> None:
    with pytest.raises(Refused) as refused:
        EVENTS.read(post(authorization))
    assert (refused.value.status, refused.value.reason) == (401, "unauthorized")


def test_the_key_is_looked_at_before_the_body() -> None:
    with pytest.raises(Refused) as refused:
        EVENTS.read(post("Bearer wrong", b"not JSON"))
    assert refused.value.status == 401


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        (
            [{"event_name": "a"}, {"event_name": "b"}],
            200,
            {"accepted": 2, "event_ids": ["id-0", "id-1"], "refused": []},
        ),
        (
            {"events": [{"event_name": "a"}, {}]},
            200,
            {
                "accepted": 1,
                "event_ids": ["id-0"],
                "refused": [{"index": 1, "reason": "event_name: Field required"}],
            },
        ),
        (
            {},
            400,
            {
                "accepted": 0,
                "event_ids": [],
                "refused": [{"index": 0, "reason": "event_name: Field required"}],
            },
        ),
    ],
)
def test_the_answer_names_the_accepted_events(
    body: object, status: int, answer: dict[str, object]
) -> None:
    batch = EVENTS.read(post("Bearer new-key", orjson.dumps(body)))
    for index, event in enumerate(batch.events):
        event["event_id"] = f"id-{index}"
    given = EVENTS.answer(batch)
    assert (given.status, orjson.loads(given.body)) == (status, answer)


def test_keys_are_not_shown() -> None:
    assert "old-key" not in repr(EVENTS.settings)
