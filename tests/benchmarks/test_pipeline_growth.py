"""The pipeline's cost grows with what is configured and no faster, whatever patterns are in it.

Bounds are generous: machines are noisy. The numbers themselves are printed by `pipeline.py`.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.alone
RUNS = 50
"""Long enough that no work is measured only while another process takes the core."""


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = Path(__file__).parent / "pipeline.py"
    spec = importlib.util.spec_from_file_location("pipeline_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_rules_and_destinations_cost_no_more_for_being_many(bench: ModuleType) -> None:
    """Ten times as many cost about ten times as much, and not a hundred times."""
    events = bench.traffic()[:50]
    sizes = [(0, 1), (10, 1), (100, 1), (0, 21)]
    plain = "enrichment: []\npii_guard: {enabled: false}"
    works = [bench.pipeline_work(bench.compiled(*size, plain), events) for size in sizes]
    nothing, ten, hundred, destinations = bench.microseconds(works, RUNS)
    assert hundred - nothing < 25 * (ten - nothing)
    assert destinations - nothing < 20 * nothing


def test_the_pipeline_is_within_sight_of_its_goal(bench: ModuleType) -> None:
    events = bench.traffic()[:50]
    works = [bench.json_work(events), bench.pipeline_work(bench.compiled(10, 5), events)]
    yardstick, pipeline = bench.microseconds(works, RUNS)
    assert pipeline < 40 * yardstick


def test_no_pattern_can_be_made_to_take_long(bench: ModuleType) -> None:
    """Python's own expressions would need longer than the world is old for this text."""
    works = [bench.pattern_work(pattern) for pattern in ("xy$", bench.CATASTROPHE)]
    harmless, catastrophic = bench.microseconds(works, RUNS)
    assert catastrophic < 5 * harmless
