"""Any rules leave any event valid, and its trace complete."""

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.event import EventError, Received, read_event
from gateway.event.consent import CONSENT_TYPES
from gateway.event.mending import IGNORED
from gateway.event.model import complete
from gateway.stages.rules import Rule, compile_rules

OWN = ["own", "own.a", "own.a.b", "own.*", "own.*.a", "own.0", "own.query.a", "user_data.own"]
KNOWN = [
    "event_name",
    "event_id",
    "timestamp",
    "client_id",
    "user_id",
    "currency",
    "value",
    "page_location",
    "page_location.query.a",
    "page_location.query",
    "page_location.fragment",
    "page_title",
    "items",
    "items.0",
    "items.*",
    "items.*.price",
    "items.0.item_id",
    "items.*.own",
    "user_data",
    "user_data.email_address",
    "user_data.email_address.*",
    "user_data.email_address.0",
    "user_data.address",
    "user_data.address.city",
    "user_data.address.*.city",
    "consent",
    "consent.ad_storage",
    "event_location.country",
    "click_ids",
    "click_ids.gclid",
    "user_properties",
    "user_properties.a",
    "ga_session_number",
]
PATHS = st.sampled_from([*OWN, *KNOWN])

TEXTS = st.sampled_from(
    ["", " ", "a", "Ab ", "jo@x.example", "12", "12.55", "true", "eur", "x" * 300]
) | st.sampled_from(
    [
        "granted",
        "denied",
        "/p?a=1&b=jo%40x.example#f",
        "https://x.example/?a=b",
        "2026-01-01T00:00:00Z",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-1e9, 1e300) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "b", "city", "price"]), inner, max_size=2)
    ),
    max_leaves=5,
)
ADDRESS = st.dictionaries(st.sampled_from(["city", "country", "own"]), TEXTS, max_size=2)
EVENTS = st.fixed_dictionaries(
    {"event_name": st.sampled_from(["purchase", "page_view", "jo@x.example"])},
    optional={
        "event_id": st.sampled_from(["1", "x" * 256, "a b"]),
        "timestamp": st.integers(0, 2_000_000_000),
        "client_id": st.sampled_from(["1.2", "+49 30 1234567", "a@b.cd " * 30]),
        "user_id": TEXTS,
        "currency": st.sampled_from(["EUR", "usd"]),
        "value": st.integers(0, 9) | st.floats(0, 1e12),
        "page_location": TEXTS | st.just("/?a=a@b.cd&" * 1_400),
        "page_title": TEXTS | st.just("a@b.cd " * 2_300),
        "items": st.lists(
            st.fixed_dictionaries(
                {}, optional={"price": st.floats(0, 9), "item_id": TEXTS, "own": VALUES}
            ),
            max_size=2,
        ),
        "user_data": st.fixed_dictionaries(
            {},
            optional={
                "email_address": TEXTS | st.lists(TEXTS, max_size=2),
                "address": ADDRESS | st.lists(ADDRESS, max_size=2),
                "own": VALUES,
            },
        ),
        "consent": st.dictionaries(st.sampled_from(CONSENT_TYPES), st.booleans(), max_size=2),
        "event_location": st.fixed_dictionaries({}, optional={"country": TEXTS}),
        "click_ids": st.fixed_dictionaries({}, optional={"gclid": TEXTS}),
        "user_properties": st.dictionaries(st.sampled_from("ab"), VALUES, max_size=2),
        "own": VALUES,
    },
)
FORMS = (
    VALUES
    | st.builds(lambda value: {"literal": value}, VALUES)
    | st.builds(lambda path: {"field": path}, PATHS)
    | st.builds(lambda a, b: {"template": f"{{{a}}}-{{{b}}} "}, PATHS, PATHS)
)


def _of_paths(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(PATHS, values, min_size=1, max_size=2)


LISTS = st.lists(PATHS, min_size=1, max_size=2)
ACTIONS: dict[str, st.SearchStrategy[Any]] = {
    "sample": st.fixed_dictionaries({"share": st.sampled_from([0, 0.5, 1])}),
    "rename": _of_paths(PATHS),
    "set": _of_paths(FORMS),
    "map": _of_paths(st.dictionaries(TEXTS | st.just("*"), VALUES, max_size=2)),
    "cast": _of_paths(st.sampled_from(["text", "number", "integer", "boolean"])),
    "round": _of_paths(st.integers(-3, 3)),
    "lower": LISTS,
    "truncate": _of_paths(st.integers(1, 5)),
    "redact": st.fixed_dictionaries(
        {"patterns": st.just(["email", "phone"]), "query_parameters": st.just(["a"])},
        optional={"fields": LISTS},
    ),
    "hash": LISTS,
    "remove": LISTS,
    "keep_only": LISTS,
    "drop": st.just(True),
}
RULE = st.sampled_from(sorted(ACTIONS)).flatmap(
    lambda action: st.fixed_dictionaries(
        {action: ACTIONS[action]},
        optional={"when": st.dictionaries(PATHS, TEXTS, min_size=1, max_size=1)},
    )
)


def valid(rules: list[dict[str, Any]]) -> list[Rule]:
    """The rules that the configuration accepts."""
    kept = []
    for rule in rules:
        try:
            kept.append(Rule.model_validate(rule))
        except ValidationError:
            continue
    return kept


def read(raw: dict[str, Any]) -> dict[str, Any]:
    try:
        event = complete(read_event(raw), Received("site", 1_795_000_000.0))
        event.pop(IGNORED, None)  # only the gateway writes this field
        return event
    except EventError:
        return complete(read_event({"event_name": "page_view"}), Received("site", 1.0))


def typed(event: dict[str, Any]) -> str:
    """JSON, in which 1, 1.0 and true differ, and the order of fields does not matter."""
    return json.dumps(event, sort_keys=True)


def only_denied(before: dict[str, str], after: dict[str, str]) -> bool:
    """Whether each type is unchanged or denied."""
    same = all(after.get(name) in (state, "denied") for name, state in before.items())
    return same and all(after[name] == "denied" for name in after.keys() - before.keys())


@given(raw=EVENTS, rules=st.lists(RULE, min_size=1, max_size=8))
def test_any_rules_leave_an_event_that_is_read_as_it_is(
    raw: dict[str, Any], rules: list[dict[str, Any]]
) -> None:
    event = read(raw)
    before = copy.deepcopy(event)
    function = compile_rules(valid(rules), "salt")

    ruled = function(event)

    assert typed(read_event(copy.deepcopy(ruled.event))) == typed(ruled.event)
    assert ruled.event.keys() >= {"event_name", "event_id", "timestamp"}
    assert only_denied(event.get("consent", {}), ruled.event.get("consent", {}))
    assert event == before  # so destinations can share events
    assert function(event) == ruled
    if not ruled.applied:
        assert ruled.event is event


@given(raw=EVENTS, rules=st.lists(RULE, max_size=8))
def test_the_trace_has_a_line_for_each_rule_until_the_event_ends(
    raw: dict[str, Any], rules: list[dict[str, Any]]
) -> None:
    named = [rule.model_copy(update={"name": f"r{i}"}) for i, rule in enumerate(valid(rules))]
    ruled = compile_rules(named)(read(raw))
    names = [line.split(":")[0] for line in ruled.trace]
    met = [line.split(":")[0] for line in ruled.trace if line.split(": ")[1].startswith("met")]
    assert names == [f"r{i}" for i in range(len(named))][: len(names)]
    assert len(names) == len(named) or ruled.dropped is not None
    assert tuple(met) == ruled.applied
