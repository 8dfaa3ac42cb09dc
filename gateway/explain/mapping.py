"""A mapping as it is written in the configuration file."""

from __future__ import annotations

from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

from destinations.base import Destination
from destinations.mapping import MappingSettings, merged
from gateway.configuration.destination import ForwardingSettings
from gateway.configuration.kinds import destination_types

_WIDTH = 100


class _Representer(RoundTripRepresenter):
    """Writes null as a word, since it means that a field is left out."""

    def represent_none(self, data: None) -> ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_Representer.add_representer(type(None), _Representer.represent_none)


def built_in_mapping(kind: type[Destination[Any]]) -> str:
    """The built-in mapping of destinations of `kind`; "" if they have none."""
    return _of(kind, MappingSettings())


def mapping_in_force(settings: ForwardingSettings) -> str:
    """The mapping of the destination with `settings`, complete; "" if its type has none."""
    return _of(destination_types()[settings.type], settings.mapping)


def _of(kind: type[Destination[Any]], own: MappingSettings) -> str:
    built_in = kind.built_in_mapping
    return "" if built_in is None else mapping_in_yaml(merged(built_in, own))


def mapping_in_yaml(mapping: MappingSettings) -> str:
    """YAML that has the effect of `mapping` in any destination of its type."""
    written = mapping.as_written()
    for section in ("events", "fields"):
        written[section] = _in_lines(written.get(section, {}))
    yaml, text = YAML(), StringIO()
    yaml.Representer = _Representer
    yaml.width = _WIDTH
    yaml.dump({"mapping": written}, text)
    return text.getvalue()


def _in_lines(values: dict[str, Any]) -> dict[str, Any]:
    """`values`, each on a line of its own."""
    return {key: _on_one_line(value) for key, value in values.items()}


def _on_one_line(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    line = CommentedMap({key: _on_one_line(part) for key, part in value.items()})
    line.fa.set_flow_style()
    return line
