"""`transform`: functions that others wrote, which may do anything."""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.configuration.load import parse_settings
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline
from gateway.stages.rules import Rule, compile_rules
from gateway.stages.rules.edits import Withheld
from gateway.stages.rules.plug_in import (
    REST_SECONDS,
    SLOW_IN_A_ROW,
    SLOW_SECONDS,
    PlugIn,
    load_function,
    problem_counts,
    take_problems,
)

MODULE = """
import dataclasses
import datetime

kept = {}

def add_margin(event):
    event["margin"] = event.get("value", 0) / 2
    event.setdefault("items", []).append({"price": "3"})
    return event

def raises(event):
    raise KeyError("jo@shop.example")

def two(event, more): return event
async def waits(event): return event
number = 5
def gives_nothing(event): event["x"] = 1
def gives_wrong_types(event): return {**event, "value": "s3cr3t"}
def takes_the_id(event): return {"event_name": "x"}
def gives_objects(event): return {**event, "own": {1, 2}}
def gives_too_much(event): return {**event, **{f"field_{n}": n for n in range(300)}}
def gives_own_consent(event): return {**event, "consent": {"marketing": "denied"}}
@dataclasses.dataclass
class Purchase:
    event_name: str
    event_id: str
    timestamp: float
    consent: dict
def gives_a_dataclass(event):
    return Purchase("purchase", event["event_id"], event["timestamp"], {"ad_storage": "denied"})
def gives_dates(event): return {**event, "own": datetime.date(2026, 1, 2)}
def grants(event):
    return {**event, "consent": {**event.get("consent", {}), "ad_storage": "granted"}}
def denies(event): return {**event, "consent": {"ad_storage": False}}
def forgets_consent(event): return {k: v for k, v in event.items() if k != "consent"}
def gives_what_it_keeps(event):
    kept.update(event, own=kept.get("own", []))
    return kept
"""
EVENT = {"event_name": "purchase", "event_id": "1", "timestamp": 5.0, "value": 3, "own": [{}]}


@pytest.fixture(autouse=True)
def shop_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop_rules.py").write_text(MODULE)
    (tmp_path / "broken_rules.py").write_text("raise RuntimeError('s3cr3t')")
    (tmp_path / "leaving_rules.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(tmp_path)


def rule(function: str, **more: Any) -> Rule:
    return Rule.model_validate({"name": "own", "transform": f"shop_rules:{function}", **more})


def test_a_function_changes_the_event_which_is_then_read_as_any_other() -> None:
    ruled = compile_rules([rule("add_margin")])(EVENT)
    assert ruled.event == {**EVENT, "margin": 1.5, "items": [{"price": 3}]}
    assert ruled.trace == ("own: met",)
    assert "items" not in EVENT  # the function got a copy


def test_what_the_function_keeps_is_not_in_the_event() -> None:
    first = compile_rules([rule("gives_what_it_keeps")])(EVENT).event
    import shop_rules  # type: ignore[import-not-found]

    shop_rules.kept["own"].append("later")
    assert first["own"] == []


@pytest.mark.parametrize(
    ("function", "before", "after"),
    [
        ("grants", {"ad_storage": "denied"}, {"ad_storage": "denied"}),
        ("grants", {"ad_user_data": "granted"}, {"ad_user_data": "granted"}),
        ("grants", {"ad_storage": "granted"}, {"ad_storage": "granted"}),
        ("denies", {"ad_storage": "granted"}, {"ad_storage": "denied"}),
        (
            "denies",
            {"ad_user_data": "granted", "ad_personalization": "denied"},
            {"ad_user_data": "granted", "ad_personalization": "denied", "ad_storage": "denied"},
        ),
        ("forgets_consent", {"ad_storage": "denied"}, {"ad_storage": "denied"}),
    ],
)
def test_a_function_can_only_deny_consent(
    function: str, before: dict[str, str], after: dict[str, str]
) -> None:
    ruled = compile_rules([rule(function)])({**EVENT, "consent": before})
    assert ruled.event["consent"] == after
    ignored = function == "grants" and before.get("ad_storage") != "granted"
    assert ruled.trace == (
        (
            "own: met; transform shop_rules:grants granted ad_storage, which was ignored: it can "
            "only deny",
        )
        if ignored
        else ("own: met",)
    )


def test_an_event_that_is_full_passes_a_function() -> None:
    given = {**EVENT, **{f"k{number}": number for number in range(250)}, "bot": {"is_bot": True}}
    ruled = compile_rules([rule("add_margin")])(given)
    assert ruled.trace == ("own: met",)
    assert ruled.event == {**given, "margin": 1.5, "items": [{"price": 3}]}


def test_a_function_can_deny_consent_of_a_full_event_and_not_grant_it() -> None:
    states = {"ad_storage": "denied", "ad_user_data": "granted"}
    full = {**EVENT, **{f"k{number}": number for number in range(250)}, "consent": states}
    for function in ("grants", "denies", "forgets_consent"):
        ruled = compile_rules([rule(function)])(full)
        assert ruled.dropped is None
        assert ruled.event["consent"] == states


def test_a_function_that_makes_a_new_event_loses_no_exclusion() -> None:
    excluded = {**EVENT, "consent": {}, "integrations": {"ads": False}}
    ruled = compile_rules([rule("gives_a_dataclass")])(excluded)
    assert ruled.event["integrations"] == {"ads": False}


def test_what_json_can_represent_is_an_event() -> None:
    ruled = compile_rules([rule("gives_a_dataclass")])(EVENT)
    assert ruled.event["consent"] == {"ad_storage": "denied"}


def test_dates_become_texts() -> None:
    assert compile_rules([rule("gives_dates")])(EVENT).event["own"] == "2026-01-02"


FAILURES = pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        ("raises", "raised", "raised KeyError"),
        (
            "gives_nothing",
            "no event",
            "did not return an event: Input should be a valid dictionary",
        ),
        ("gives_wrong_types", "no event", "did not return an event: value (not a number)"),
        ("takes_the_id", "no event", "removed event_id and timestamp, which every event needs"),
        (
            "gives_too_much",
            "no event",
            "did not return an event: it has more than an event may have",
        ),
        ("gives_own_consent", "no event", "did not return an event: consent has no marketing"),
        ("gives_objects", "no event", "returned a value that cannot be represented in JSON"),
    ],
)


