"""`transform: package.module:function`: a Python function for what YAML cannot say.

The function takes an event and answers with one. It gets a copy of its own; what it answers goes
through `read_event`, as what a sender sends does. Whatever goes wrong, the event goes on as it was,
the rule's line in the trace says so, and `problem_counts` counts it:

    raised        the function raised an exception
    no event      its answer is no event, or has no `event_id` or `timestamp` left
    slow          it took longer than `SLOW_SECONDS`; its answer counts
    resting       it was slow `SLOW_IN_A_ROW` times, and is left out for `REST_SECONDS`; then one
                  slow event more sends it back

A function cannot be stopped from outside while it runs: one that never answers holds its process,
and everybody's events in it. So it must not wait for a network or a disk, nor for anybody else.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from inspect import iscoroutinefunction, signature
from typing import Any

import orjson

from gateway.event import Event, EventError, read_event

Function = Callable[[Event], Any]

SLOW_SECONDS = 0.01
SLOW_IN_A_ROW = 5
REST_SECONDS = 60.0

_KEPT = ("event_id", "timestamp")

_problems: Counter[tuple[str, str]] = Counter()
_taken: Counter[tuple[str, str]] = Counter()


def problem_counts() -> Mapping[tuple[str, str], int]:
    """How often something went wrong in this process: by function, as written, and problem."""
    return dict(_problems)


def take_problems() -> Mapping[tuple[str, str], int]:
    """What `problem_counts` has counted since the last call, whoever made it."""
    new = _problems - _taken
    _taken.update(new)
    return new


def load_function(reference: str) -> Function:
    """The function that `reference`, ``package.module:function``, names.

    Raises `ValueError` with what is wrong; this is the one place that imports the module.
    """
    module_name, colon, name = reference.partition(":")
    if not (module_name and colon and name):
        raise ValueError("not a function: write it like package.module:function")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"there is no module {error.name}: install it, or put its folder on PYTHONPATH"
        ) from None
    except (Exception, SystemExit) as error:  # whatever a module does when it is imported
        raise ValueError(f"{module_name} cannot be imported: {type(error).__name__}") from None
    function = getattr(module, name, None)
    if function is None:
        close = get_close_matches(name, vars(module), n=1, cutoff=0.5)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ValueError(f"{module_name} has no {name}{hint}")
    if not callable(function) or iscoroutinefunction(function) or not _takes_one(function):
        raise ValueError(f"{reference} must be a plain function of one argument, the event")
    loaded: Function = function
    return loaded


def _takes_one(function: Callable[..., Any]) -> bool:
    try:
        signature(function).bind({})
    except TypeError:
        return False
    except ValueError:  # it does not tell
        return True
    return True


class PlugIn:
    """An action that calls a function, and rests when the function is slow again and again."""

    def __init__(
        self,
        reference: str,
        function: Function | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._reference, self._clock = reference, clock
        self._function = function or load_function(reference)
        self._slow_in_a_row = 0
        self._rests_until = float("-inf")

    def __call__(self, event: Event) -> str | None:
        """The action: changes `event`, or says why not."""
        started = self._clock()
        if started < self._rests_until:
            return self._problem("resting", "was left out: it has been too slow")
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
            # by way of JSON: nothing in it is shared with what the function may keep
            changed = read_event(orjson.loads(orjson.dumps(answer)))
        except EventError as error:
            return self._problem("no event", f"gave no event: {error}")
        except TypeError:
            return self._problem("no event", "gave what JSON cannot say")
        lost = [name for name in _KEPT if name in event and name not in changed]
        if lost:
            return self._problem("no event", f"took out {' and '.join(lost)}")
        event.clear()
        event.update(changed)
        return None

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
        return f"transform {self._reference} {words}; the event went on as it was"


def _copied(value: Any) -> Any:
    """A copy of a JSON value that shares nothing with it that could be changed."""
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return value
