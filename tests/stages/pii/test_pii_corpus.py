"""How much the guard finds, and how much it mistakes for personal data.

Every line of the corpus is a text, a URL or an event in which everything to be removed is marked:
``Call ⟦phone:030 1234567⟧``. Lines without a mark are easily mistaken for personal data.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.event import Received
from gateway.stages.pii import PiiGuardSettings, compile_guard

pytestmark = pytest.mark.alone
CORPUS = Path(__file__).parents[2] / "fixtures/pii/corpus.jsonl"
MARK = re.compile(r"⟦(email|phone|card|token):(.*?)⟧")
PLACEHOLDER = re.compile(r"\[(email|phone|card|token)\]")
FLOORS = {  # pattern: least precision, least recall
    "email": (0.99, 0.99),
    "phone": (0.98, 0.97),
    "card": (0.97, 0.97),
    "token": (0.97, 0.97),
}


@dataclass
class Score:
    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    mistakes: list[str] = field(default_factory=list)

    def precision(self, pattern: str) -> float:
        return self.right[pattern] / (self.right[pattern] + self.wrong[pattern])

    def recall(self, pattern: str) -> float:
        return self.right[pattern] / (self.right[pattern] + self.missed[pattern])


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]


def event_of(line: dict[str, Any]) -> dict[str, Any]:
    if "event" in line:
        return {"event_name": "any", **line["event"]}
    text = line["text"]
    name = "page_location" if re.match(r"[a-z]+:/|/", text) else "search_term"
    return {"event_name": "any", name: text}


def with_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {name: with_texts(below, change) for name, below in value.items()}
    if isinstance(value, list):
        return [with_texts(below, change) for below in value]
    return change(value) if isinstance(value, str) else value


def texts(value: Any) -> list[str]:
    found: list[str] = []
    with_texts(value, lambda text: found.append(text) or text)
    return found


@pytest.fixture(scope="module")
def score() -> Score:
    guard = compile_guard(PiiGuardSettings())
    result = Score()
    for line in lines():
        marked = event_of(line)
        event = with_texts(marked, lambda text: MARK.sub(r"\2", text))
        cleaned, _ = guard(event, Received("site", 0.0))
        expected = with_texts(marked, lambda text: MARK.sub(r"[\1]", text))
        for wanted, got in zip(texts(expected), texts(cleaned), strict=True):
            _count(result, wanted, got)
    return result


def _count(result: Score, wanted: str, got: str) -> None:
    want = Counter(PLACEHOLDER.findall(wanted))
    have = Counter(PLACEHOLDER.findall(got))
    result.right += want & have
    result.wrong += have - want
    result.missed += want - have
    if wanted != got:
        result.mistakes.append(f"{wanted!r} became {got!r}")


def test_the_corpus_is_large_and_of_many_countries() -> None:
    corpus = lines()
    assert len(corpus) >= 300
    assert len({line["from"] for line in corpus}) >= 30
    assert sum("⟦" not in json.dumps(line, ensure_ascii=False) for line in corpus) >= 120


@pytest.mark.parametrize("pattern", FLOORS)
def test_precision_and_recall(
    score: Score, pattern: str, capsys: pytest.CaptureFixture[str]
) -> None:
    precision, recall = score.precision(pattern), score.recall(pattern)
    with capsys.disabled():
        print(
            f"\n{pattern}: precision {precision:.3f}, recall {recall:.3f} "
            f"({score.right[pattern]} right, {score.wrong[pattern]} wrong, "
            f"{score.missed[pattern]} missed)"
        )
    least_precision, least_recall = FLOORS[pattern]
    assert precision >= least_precision, score.mistakes
    assert recall >= least_recall, score.mistakes


def test_what_is_found_is_cut_out_where_it_begins_and_ends(score: Score) -> None:
    assert len(score.mistakes) <= 0.02 * len(lines()), score.mistakes