@FAILURES
def test_when_it_fails_the_event_is_withheld(function: str, kind: str, words: str) -> None:
    reference = f"shop_rules:{function}"
    before = problem_counts().get((reference, kind), 0)
    later = Rule.model_validate({"name": "later", "set": {"b": 1}})
    ruled = compile_rules([rule(function, set={"a": 1}), later])(EVENT)
    assert ruled.dropped is not None
    assert ruled.dropped.startswith(f"withheld by rule 'own': transform {reference} {words}")
    (line,) = ruled.trace
    assert line.startswith(f"own: met; transform {reference} {words}")
    assert line.endswith("; the event was withheld")
    assert ruled.applied == ("own",)
    assert "b" not in ruled.event
    assert "jo@shop" not in line + ruled.dropped
    assert "s3cr3t" not in line + ruled.dropped
    assert problem_counts()[reference, kind] == before + 1


@FAILURES
def test_or_goes_on_unchanged_where_the_rule_says_so(function: str, kind: str, words: str) -> None:
    reference = f"shop_rules:{function}"
    before = problem_counts().get((reference, kind), 0)
    passing = rule(function, on_failure="pass", set={"a": 1}, hash=["own_id"])
    ruled = compile_rules([passing])({**EVENT, "own_id": "x"})
    assert ruled.dropped is None
    assert ruled.event == {**EVENT, "a": 1, "own_id": sha256(b"x").hexdigest()}
    (line,) = ruled.trace
    assert line.startswith(f"own: met; transform {reference} {words}")
    assert line.endswith("; the event continued unchanged")
    assert "jo@shop" not in line
    assert "s3cr3t" not in line
    assert problem_counts()[reference, kind] == before + 1


def test_a_function_that_works_withholds_nothing() -> None:
    assert compile_rules([rule("add_margin")])(EVENT).dropped is None


def test_a_failure_in_a_destinations_own_rules_withholds_the_event_there_alone() -> None:
    settings = parse_settings(
        """\
sources: {site: {type: collect}}
destinations:
  careful:
    type: webhook
    url: https://one.example
    consent: []
    rules: [{name: own, transform: "shop_rules:raises"}]
  other: {type: webhook, url: https://two.example, consent: []}
""",
        environment={},
    )
    decision = compile_pipeline(settings)(EVENT, Received("site", 6.0))
    careful, other = decision.verdicts["careful"], decision.verdicts["other"]
    assert (careful.decision, careful.stage) == ("withheld", "destination rules")
    assert careful.reason == ("withheld by rule 'own': transform shop_rules:raises raised KeyError")
    assert other.decision == "send"


def test_on_failure_needs_a_function() -> None:
    with pytest.raises(ValidationError, match="on_failure: has no effect without `transform`"):
        Rule.model_validate({"set": {"a": 1}, "on_failure": "pass"})


