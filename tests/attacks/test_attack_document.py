"""The table of attacks says what was measured, and writing it changes nothing else on its page."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.attacks.attacks import ATTACKS
from tests.attacks.document import BEGIN, END, PATH, report, written
from tests.attacks.measuring import Measured, Memory, Normal
from tests.attacks.neighbour import Neighbour
from tests.attacks.request_cost import Cost

ALONE = Neighbour(100, Counter(), frozenset(), [0.001, 0.002, 0.009])
REFUSED = Neighbour(100, Counter({"503": 3}), frozenset(), [0.001, 0.01, 0.5])
NORMAL = Normal({"visitor": ALONE, "backend": ALONE}, 0.0005)
ANSWERS = Counter({"204": 1500, "503 busy": 20, "closed": 1, "400": 1})
MEASURED = Measured(
    ATTACKS[0], ANSWERS, {"visitor": REFUSED, "backend": ALONE}, Memory(66.6, 90.2), 0.05, ["x"]
)


def test_a_row_says_what_was_measured() -> None:
    text = report(["2 cores"], NORMAL, [MEASURED], Cost(110, 100, 10))
    row = (
        f"| {ATTACKS[0].name} | 204 (1,500), 503 busy (20), closed, … | 67 → 90 MB | 10, 500 "
        "| 100 × | visitor 3 | 1 |"
    )
    assert row in text.splitlines()
    assert "- 2 cores" in text
    assert "500 µs of CPU of the web process; without an attack the neighbours wait 2, 9 ms" in text
    assert "110 µs with all limits and 100 µs without, which is 10 µs or 10% more" in text


def test_what_is_not_as_promised_is_told() -> None:
    assert MEASURED.problems() == [
        "unexpected answers: ['204', '400', '503 busy']",
        "1 events of neighbours are lost",
    ]


def test_only_what_is_between_the_marks_changes() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert written(page, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert written(written(page, "x"), "new") == written(page, "new")


@pytest.mark.parametrize("page", ["", BEGIN, f"{END} {BEGIN}"])
def test_a_page_without_marks_is_left_alone(page: str) -> None:
    with pytest.raises(ValueError, match="marks"):
        written(page, "new")


def test_the_page_has_the_marks_and_names_every_attack() -> None:
    page = PATH.read_text()
    assert written(page, "new")
    for attack in ATTACKS:
        assert f"| {attack.name} |" in page
