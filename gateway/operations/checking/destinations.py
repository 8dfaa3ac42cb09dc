"""What `gateway check` says about destinations that get nothing, or soon will not: dry runs,
credentials that are not set, addresses that the gateway refuses, and API versions that end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import HttpUrl, SecretStr

from gateway.configuration.destination import ForwardingSettings, client_settings
from gateway.configuration.environment import Environment
from gateway.configuration.exposure import STAND_INS
from gateway.configuration.schema_walk import description_at
from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import KeyPath, YamlFile, dotted, read_yaml
from gateway.http.addresses import is_public
from gateway.monitoring.api_versions import version_end


def destination_notes(settings: Settings, config: Path, today: date) -> Iterator[str]:
    """A line for each destination that gets nothing, or soon will not, with what to do about it."""
    file = read_yaml(settings.text, Environment(settings.folder).variables)
    for name, destination in settings.destinations.items():
        if destination.dry_run:
            yield from _dry_run(name, destination, file, config)
        else:
            yield from _stand_ins(name, destination, file, config)
        yield from _private_addresses(name, destination, file, config)
        yield from _ending_versions(name, destination, file, config, today)


def _ending_versions(
    name: str, destination: ForwardingSettings, file: YamlFile, config: Path, today: date
) -> Iterator[str]:
    end = version_end(destination)
    if end and (warning := end.warning(today)):
        path: KeyPath = ("destinations", name, end.setting)
        yield f"Warning: {config}:{file.line(path)}: {dotted(path)}: {warning}."


def _dry_run(
    name: str, destination: ForwardingSettings, file: YamlFile, config: Path
) -> Iterator[str]:
    unset = [
        f"  {variable}: {_about(destination, path, file)}"
        for path, variables in file.unset.items()
        if path[:2] == ("destinations", name) and path[2:] != ("dry_run",)
        for variable in variables
    ]
    first = ", and these variables in the environment or in .env:" if unset else "."
    line = file.line(("destinations", name, "dry_run"))
    yield (
        f"Note: {name} runs dry: its requests are built and recorded, and none is sent. To send "
        f"them, set `dry_run` to false ({config}:{line}){first}"
    )
    yield from unset


def _stand_ins(
    name: str, destination: ForwardingSettings, file: YamlFile, config: Path
) -> Iterator[str]:
    for path, variables in file.unset.items():
        if path[:2] != ("destinations", name) or len(path) != 3:
            continue
        value = getattr(destination, str(path[2]), None)
        if isinstance(value, SecretStr) and value.get_secret_value() in STAND_INS:
            yield (
                f"Warning: {config}:{file.line(path)}: {dotted(path)}: {variables[0]} is not set "
                "in the environment or in .env, so the vendor will refuse every event. "
                f"{_about(destination, path, file)}"
            )


def _about(destination: ForwardingSettings, path: KeyPath, file: YamlFile) -> str:
    """The description of the setting of `destination` at `path`."""
    section, name, *keys = path
    kind = type(destination)
    field = kind.model_fields.get(str(keys[0])) if len(keys) == 1 else None
    if field is not None and field.description:
        return field.description
    return description_at(kind.model_json_schema(), file.data[section][name], tuple(keys))


def _private_addresses(
    name: str, destination: ForwardingSettings, file: YamlFile, config: Path
) -> Iterator[str]:
    if client_settings(destination).allow_private_addresses:
        return
    for key in type(destination).model_fields:
        value: Any = getattr(destination, key)
        if isinstance(value, HttpUrl) and is_private_host(value.host or ""):
            path: KeyPath = ("destinations", name, key)
            yield (
                f"Warning: {config}:{file.line(path)}: {dotted(path)}: {value.host} is not on the "
                "public internet, so the gateway sends nothing there. If the address is yours, set "
                "`allow_private_addresses: true` for this destination."
            )


def is_private_host(host: str) -> bool:
    """Whether `host`, as it stands in a URL, is certain to be this machine or a private network.
    Names other than ``localhost`` can be anywhere."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = name.removeprefix("[").removesuffix("]")
    is_address = address != name or name.replace(".", "").isdigit()
    return is_address and not is_public(address)
