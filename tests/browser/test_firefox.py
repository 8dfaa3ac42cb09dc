"""gateway.js in Firefox: the tests of delivery in Chromium, and a real back-forward cache."""

import shutil

import pytest

from tests.browser.conftest import MARK_BEACONS, Visitor
from tests.browser.test_browser_consent import (  # noqa: F401
    test_an_update_to_granted_stores_the_client_id_from_then_on,
    test_denied_by_default_nothing_is_stored_and_there_is_no_client_id,
    test_waiting_events_follow_the_visitors_choice,
)
from tests.browser.test_browser_delivery import (  # noqa: F401
    test_gateway_away_tab_closed_the_next_page_sends_what_was_left,
    test_what_is_delivered_is_forgotten,
)
from tests.browser.test_browser_events import (  # noqa: F401
    test_commands_before_the_script_has_loaded_are_replayed_after_the_page_view,
)
from tests.browser.test_browser_handover import (  # noqa: F401
    Tally,
    next_page,
    settled,
    tally,
    test_a_burst_of_events_and_then_leaving,
    test_clicks_that_leave_the_page,
    test_denied_by_default_and_granted_at_once_on_each_page,
    test_two_tabs,
    test_what_another_tab_has_delivered_is_not_sent_again,
    test_what_another_tab_is_about_to_send_does_not_count_as_delivered,
    test_what_the_gateway_refused_as_the_page_ended_is_sent_by_the_next_page,
)
from tests.support.firefox import Firefox

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    program = shutil.which("firefox-esr")
    if not program:
        pytest.skip("Firefox is not installed: install the package firefox-esr of your system")
    browser = Firefox(program, tmp_path_factory.mktemp("firefox"))
    yield browser
    browser.close()


@pytest.fixture
def visitor(firefox, shop):
    """A new visitor in Firefox. The test fails when an exception reached a page."""
    context = firefox.new_context()
    context.add_init_script(MARK_BEACONS)
    visitor = Visitor(context, shop, firefox.errors)
    yield visitor
    shop.gateway.stop()  # or events of a closing page would reach the next test
    context.close()
    errors = firefox.errors[:]
    firefox.errors.clear()
    assert errors == []


def test_a_page_from_the_back_forward_cache_counts_again(visitor, gateway, shop):
    counted = """addEventListener('pageshow', ({ persisted }) => {
        if (persisted) gateway('event', 'back');
    });"""
    shop.write(path="/next")
    page = visitor.visit(counted)
    settled(page)
    next_page(page)
    settled(page)
    page.go_back()
    gateway.wait_for_events(4)
    settled(page)
    sent = {"page_view": 3, "back": 1}
    assert tally(gateway, sent) == Tally(sent=4, arrived=4, doubled=0, lost=0)
