"""Compiled conditions of any form agree with a reference implementation."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.conditions import (
    MAX_WORDS,
    Condition,
    compile_condition,
    compile_probe,
    describe,
    unmet_in_words,
)
from gateway.stages.conditions.impossible import impossible

SCALARS = st.sampled_from(["", "a", "ab", "1", "0.5", 0, 1, 2, 0.5, True, False])
NUMBERS = st.sampled_from([0, 0.5, 1, 2])
TEXTS = st.sampled_from(["", "a", "b", "1"])
EQUAL: dict[str, st.SearchStrategy[Any]] = {
    "equals": SCALARS,
    "in": st.lists(SCALARS, min_size=1, max_size=3),
    "exists": st.just(True),
}
TEXT = TEXTS | st.lists(TEXTS, min_size=1, max_size=2)


def _can_be_met(operators: dict[str, Any]) -> bool:
    return bool(operators) and not [*impossible(operators)]


OPERATORS = st.one_of(
    st.fixed_dictionaries(
        {}, optional={**EQUAL, "contains": TEXT, "starts_with": TEXT, "ends_with": TEXT}
    ),
    st.fixed_dictionaries(
        {}, optional={**EQUAL, **dict.fromkeys(("gt", "gte", "lt", "lte"), NUMBERS)}
    ),
    st.just({"exists": False}),
).filter(_can_be_met)
FIELDS = st.dictionaries(
    st.sampled_from(["a", "b", "c.d", "e.*", "e.*.d"]),
    OPERATORS | SCALARS | st.lists(SCALARS, min_size=1, max_size=3),
    min_size=1,
    max_size=2,
)


def _blocks(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    groups = st.fixed_dictionaries(
        {},
        optional={
            "all": st.lists(inner, min_size=1, max_size=3),
            "any": st.lists(inner, min_size=1, max_size=3),
            "not": inner,
        },
    )
    return st.builds(lambda fields, group: {**fields, **group}, FIELDS, groups)


CONDITIONS = st.recursive(FIELDS, _blocks, max_leaves=6)
VALUES = SCALARS | st.none() | st.lists(SCALARS, max_size=2)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "a": VALUES,
        "b": VALUES,
        "c": VALUES | st.fixed_dictionaries({}, optional={"d": VALUES}),
        "e": VALUES | st.lists(st.fixed_dictionaries({}, optional={"d": VALUES}), max_size=3),
    },
)


def is_met(when: dict[str, Any], event: dict[str, Any]) -> bool:
    return compile_condition(Condition.model_validate(when))(event) is None


@given(when=CONDITIONS, event=EVENTS)
def test_a_compiled_condition_does_what_the_reference_does(
    when: dict[str, Any], event: dict[str, Any]
) -> None:
    before = copy.deepcopy(event)
    assert is_met(when, event) == _holds(when, event)
    assert event == before


@given(when=CONDITIONS, event=EVENTS)
def test_not_is_the_negation(when: dict[str, Any], event: dict[str, Any]) -> None:
    assert is_met({"not": when}, event) == (not is_met(when, event))
    assert is_met({"not": {"not": when}}, event) == is_met(when, event)


@given(blocks=st.lists(CONDITIONS, min_size=1, max_size=3), event=EVENTS)
def test_all_and_any_are_pythons(blocks: list[dict[str, Any]], event: dict[str, Any]) -> None:
    met = [is_met(block, event) for block in blocks]
    assert is_met({"all": blocks}, event) == all(met)
    assert is_met({"any": blocks}, event) == any(met)


LONG = (
    st.lists(st.text(min_size=1), min_size=1, max_size=20)
    | st.integers(1, 900).map("x".__mul__)
    | NUMBERS
)
DEEP = st.recursive(
    st.dictionaries(
        st.sampled_from(["a", "b", "c.d", "e.*"]), OPERATORS | LONG, min_size=1, max_size=4
    ),
    _blocks,
    max_leaves=20,
)


@given(when=DEEP, event=EVENTS)
def test_any_condition_can_be_put_in_words_that_fit_on_a_screen(
    when: dict[str, Any], event: dict[str, Any]
) -> None:
    condition = Condition.model_validate(when)
    probe = compile_probe(condition)
    for words in (describe(condition), compile_condition(condition)(event)):
        assert words is None or (0 < len(words) <= MAX_WORDS and words.isprintable())
    unmet = probe(event)
    assert (unmet is None) == (compile_condition(condition)(event) is None)
    if unmet is not None:
        assert len(unmet_in_words(unmet)) < MAX_WORDS + 130


SECRET = st.text("§¶", min_size=1, max_size=5)


@given(when=CONDITIONS, said=SECRET)
def test_words_never_hold_what_the_event_says(when: dict[str, Any], said: str) -> None:
    inner = [{"d": said}, said]
    words = compile_condition(Condition.model_validate(when))(
        {"a": said, "b": [said], "c": {"d": said}, "e": inner}
    )
    assert words is None or not {"§", "¶"} & set(words)


def _holds(when: dict[str, Any], event: dict[str, Any]) -> bool:
    return (
        all(_field_holds(_find(event, path), w) for path, w in when.items() if path not in GROUPS)
        and all(_holds(block, event) for block in when.get("all", []))
        and ("any" not in when or any(_holds(block, event) for block in when["any"]))
        and ("not" not in when or not _holds(when["not"], event))
    )


GROUPS = ("all", "any", "not")


def _find(event: dict[str, Any], path: str) -> list[Any]:
    found: list[Any] = [event]
    for key in path.split("."):
        if key == "*":
            found = [each for value in found if isinstance(value, list) for each in value]
        else:
            found = [value[key] for value in found if isinstance(value, dict) and key in value]
    return found


def _field_holds(found: list[Any], wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        wanted = {"in": wanted if isinstance(wanted, list) else [wanted]}
    tests = {name: value for name, value in wanted.items() if name != "exists"}
    if wanted.get("exists") is False:
        return not found and not tests
    return any(all(_test(name, value, w) for name, w in tests.items()) for value in found)


def _test(name: str, value: Any, wanted: Any) -> bool:
    texts = [wanted] if isinstance(wanted, str) else wanted
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match name:
        case "equals":
            return _same(value, wanted)
        case "in":
            return any(_same(value, each) for each in wanted)
        case "contains":
            if isinstance(value, list):
                return any(_same(each, text) for each in value for text in texts)
            return isinstance(value, str) and any(text in value for text in texts)
        case "starts_with":
            return isinstance(value, str) and any(value.startswith(text) for text in texts)
        case "ends_with":
            return isinstance(value, str) and any(value.endswith(text) for text in texts)
        case "gt":
            return is_number and value > wanted
        case "gte":
            return is_number and value >= wanted
        case "lt":
            return is_number and value < wanted
        case _:
            return is_number and value <= wanted


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    return isinstance(value, str | int | float) and str(value) == str(wanted)
