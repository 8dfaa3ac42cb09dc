"""What every destination and every source must pass, as classes of tests for pytest.

A package with a plug-in subclasses `DestinationSuite` or `SourceSuite` in its own tests, and says
what is tested::

    class TestCarrier(DestinationSuite):
        destination = Carrier(CarrierSettings(type="carrier", url=..., token="s3cret-token"))

pytest and hypothesis come with the extra ``testing``: ``pip install event-gateway[testing]``.
These names are as stable as those of `gateway.plugins`. Nothing in the gateway imports this module.
"""

import pytest

pytest.register_assert_rewrite("gateway.testing.destinations", "gateway.testing.sources")

from gateway.testing.destinations import DestinationSuite  # noqa: E402
from gateway.testing.sources import SourceSuite  # noqa: E402

__all__ = ["DestinationSuite", "SourceSuite"]
