"""Words that other tools use in their conditions, and what to write in a `when:` block instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.event.text import folded

_OPERATORS = {
    **dict.fromkeys(("=", "==", "===", "eq", "is", "equal", "isequalto"), "equals"),
    **dict.fromkeys(("oneof", "anyof", "isoneof", "isin"), "in"),
    **dict.fromkeys(("regex", "regexp", "re", "re2", "pattern", "=~", "~"), "matches"),
    **dict.fromkeys(("beginswith", "prefix", "hasprefix"), "starts_with"),
    **dict.fromkeys(("suffix", "hassuffix"), "ends_with"),
    **dict.fromkeys(("includes", "substring", "like"), "contains"),
    **dict.fromkeys((">", "above", "over", "greater", "greaterthan", "morethan"), "gt"),
    **dict.fromkeys((">=", "=>", "ge", "min", "minimum", "atleast"), "gte"),
    **dict.fromkeys(("<", "below", "under", "less", "lessthan"), "lt"),
    **dict.fromkeys(("<=", "=<", "le", "max", "maximum", "atmost"), "lte"),
    **dict.fromkeys(("present", "defined", "isset", "ispresent"), "exists"),
    **dict.fromkeys(("missing", "absent", "isnull", "notexists", "isnotset"), "exists: false"),
}
"""Our operator for each operator of other tools, whose name is in the form that `_form` gives."""

_NEGATED = {
    **dict.fromkeys(("not", "isnot", "ne", "neq", "!=", "!==", "<>", "notequals"), "..."),
    **dict.fromkeys(("notequal", "notequalto", "isnotequalto", "doesnotequal"), "..."),
    **dict.fromkeys(("notin", "nin", "noneof", "isnotin", "notoneof"), "[...]"),
    **dict.fromkeys(("notcontains", "notcontain", "doesnotcontain", "excludes"), "contains"),
    **dict.fromkeys(("notstartswith", "doesnotstartwith"), "starts_with"),
    **dict.fromkeys(("notendswith", "doesnotendwith"), "ends_with"),
    **dict.fromkeys(("notmatches", "notmatch", "doesnotmatch", "notregex", "!~"), "matches"),
}
"""What to write below `not` for each negated operator: a value or list, or our operator."""

_BLOCKS = {
    **dict.fromkeys(("or", "||", "anyof", "oneof"), "any: [...]"),
    **dict.fromkeys(("and", "&&", "allof"), "all: [...]"),
    **dict.fromkeys(("unless", "!", "isnot"), "not: {...}"),
    **dict.fromkeys(("none", "nor", "noneof", "notany"), "not: {any: [...]}"),
}

_CONDITIONS = {
    **dict.fromkeys(("if", "where", "filter", "condition", "conditions", "only"), "when: {...}"),
    **dict.fromkeys(("unless", "ifnot", "exclude", "except", "not"), "when: {not: {...}}"),
}


def operator_hint(field: str, name: str, operators: Iterable[str]) -> str:
    """What to write below `field` instead of `name`, which is not one of `operators`; "" if no
    other tool uses the name."""
    form = _form(name)
    if form in _NEGATED:
        value = _NEGATED[form]
        inner = value if value.endswith((".", "]")) else f"{{{value}: ...}}"
        return f"write `not: {{{field}: {inner}}}` next to the fields"
    if form in _OPERATORS:
        return f"write `{_OPERATORS[form]}`"
    if field in operators:
        return f"write the field first: `{name}: {{{field}: ...}}`"
    return ""


def block_hint(name: str) -> str:
    """What to write instead of `name` for a group of blocks; "" if no other tool uses it."""
    return _written(_BLOCKS, name)


def condition_hint(name: str) -> str:
    """What to write instead of `name` in the place of `when`; "" if no other tool uses it."""
    return _written(_CONDITIONS, name)


def _written(table: Mapping[str, str], name: str) -> str:
    found = table.get(_form(name))
    return f"write `{found}`" if found else ""


def _form(name: str) -> str:
    """`name` folded to lower-case letters and digits; unchanged if it consists of signs."""
    return folded(name) or name.strip()
