"""Every class of settings is frozen, and a misspelt key is an error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from gateway.configuration.kinds import destination_types, source_types
from gateway.configuration.settings import Settings
from gateway.stages.conditions import Condition


def models(base: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    for model in base.__subclasses__():
        if model.__module__.startswith(("gateway.", "destinations.")):
            yield model
        yield from models(model)


source_types(), destination_types()  # imports their modules
MODELS = sorted(set(models()), key=lambda model: f"{model.__module__}.{model.__name__}")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_settings_cannot_be_changed_and_forbid_unknown_keys(model: type[BaseModel]) -> None:
    assert model.model_config.get("frozen") is True
    # a condition's keys are paths in an event, and it checks them itself
    assert model.model_config.get("extra") == ("allow" if model is Condition else "forbid")


def test_the_settings_of_every_layer_are_among_them() -> None:
    names = {model.__name__ for model in MODELS}
    assert {Settings.__name__, "IdentitySettings", "WebhookSettings", "DeliverySettings"} <= names
