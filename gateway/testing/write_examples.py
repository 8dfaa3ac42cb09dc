"""Writes the requests and outcomes in the examples of destinations again.

    python -m gateway.testing.write_examples [TYPE ...]

Read what changed before you commit it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from destinations.base import Destination, Request
from gateway.configuration.kinds import destination_types
from gateway.testing.events import NOW
from gateway.testing.examples import (
    Example,
    example_files,
    load_example,
    outcomes_shown,
    requests_shown,
    verdicts_shown,
)

Outcomes = list[dict[str, Any] | None]


def filled(
    kind: type[Destination[Any]], example: Example
) -> tuple[list[dict[str, Any]], list[Outcomes]]:
    """The requests of `example`, and the outcomes of each of its answers, then of its polls."""
    destination = example.destination(kind)
    made = list(destination.requests(example.read_events(), NOW))
    request = next((each for each in made if isinstance(each, Request)), None)
    if request is None:
        return requests_shown(made), []
    outcomes = [outcomes_shown(destination, request, answer) for answer in example.answers]
    outcomes += [verdicts_shown(destination, request, answer) for answer in example.polls]
    return requests_shown(made), outcomes


def rewrite(kind: type[Destination[Any]], file: Path) -> None:
    yaml = YAML()
    yaml.width = 100
    written = yaml.load(file.read_text("utf-8"))
    requests, outcomes = filled(kind, load_example(file))
    written["requests"] = requests
    answers = [*written.get("answers", ()), *written.get("polls", ())]
    for answer, found in zip(answers, outcomes, strict=True):
        answer["outcomes"] = found
    with file.open("w", encoding="utf-8") as output:
        yaml.dump(written, output)


def main(types: Sequence[str]) -> None:
    for name, kind in destination_types().items():
        if not types or name in types:
            for file in example_files(kind):
                rewrite(kind, file)


if __name__ == "__main__":
    main(sys.argv[1:])
