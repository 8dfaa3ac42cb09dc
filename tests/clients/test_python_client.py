"""The Python client with its thread or event loop, at a scripted gateway and at a real one."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateway_client import AsyncClient, Client, Failure, NotAccepted

from tests.clients.conftest import KEY, Running

URL = "https://metrics.shop.example/events"
PACKAGE = Path(__file__).parents[2] / "clients" / "python"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway_client.sender.MAX_PAUSE", 0.01)


class Script:
    """Answers requests in the order of `answers`, then accepts everything."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.accepted: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        ids = [event["event_id"] for event in json.loads(request.content)["events"]]
        self.accepted += ids
        return httpx.Response(200, json={"accepted": len(ids), "refused": [], "event_ids": ids})

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)


def unavailable(retry_after: str = "0.01") -> httpx.Response:
    return httpx.Response(503, json={"error": "away"}, headers={"retry-after": retry_after})


def client_of(script: Script, **options: Any) -> Client:
    return Client(URL, KEY, transport=script.transport, **options)


def test_an_event_is_sent_with_the_key_its_name_and_fields() -> None:
    script = Script()
    with client_of(script) as client:
        event_id = client.event("purchase", {"value": 59.8, "event_name": "not this"})
        assert client.flush()
    (request,) = script.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    (event,) = json.loads(request.content)["events"]
    assert (event["event_name"], event["value"], event["event_id"]) == ("purchase", 59.8, event_id)
    assert KEY not in repr(client)


def test_what_was_not_confirmed_is_repeated_with_the_same_ids_and_times() -> None:
    script = Script(httpx.ConnectError("away"), unavailable(), RuntimeError("odd"))
    with client_of(script) as client:
        event_id = client.event("purchase")
    first, *others = [request.content for request in script.requests]
    assert script.accepted == [event_id]
    assert others == [first] * 3


def test_events_of_many_threads_arrive_once_each_and_share_requests() -> None:
    script = Script()
    sent: list[str] = []
    with client_of(script) as client:

        def work() -> None:
            for _ in range(100):
                sent.append(client.event("page_view"))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(script.accepted) == sorted(sent)
    assert len(script.requests) < len(sent)


def test_a_refused_event_is_reported_by_its_id_and_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures: list[Failure] = []
    partly = httpx.Response(200, json={"accepted": 0, "refused": [{"index": 0, "reason": "bad"}]})
    script = Script(partly)

    def fail(failure: Failure) -> None:
        failures.append(failure)
        raise RuntimeError("ada@example.com")

    with client_of(script, on_failure=fail) as client:
        fields = {"event_id": "id\n1", "user_data": {"email_address": "ada@example.com"}}
        client.event("purchase", fields)
        assert client.flush()
        other = client.event("purchase")
    (failure,) = failures
    assert (failure.event_id, failure.reason, failure.refused) == ("id\n1", "bad", True)
    assert failure.event["user_data"] == fields["user_data"]
    assert script.accepted == [other]
    assert "event id\\n1 (purchase) was not accepted: bad" in caplog.text
    assert "ada@" not in caplog.text
    assert "ada@" not in repr(failure)


def test_a_full_queue_refuses_the_newest_event() -> None:
    failures: list[Failure] = []
    blocked, release = threading.Event(), threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        blocked.set()
        release.wait(60)
        return httpx.Response(204)

    with Client(
        URL, KEY, max_events=2, transport=httpx.MockTransport(answer), on_failure=failures.append
    ) as client:
        ids = [client.event("page_view") for _ in range(3)]
        blocked.wait(60)
        assert [failure.event_id for failure in failures] == [ids[2]]
        assert not client.flush(timeout=0.01)
        release.set()


def test_close_reports_what_the_gateway_did_not_confirm_and_takes_no_more() -> None:
    failures: list[Failure] = []
    script = Script(*[unavailable("3600")] * 9)
    client = client_of(script, on_failure=failures.append)
    first = client.event("purchase")
    assert not client.close(timeout=0.2)
    second = client.event("purchase")
    assert [(each.event_id, each.refused) for each in failures] == [(first, False), (second, False)]
    assert [each.reason for each in failures] == [
        "the gateway did not confirm it in time",
        "the client is closed",
    ]
    assert len(script.requests) == 1
    with pytest.raises(NotAccepted, match="the client is closed"):
        client.send([{"event_name": "purchase"}])


def test_an_event_that_json_cannot_express_is_reported_not_raised() -> None:
    failures: list[Failure] = []
    loop: list[Any] = []
    loop.append(loop)
    with client_of(Script(), on_failure=failures.append) as client:
        event_id = client.event("purchase", {"loop": loop})
    assert [(each.event_id, each.refused) for each in failures] == [(event_id, True)]


