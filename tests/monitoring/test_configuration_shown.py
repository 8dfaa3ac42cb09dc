"""The metrics tell which configuration is in use, even while Redis is unreachable."""

from __future__ import annotations

import pytest

from gateway.monitoring.configuration import ConfigurationState
from gateway.monitoring.metrics import render


@pytest.mark.parametrize("rejected", [False, True])
def test_the_metrics(rejected: bool) -> None:
    state = ConfigurationState("0123456789ab", 1_500_000_000.25, rejected)
    samples = {
        line
        for line in render(None, [], {}, configuration=state).decode().splitlines()
        if not line.startswith("#")
    }
    assert samples == {
        'gateway_configuration_info{version="0123456789ab"} 1.0',
        "gateway_configuration_loaded_timestamp_seconds 1.50000000025e+09",
        f"gateway_configuration_rejected {float(rejected)}",
    }
