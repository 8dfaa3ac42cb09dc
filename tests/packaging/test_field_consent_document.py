"""The table of field consent in docs/consent.md agrees with the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from gateway.configuration.kinds import destination_types
from gateway.stages.field_consent.table import (
    CLICK_NAMES,
    EVERY_PURPOSE,
    OF_GA4,
    TABLE,
    Purpose,
    Row,
)
from gateway.urls.page import CLICK_IDS

ROOT = Path(__file__).parents[2]
SECTION = (
    (ROOT / "docs" / "consent.md")
    .read_text()
    .partition("## Fields follow their consent\n")[2]
    .partition("\n## ")[0]
)


def cells(heading: str) -> list[list[str]]:
    """The rows of the table that has `heading` above its first column."""
    table = re.split(r"\n\n", SECTION[SECTION.index(f"| {heading} |") :])[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def documented(row: list[str]) -> Row:
    without, purpose, fields, parameters = row
    purposes = EVERY_PURPOSE if purpose == "all" else tuple(purpose.split(", "))
    return Row(tuple(names(without)), purposes, tuple(names(fields)), tuple(names(parameters)))  # type: ignore[arg-type]


def without_clicks(row: Row) -> Row:
    return row._replace(
        fields=tuple(
            name
            for name in row.fields
            if name not in CLICK_NAMES and name.removeprefix(OF_GA4) not in {*row.fields} - {name}
        ),
        parameters=tuple(name for name in row.parameters if name not in CLICK_NAMES),
    )


def is_said_with_ga4s_prefix(row: Row) -> bool:
    left = without_clicks(row).fields
    return any(name.startswith(OF_GA4) and name not in left for name in row.fields)


def test_what_each_type_covers_is_documented() -> None:
    assert [documented(row) for row in cells("without")] == [without_clicks(row) for row in TABLE]


def test_click_ids_are_said_to_be_where_they_are() -> None:
    for written, row in zip(cells("without"), TABLE, strict=True):
        assert ("click ids" in written[2]) == (not {*CLICK_NAMES}.isdisjoint(row.fields))
        assert ("click ids" in written[3]) == (not {*CLICK_NAMES}.isdisjoint(row.parameters))


def test_the_types_whose_fields_ga4s_source_can_name_are_said() -> None:
    said = names(SECTION.partition("The fields of ")[2].partition(" also count")[0])
    assert said == [row.denied[0] for row in TABLE if is_said_with_ga4s_prefix(row)]


def test_every_click_id_is_named() -> None:
    listed = SECTION.partition("The click ids are ")[2].partition(".\n")[0]
    assert tuple(names(listed)) == CLICK_IDS


def test_the_purpose_of_each_kind_is_documented() -> None:
    said = {name: names(row[0])[0] for row in cells("purpose") for name in names(row[2])}
    ours = {name: kind.purpose for name, kind in destination_types().items() if name in said}
    assert said == ours
    assert {names(row[0])[0] for row in cells("purpose")} == set(get_args(Purpose))
