"""Access and erasure, started by an operator in the console."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import pytest

from gateway.ledger.operator_log import OperatorLog
from tests.console.conftest import GRANTED, KEY
from tests.support import plain_http
from tests.support.console_server import ConsoleServer
from tests.support.gateway_process import Gateway, wait_for

VIEWER = {"x-role": "viewer"}
EMAIL = "grace@example.com"
URL = "/privacy/persons"


@pytest.fixture(scope="module")
def client(signed_in: ConsoleServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=signed_in.url, timeout=90) as client:
        yield client


@pytest.fixture(scope="module")
def person(client: httpx.Client, running: Gateway) -> str:
    """The path of the page of a person with two events."""
    for number in range(2):
        event = {
            "event_name": "of grace",
            "event_id": f"grace-{number}",
            "timestamp": time.time(),
            "consent": GRANTED,
            "user_data": {"email_address": EMAIL},
        }
        assert plain_http.post(f"{running.url}/events", json=event, headers=KEY).is_success
    answer = client.post(URL, data={"id": f" {EMAIL} "})
    assert answer.status_code == 303
    return answer.headers["location"]


def name_of(client: httpx.Client, person: str) -> str:
    name: str = client.get(f"{person}.json").json()["digest"]
    return name


def lines(signed_in: ConsoleServer) -> list[dict]:  # type: ignore[type-arg]
    return [*map(json.loads, OperatorLog.of(signed_in.settings).lines())]


def test_only_operators_may(client: httpx.Client) -> None:
    digest = "0" * 24
    assert client.post(URL, data={"id": EMAIL}, headers=VIEWER).status_code == 403
    assert client.get(f"{URL}/{digest}", headers=VIEWER).status_code == 403
    for action in ("erase", "access"):
        answer = client.post(f"{URL}/{digest}/{action}", data={"sure": "on"}, headers=VIEWER)
        assert answer.status_code == 403
    assert 'action="/privacy/persons"' not in client.get("/privacy", headers=VIEWER).text
    assert 'action="/privacy/persons"' in client.get("/privacy").text


@pytest.mark.parametrize("digest", ["x", "0" * 23, "G" * 24, EMAIL])
def test_what_is_no_digest_is_not_looked_for(client: httpx.Client, digest: str) -> None:
    for path in (f"{URL}/{digest}", f"{URL}/{digest}.json"):
        assert client.get(path).status_code == 404
    assert client.post(f"{URL}/{digest}/erase", data={"sure": "on"}).status_code == 404


def test_an_empty_id_is_refused(client: httpx.Client) -> None:
    assert client.post(URL, data={"id": "  "}).status_code == 422


def wait_until_recorded(client: httpx.Client, person: str) -> None:
    """Waits until the page counts 2 records. It answers that it is busy while another process works
    on the ledger's files."""

    def is_recorded() -> bool:
        answer = client.get(f"{person}.json")
        return answer.status_code == 200 and answer.json()["total"] == 2

    wait_for(is_recorded, 60, "the ledger")


def test_a_dry_run_counts_and_shows_no_id(client: httpx.Client, person: str) -> None:
    assert EMAIL not in person
    wait_until_recorded(client, person)
    page = client.get(person)
    assert page.status_code == 200
    assert "2 records" in page.text
    assert EMAIL not in page.text
    assert "example.com" not in page.text


def test_an_access_is_a_file_and_is_logged(
    client: httpx.Client, person: str, signed_in: ConsoleServer
) -> None:
    wait_until_recorded(client, person)
    answer = client.post(f"{person}/access")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    ids = {story["payload"]["event_id"] for story in answer.json()["ledger"]}
    assert ids == {"grace-0", "grace-1"}
    last = lines(signed_in)[-1]
    assert (last["user"], last["command"]) == ("console:anna", "access")
    assert last["arguments"] == {"digest": name_of(client, person)}


def test_an_erasure_is_confirmed_goes_on_and_is_logged(
    client: httpx.Client, person: str, signed_in: ConsoleServer
) -> None:
    wait_until_recorded(client, person)
    assert client.post(f"{person}/erase").status_code == 422
    assert client.get(f"{person}.json").json()["total"] == 2
    work = client.post(f"{person}/erase", data={"sure": "on"})
    assert work.status_code == 303
    again = client.post(f"{person}/erase", data={"sure": "on"})
    assert again.status_code == 409, "one at a time"
    path = f"{work.headers['location']}.json"
    wait_for(lambda: client.get(path).json()["ended"] is not None, 120, "the erasure")
    told = client.get(path).json()
    assert (told["trouble"], told["succeeded"]) == ("", 2)
    assert any("Beyond reach: Crm received 2" in note for note in told["notes"])
    assert EMAIL not in json.dumps(told)
    assert client.get(f"{person}.json").json()["total"] == 0
    assert client.get("/events.json?event_name=of grace").json()["events"] == []
    last = lines(signed_in)[-1]
    assert (last["command"], last["counts"]["ledger"]) == ("erase", 2)
    assert last["arguments"] == {"digest": name_of(client, person)}
    requests = client.get("/privacy.json").json()["requests"]
    assert requests[0]["person"] == name_of(client, person)


def test_the_kinds_of_an_id_are_kept_apart(client: httpx.Client, running: Gateway) -> None:
    for name in ("user_id", "transaction_id"):
        event = {"event_name": "shared", "event_id": name, name: "1001", "consent": GRANTED}
        assert plain_http.post(f"{running.url}/events", json=event, headers=KEY).is_success
    person = client.post(URL, data={"id": "1001"}).headers["location"]
    wait_until_recorded(client, person)
    assert "may belong to different people" in client.get(person).text
    kinds = client.get(f"{person}.json").json()["kinds"]
    assert {kind: each["records"] for kind, each in kinds.items()} == {"person": 1, "order": 1}
    order = client.post(f"{kinds['order']['url']}/access")
    assert [story["payload"]["event_id"] for story in order.json()["ledger"]] == ["transaction_id"]
    assert "may belong to different people" not in client.get(kinds["order"]["url"]).text


@pytest.mark.parametrize("width", [360, 1440])
def test_the_page_in_a_browser(open_tab, signed_in, person, width) -> None:
    tab = open_tab(width, base=signed_in.url)
    tab.open(person)
    assert tab.complaints() == []
    assert not tab.is_too_wide()
