"""What every destination and every source must pass, as classes of tests for pytest.

A package with a plug-in subclasses `DestinationSuite` or `SourceSuite` in its own tests, and says
what is tested::

    class TestCarrier(DestinationSuite):
        destination = Carrier(CarrierSettings(type="carrier", url=..., token="s3cret-token"))

A destination's package has examples too, which `check_example` checks::

    @pytest.mark.parametrize("file", example_files(Carrier), ids=lambda file: file.stem)
    def test_example(file: Path) -> None:
        check_example(Carrier, load_example(file))

pytest and hypothesis come with the extra ``testing``: ``pip install event-gateway[testing]``.
These names are as stable as those of `gateway.plugins`. Nothing in the gateway imports this module.
"""

import pytest

pytest.register_assert_rewrite(
    "gateway.testing.destinations", "gateway.testing.examples", "gateway.testing.sources"
)

from gateway.testing.destinations import DestinationSuite  # noqa: E402
from gateway.testing.examples import check_example, example_files, load_example  # noqa: E402
from gateway.testing.sources import SourceSuite  # noqa: E402

__all__ = ["DestinationSuite", "SourceSuite", "check_example", "example_files", "load_example"]
