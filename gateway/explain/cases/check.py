"""Finds expectations of a case that are not met, with the functions of `gateway explain`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.configuration.settings import Settings
from gateway.explain.cases import reasons
from gateway.explain.cases.fields import (
    event_mismatches,
    expected_in_words,
    found_in_words,
    is_wanted,
    mismatches,
)
from gateway.explain.cases.model import Case, ExpectedDestination
from gateway.explain.explain import Explanation, explain_decision
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Verdict


@dataclass(frozen=True, slots=True)
class Failure:
    """One expectation that was not met.

    where: ``event.order_size``, ``meta``, ``meta.requests.0.body.data.0.value``. expected, found:
    in words. because: lines of the trace that explain what was found.
    """

    where: str
    expected: str
    found: str
    because: tuple[str, ...] = ()


CheckCase = Callable[[Case], list[Failure]]


def compile_check_case(settings: Settings) -> CheckCase:
    """A function that finds every expectation of a case that `settings` do not meet."""
    decide = compile_pipeline(settings)

    def check(case: Case) -> list[Failure]:
        event = case.given.event
        decision = decide(event, case.given.received(time.time()))
        explanation = explain_decision(settings, event, decision)
        failures = list(_of_event(case, settings, explanation))
        for name, expected in case.expect.destinations.items():
            verdict = decision.verdicts[name]
            failures += _of_destination(name, expected, verdict, settings, explanation)
        return failures

    return check


def _of_event(case: Case, settings: Settings, explanation: Explanation) -> Iterator[Failure]:
    for path, expected, found in event_mismatches(explanation["event"], case.expect.event):
        because = reasons.of_field(path, settings, explanation)
        yield Failure(f"event.{path}", expected, found, tuple(because))


def _of_destination(
    name: str,
    expected: ExpectedDestination,
    verdict: Verdict,
    settings: Settings,
    explanation: Explanation,
) -> Iterator[Failure]:
    there = explanation["destinations"][name]
    if verdict.event is None:
        because = reasons.of_withholding(verdict, there, explanation)
    else:
        because = reasons.of_sending(name, settings, explanation)
    wrong = list(_of_decision(name, expected, there, tuple(because)))
    yield from wrong
    if wrong and verdict.event is None:
        return  # there is nothing more to compare
    for path, wanted, found in event_mismatches(verdict.event or {}, expected.event):
        because = reasons.of_field_there(path, name, settings, explanation)
        yield Failure(f"{name}.event.{path}", wanted, found, tuple(because))
    yield from _of_requests(name, expected, there)


def _of_decision(
    name: str, expected: ExpectedDestination, there: Explanation, because: tuple[str, ...]
) -> Iterator[Failure]:
    decision = expected.decision
    if decision is None and expected.event:
        decision = "send"
    found = f"{there['decision']}: {there['reason']}" if there["reason"] else there["decision"]
    if decision is not None and there["decision"] != decision:
        reason = f": {expected.reason}" if expected.reason else ""
        yield Failure(name, f"{decision}{reason}", found, because)
    elif expected.reason is not None and expected.reason not in there["reason"]:
        yield Failure(name, f"a reason with {expected.reason!r}", found, because)


def _of_requests(name: str, expected: ExpectedDestination, there: Explanation) -> Iterator[Failure]:
    requests, wanted = there["requests"], expected.requests
    if wanted is None:
        return
    because = (f"{name}: {there['reason']}",) if there["reason"] else ()
    count = wanted if isinstance(wanted, int) else len(wanted)
    if len(requests) != count:
        yield Failure(f"{name}.requests", str(count), str(len(requests)), because)
    elif isinstance(wanted, list):
        for index, (each, request) in enumerate(zip(wanted, requests, strict=True)):
            where = f"{name}.requests.{index}"
            if each.url is not None and not is_wanted(request["url"], each.url):
                shown = found_in_words(request["url"])
                yield Failure(f"{where}.url", expected_in_words(each.url), shown)
            for path, words, found in mismatches(request["body"], each.body):
                yield Failure(f"{where}.body.{path}", words, found)
