"""Every destination does what its examples say; its page in docs/ shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from destinations.base import Destination
from gateway.configuration.kinds import destination_types
from gateway.testing import check_example, example_files, load_example

FILES = [(kind, file) for kind in destination_types().values() for file in example_files(kind)]


@pytest.mark.parametrize(
    ("kind", "file"), FILES, ids=[f"{kind.type}-{file.stem}" for kind, file in FILES]
)
def test_an_example_is_what_the_destination_does(kind: type[Destination[Any]], file: Path) -> None:
    check_example(kind, load_example(file))


@pytest.mark.parametrize("kind", destination_types().values(), ids=list(destination_types()))
def test_every_destination_has_examples_with_answers_that_deliver_and_that_do_not(
    kind: type[Destination[Any]],
) -> None:
    examples = list(map(load_example, example_files(kind)))
    answers = [answer for example in examples for answer in example.answers]
    results = {outcome["result"] for answer in answers for outcome in answer.outcomes}
    assert "delivered" in results
    assert results & {"retry", "rejected"} or kind.type == "ga4", "GA4 says nothing of events"


def test_an_example_that_is_not_true_is_found() -> None:
    kind = destination_types()["meta"]
    example = load_example(example_files(kind)[0])
    wrong = example.model_copy(update={"events": [{"event_name": "page_view", "user_id": "other"}]})
    with pytest.raises(AssertionError):
        check_example(kind, wrong)