class Clock:
    """now: seconds. takes: how many of them each call of `function` takes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.takes = 0.0
        self.calls = 0

    def __call__(self) -> float:
        return self.now

    def function(self, event: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        self.now += self.takes
        return {**event, "done": True}


def run(plug_in: Callable[[dict[str, Any]], str | None]) -> tuple[bool, str | None]:
    event = dict(EVENT)
    words = plug_in(event)
    return event.get("done", False), words


def test_events_are_withheld_while_it_rests_and_not_because_it_was_slow() -> None:
    clock = Clock()
    clock.takes = SLOW_SECONDS * 2
    plug_in = PlugIn("tired:function", clock.function, clock)
    for _ in range(SLOW_IN_A_ROW):
        assert run(plug_in) == (True, "transform tired:function was slow")
    with pytest.raises(Withheld, match="tired:function was skipped because it has been too slow"):
        run(plug_in)
    assert clock.calls == SLOW_IN_A_ROW


def test_a_function_that_is_slow_again_and_again_rests() -> None:
    clock = Clock()
    plug_in = PlugIn("slow:function", clock.function, clock, on_failure="pass")
    clock.takes = SLOW_SECONDS * 2
    for _ in range(SLOW_IN_A_ROW):
        assert run(plug_in) == (True, "transform slow:function was slow")  # its result is used
    done, words = run(plug_in)
    assert (done, clock.calls) == (False, SLOW_IN_A_ROW)
    assert words is not None
    assert "it has been too slow" in words

    clock.now += REST_SECONDS
    run(plug_in)  # one slow event makes it rest again
    assert (run(plug_in)[0], clock.calls) == (False, SLOW_IN_A_ROW + 1)

    clock.now += REST_SECONDS
    clock.takes = 0.0
    assert run(plug_in) == (True, None)
    clock.takes = SLOW_SECONDS * 2
    assert [run(plug_in)[0] for _ in range(SLOW_IN_A_ROW + 1)] == [True] * SLOW_IN_A_ROW + [False]
    counts = problem_counts()
    assert counts["slow:function", "slow"] == 2 * SLOW_IN_A_ROW + 1
    assert counts["slow:function", "resting"] == 3


def test_a_problem_is_taken_once() -> None:
    reference = "shop_rules:raises"
    fail = compile_rules([rule("raises")])
    take_problems()
    assert take_problems() == {}
    for times in (1, 2):
        for _ in range(times):
            fail(EVENT)
        counted = problem_counts()[reference, "raised"]
        assert take_problems() == {(reference, "raised"): times}
        assert problem_counts()[reference, "raised"] == counted


def test_one_slow_event_now_and_then_does_not_matter() -> None:
    clock = Clock()
    plug_in = PlugIn("sometimes:slow", clock.function, clock)
    for number in range(5 * SLOW_IN_A_ROW):
        clock.takes = SLOW_SECONDS * 2 if number % SLOW_IN_A_ROW else 0.0
        assert run(plug_in)[0]


def test_senders_cannot_switch_a_function_off_by_making_it_raise() -> None:
    clock = Clock()

    def picky(event: dict[str, Any]) -> dict[str, Any]:
        if "bad" in event:
            raise ValueError
        return clock.function(event)

    plug_in = PlugIn("picky:function", picky, clock, on_failure="pass")
    for _ in range(100):
        plug_in({**EVENT, "bad": 1})
    assert run(plug_in) == (True, None)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("shop_rules", "write it as package.module:function"),
        (":x", "write it as package.module:function"),
        ("shop_rules:", "write it as package.module:function"),
        ("no_such_rules:x", "module no_such_rules not found; install it or add its folder to"),
        ("shop_rules.sub:x", "module shop_rules.sub not found"),
        ("..:x", "cannot be imported: "),
        ("broken_rules:x", "broken_rules cannot be imported: RuntimeError"),
        ("leaving_rules:x", "leaving_rules cannot be imported: SystemExit"),
        ("shop_rules:add_margn", "shop_rules has no add_margn; did you mean 'add_margin'?"),
        ("shop_rules:number", "must be a plain function of one argument"),
        ("shop_rules:two", "must be a plain function of one argument"),
        ("shop_rules:waits", "must be a plain function of one argument"),
    ],
)
def test_mistakes_are_found_at_start(reference: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Rule.model_validate({"transform": reference})
    assert message in caught.value.errors()[0]["msg"]
    assert "s3cr3t" not in str(caught.value.errors()[0]["msg"])


def test_a_callable_that_does_not_tell_its_arguments_is_taken() -> None:
    assert load_function("builtins:dict") is dict


def test_nothing_else_is_caught() -> None:
    """A process can still be stopped, and a request cancelled."""

    def stop(event: dict[str, Any]) -> dict[str, Any]:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        PlugIn("stop:function", stop)(dict(EVENT))