def test_send_returns_when_all_are_accepted_and_raises_with_what_was_not() -> None:
    script = Script(unavailable())
    client = client_of(script)
    client.send({"event_name": "purchase", "event_id": f"order-{n}"} for n in range(250))
    assert script.accepted == [f"order-{n}" for n in range(250)]
    client.send([])

    refused = {"accepted": 0, "refused": [{"index": 0, "reason": "no name"}]}
    with pytest.raises(NotAccepted, match="1 events were not accepted: no name") as raised:
        client_of(Script(httpx.Response(400, json=refused))).send([{"event_id": "order-1"}])
    assert [each.refused for each in raised.value.failures] == [True]

    with pytest.raises(NotAccepted, match="in time") as raised:
        client_of(Script(unavailable("60"))).send([{"event_name": "purchase"}], timeout=1)
    assert [each.refused for each in raised.value.failures] == [False]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_after_a_fork_the_child_sends_its_own_events_and_not_those_of_its_parent() -> None:
    script = Script(unavailable("0.5"))
    with client_of(script) as client:
        ours = client.event("page_view")
        while not script.requests:
            threading.Event().wait(0.01)
        child = os.fork()
        if child == 0:
            script.accepted = []
            theirs = client.event("page_view")
            os._exit(0 if client.flush(60) and script.accepted == [theirs] else 1)
        assert os.waitpid(child, 0)[1] == 0
    assert script.accepted == [ours]


def run_async(work: Callable[[], Any]) -> Any:
    return asyncio.run(work())


def async_client_of(script: Script, **options: Any) -> AsyncClient:
    return AsyncClient(URL, KEY, transport=script.transport, **options)


def test_the_asynchronous_client_sends_repeats_and_closes_alike() -> None:
    script = Script(httpx.ConnectError("away"), unavailable())

    async def work() -> list[str]:
        async with async_client_of(script) as client:
            ids = [client.event("purchase", {"value": n}) for n in range(150)]
            await client.send([{"event_name": "refund", "event_id": "refund-1"}])
            return ids

    ids = run_async(work)
    assert sorted(script.accepted) == sorted([*ids, "refund-1"])


def test_the_asynchronous_client_reports_what_was_not_confirmed() -> None:
    failures: list[Failure] = []
    script = Script(*[unavailable("3600")] * 9)

    async def work() -> bool:
        client = async_client_of(script, on_failure=failures.append)
        client.event("purchase")
        await asyncio.sleep(0)
        closed = await client.close(timeout=0.2)
        client.event("purchase")
        with pytest.raises(NotAccepted, match="the client is closed"):
            await client.send([{"event_name": "purchase"}])
        with pytest.raises(NotAccepted, match="in time"):
            await async_client_of(script).send([{"event_name": "purchase"}], timeout=0.1)
        return closed

    assert run_async(work) is False
    assert [each.reason for each in failures] == [
        "the gateway did not confirm it in time",
        "the client is closed",
    ]


def test_the_asynchronous_client_goes_on_in_another_event_loop() -> None:
    script = Script()
    client = async_client_of(script)

    async def work() -> str:
        return client.event("page_view")  # the loop ends before it is sent

    async def close() -> None:
        await client.close()

    ids = [run_async(work), run_async(work)]
    run_async(close)
    assert script.accepted == ids


SENDS_AND_ENDS = {
    "Client": """
client = Client(url, key)
for number in range(3):
    client.event("at_exit", {"test": test, "number": number})
""",
    "AsyncClient": """
async def work():
    client = AsyncClient(url, key)
    for number in range(3):
        client.event("at_exit", {"test": test, "number": number})
asyncio.run(work())
""",
}


def errors_of(body: str, **names: str) -> str:
    """What the program with `body` writes to stderr until it ends."""
    head = "import asyncio\nfrom gateway_client import AsyncClient, Client\n"
    values = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    return subprocess.run(
        [sys.executable, "-c", head + values + body],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    ).stderr


@pytest.mark.parametrize("kind", SENDS_AND_ENDS)
def test_a_program_that_ends_has_sent_its_events(running: Running, kind: str) -> None:
    test = f"ends {kind}"
    body = SENDS_AND_ENDS[kind]
    assert errors_of(body, url=running.events_url, key=KEY, test=test) == ""
    events = running.wait_for_events(3, lambda event: event.get("test") == test)
    assert sorted(event["number"] for event in events) == [0, 1, 2]


def test_a_real_gateway_answers_as_the_client_expects(running: Running) -> None:
    failures: list[Failure] = []
    with Client(running.events_url, KEY, on_failure=failures.append) as client:
        client.event("purchase", {"test": "real", "value": "59,80", "currency": "EUR"})
        client.event("", {"test": "real", "event_id": "nameless"})
        client.event("refund", {"test": "real"})
        client.event("large", {"test": "real", "event_id": "large", "x": "x" * 2_000_000})
        assert client.flush()
    events = running.wait_for_events(2, lambda event: event.get("test") == "real")
    assert {event["event_name"]: event.get("value") for event in events} == {
        "purchase": 59.8,
        "refund": None,
    }
    assert {(each.event_id, each.refused) for each in failures} == {
        ("nameless", True),
        ("large", True),
    }


def test_a_wrong_key_is_named_and_the_events_wait(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(running.events_url, "another-key")
    client.event("purchase")
    assert not client.close(timeout=0.5)
    assert "1 events wait" in caplog.text
    assert "the gateway answers 401: check the key" in caplog.text
    assert "another-key" not in caplog.text


def test_the_package_needs_httpx_and_nothing_else() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    assert [re.split("[<>=]", each)[0] for each in project["dependencies"]] == ["httpx"]
    code = "".join(path.read_text() for path in (PACKAGE / "gateway_client").glob("*.py"))
    modules = set(re.findall(r"^(?:from|import) (\w+)", code, re.MULTILINE))
    assert modules - sys.stdlib_module_names == {"httpx", "gateway_client"}
