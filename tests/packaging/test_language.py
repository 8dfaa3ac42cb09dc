"""Texts for operators stand alone: HELP of metrics, descriptions of settings, help of commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest
from pydantic import BaseModel

from gateway.cli.main import main
from gateway.configuration.kinds import destination_types, source_types
from gateway.monitoring.configuration import ConfigurationState
from gateway.monitoring.metrics import render
from gateway.monitoring.numbers import Numbers
from gateway.queue.capacity import MemoryUsage
from gateway.spool.appender import SpoolNumbers

OURS = ("gateway.", "destinations.")
AVOIDED = ("beside", "anew", "whose", "as far as", "nobody", "what is there")
DEPENDENT = ("Their ", "Its ", "Of ", "Kept until then", "And ", "So ")


def metric_help() -> Iterator[tuple[str, str]]:
    numbers = Numbers({}, {}, MemoryUsage(1, 2), 0)
    spool, state = SpoolNumbers(0, 0, 0), ConfigurationState("1", 0.0)
    text = render(numbers, [], {}, spool=spool, configuration=state).decode()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            yield name, words


def descriptions(model: type[BaseModel] = BaseModel) -> Iterator[tuple[str, str]]:
    """The descriptions of fields in all loaded models, including kinds from entry points."""
    for child in model.__subclasses__():
        if child.__module__.startswith(OURS):
            for name, field in child.model_fields.items():
                if field.description is not None:
                    yield f"{child.__module__}.{child.__name__}.{name}", field.description
        yield from descriptions(child)


def command_help(command: click.Command = main, path: str = "gateway") -> Iterator[tuple[str, str]]:
    yield path, " ".join((command.help or "").split())
    for option in command.params:
        if isinstance(option, click.Option):
            yield f"{path} {option.opts[0]}", option.help or ""
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from command_help(child, f"{path} {name}")


source_types(), destination_types()  # loads them
TEXTS = dict(
    sorted({**dict(metric_help()), **dict(descriptions()), **dict(command_help())}.items())
)


def test_all_three_kinds_of_text_are_found() -> None:
    assert len(dict(metric_help())) > 30
    assert len(dict(descriptions())) > 150
    assert len(dict(command_help())) > 60


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_for_operators_is_a_sentence_that_stands_alone(name: str) -> None:
    text = TEXTS[name]
    assert text.endswith("."), text
    assert re.match(r"[A-Z0-9`.]", text), text
    assert not text.startswith(DEPENDENT), text
    found = [words for words in AVOIDED if re.search(rf"\b{words}\b", text, re.IGNORECASE)]
    assert not found, text
