"""`transform: package.module:function`: a Python function for what YAML cannot express.

The function takes an event and returns one. It gets its own copy of the event, and its result is
read by `read_event`, like events of senders. It can deny consent but not grant it: grants in its
result are ignored. `problem_counts` counts failures:

    raised        the function raised an exception
    no event      its result is not an event, or lacks the `event_id` or `timestamp` of the original
    slow          it took longer than `SLOW_SECONDS`; its result is used
    resting       it was slow `SLOW_IN_A_ROW` times in a row, and is not called for `REST_SECONDS`;
                  after that, one slow event makes it rest again

In all cases but `slow` there is no result. The event is withheld, because the function may be there
to protect a person; with `on_failure: pass` it continues unchanged. The rule's line in the trace
says which.

A running function cannot be stopped: one that never returns blocks its process, and all events in
it. So it must not wait for a network, a disk or anything else.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import iscoroutinefunction, signature
from typing import Any, Literal

import orjson

from gateway.event import Event, EventError, read_event
from gateway.event.bounds import SURPLUS, TOO_MANY
from gateway.event.consent import CONSENT
from gateway.event.mending import IGNORED, ignored_in_words, ignored_of
from gateway.event.paths import MISSING
from gateway.event.text import did_you_mean, printable
from gateway.stages.integrations import INTEGRATIONS
from gateway.stages.rules.denials import with_denials_only
from gateway.stages.rules.edits import Withheld

Function = Callable[[Event], Any]

OnFailure = Literal["withhold", "pass"]
"""What becomes of an event for which the function gave no answer."""

SLOW_SECONDS = 0.01
SLOW_IN_A_ROW = 5
REST_SECONDS = 60.0

_KEPT = ("event_id", "timestamp")

_problems: Counter[tuple[str, str]] = Counter()
_taken: Counter[tuple[str, str]] = Counter()


def problem_counts() -> Mapping[tuple[str, str], int]:
    """Number of failures in this process, by function, as written in the rule, and problem."""
    return dict(_problems)


def take_problems() -> Mapping[tuple[str, str], int]:
    """What `problem_counts` has counted since the last call of this function in the process."""
    new = _problems - _taken
    _taken.update(new)
    return new


def load_function(reference: str) -> Function:
    """The function that `reference`, ``package.module:function``, names.

    Raises `ValueError`, which says what is wrong. This is the only place that imports the module.
    """
    module_name, colon, name = reference.partition(":")
    if not (module_name and colon and name):
        raise ValueError("not a function; write it as package.module:function")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"module {error.name} not found; install it or add its folder to PYTHONPATH"
        ) from None
    except (Exception, SystemExit) as error:  # whatever a module does when it is imported
        raise ValueError(f"{module_name} cannot be imported: {type(error).__name__}") from None
    function = getattr(module, name, None)
    if function is None:
        raise ValueError(f"{module_name} has no {name}{did_you_mean(name, vars(module))}")
    if not callable(function) or iscoroutinefunction(function) or not _takes_one(function):
        raise ValueError(f"{reference} must be a plain function of one argument, the event")
    loaded: Function = function
    return loaded


def _read(given: Any, before: Event) -> Event:
    """`given` as `read_event` reads it, but fields of `before` that the function left as they were
    count toward no bound: with what the gateway adds, an event may have more than a sender's."""
    changed = read_event(given)
    if SURPLUS not in changed:
        return changed
    same = {name for name, value in before.items() if given.get(name, MISSING) == value}
    same -= {"event_name", IGNORED}
    others = read_event({name: value for name, value in given.items() if name not in same})
    if not same.isdisjoint(others):
        return changed
    return {name: before[name] for name in before if name in same} | others


def _misfit(given: Mapping[str, Any], event: Event) -> str:
    """What `event`, read from `given`, lacks of it; "" for nothing."""
    if IGNORED in event:
        return ignored_in_words(ignored_of(event))
    if SURPLUS in event:
        return f"it has {TOO_MANY}"
    stated = given.get(CONSENT)
    unknown = stated.keys() - event.get(CONSENT, {}) if isinstance(stated, dict) else ()
    return f"consent has no {printable(min(unknown))}" if unknown else ""


def _takes_one(function: Callable[..., Any]) -> bool:
    try:
        signature(function).bind({})
    except TypeError:
        return False
    except ValueError:  # it has no signature to inspect
        return True
    return True


class PlugIn:
    """An action that calls a function, and pauses when the function is slow repeatedly."""

    def __init__(
        self,
        reference: str,
        function: Function | None = None,
        clock: Callable[[], float] = time.perf_counter,
        on_failure: OnFailure = "withhold",
    ) -> None:
        self._reference = reference
        self._clock = clock
        self._withholds = on_failure == "withhold"
        self._function = function or load_function(reference)
        self._slow_in_a_row = 0
        self._rests_until = float("-inf")

    def __call__(self, event: Event) -> str | None:
        """Changes `event`; returns a note for the trace. Raises `Withheld` to withhold `event`."""
        started = self._clock()
        if started < self._rests_until:
            return self._problem("resting", "was skipped because it has been too slow")
        try:
            answer = self._function(_copied(event))
        except Exception as error:  # a plug-in may raise anything
            return self._problem("raised", f"raised {type(error).__name__}")
        finally:
            was_slow = self._time(started)
        words = self._take(event, answer)
        if words is None and was_slow:
            return f"transform {self._reference} was slow"
        return words

    def _take(self, event: Event, answer: object) -> str | None:
        try:
            # by way of JSON, so that nothing is shared with what the function may keep
            given = orjson.loads(orjson.dumps(answer))
            changed = _read(given, event)
        except EventError as error:
            return self._problem("no event", f"did not return an event: {error}")
        except TypeError:
            return self._problem("no event", "returned a value that cannot be represented in JSON")
        if problem := _misfit(given, changed):
            return self._problem("no event", f"did not return an event: {problem}")
        if IGNORED in event:
            changed[IGNORED] = event[IGNORED]
        if INTEGRATIONS in event:
            changed.setdefault(INTEGRATIONS, event[INTEGRATIONS])
        lost = [name for name in _KEPT if name in event and name not in changed]
        if lost:
            return self._problem(
                "no event", f"removed {' and '.join(lost)}, which every event needs"
            )
        words = self._only_denying(event, changed)
        event.clear()
        event.update(changed)
        return words

    def _only_denying(self, before: Event, changed: Event) -> str | None:
        """Limits the consent in `changed` to denials. Returns a note if it ignored grants."""
        old, new = before.get(CONSENT, {}), changed.get(CONSENT, {})
        if new == old:
            return None
        changed[CONSENT] = states = with_denials_only(old, new)
        granted = [kind for kind, state in new.items() if states.get(kind) != state]
        if not granted:
            return None
        types = " and ".join(granted)
        return f"transform {self._reference} granted {types}, which was ignored: it can only deny"

    def _time(self, started: float) -> bool:
        now = self._clock()
        if now - started <= SLOW_SECONDS:
            self._slow_in_a_row = 0
            return False
        _problems[self._reference, "slow"] += 1
        self._slow_in_a_row += 1
        if self._slow_in_a_row >= SLOW_IN_A_ROW:
            self._rests_until = now + REST_SECONDS
        return True

    def _problem(self, kind: str, words: str) -> str:
        _problems[self._reference, kind] += 1
        problem = f"transform {self._reference} {words}"
        if self._withholds:
            raise Withheld(problem)
        return f"{problem}; the event continued unchanged"


def _copied(value: Any) -> Any:
    """A deep copy of a JSON value."""
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return value
