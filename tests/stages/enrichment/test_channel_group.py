"""`channel_group`: each of GA4's rules, and the traffic that they classify."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Received
from gateway.stages.enrichment import compile_enrichment
from gateway.stages.enrichment.channel_group import Traffic, channel_group

RECEIVED = Received("site", 0.0)
enrich = compile_enrichment(["page", "campaign", "click_ids", "referrer", "channel_group"])


@pytest.mark.parametrize(
    ("source", "medium", "campaign", "group"),
    [
        ("", "", "", "Direct"),
        ("(direct)", "(none)", "", "Direct"),
        ("(Direct)", "(not set)", "", "Direct"),
        ("(direct)", "email", "", "Email"),
        ("google", "cpc", "a cross-network b", "Cross-network"),
        ("amazon", "cpc", "", "Paid Shopping"),
        ("newsletter", "cpc", "spring shopping", "Paid Shopping"),
        ("newsletter", "ppc", "shop", "Paid Shopping"),
        ("newsletter", "ppc", "eshop", "Paid Shopping"),
        ("newsletter", "ppc", "workshop", "Paid Other"),
        ("google", "cpc", "", "Paid Search"),
        ("Google", "CPC", "", "Paid Search"),
        ("google.com", "ppc", "", "Paid Search"),
        ("bing", "paid-search", "", "Paid Search"),
        ("google", "cpm", "", "Paid Search"),
        ("facebook", "paid_social", "", "Paid Social"),
        ("fb", "retargeting", "", "Paid Social"),
        ("m.facebook.com", "cpc", "", "Paid Social"),
        ("youtube.com", "cpv-cpc", "", "Paid Video"),
        ("tiktok", "paid", "", "Paid Video"),
        ("adnet", "display", "", "Display"),
        ("adnet", "banner", "", "Display"),
        ("adnet", "expandable", "", "Display"),
        ("adnet", "interstitial", "", "Display"),
        ("adnet", "cpm", "", "Display"),
        ("adnet", "cpc", "", "Paid Other"),
        ("chatgpt.com", "ai-assistant", "(ai-assistant)", "AI Assistant"),
        ("chatgpt.com", "", "", "AI Assistant"),
        ("chatgpt.com", "cpc", "", "Paid Other"),
        ("ebay.de", "referral", "", "Organic Shopping"),
        ("newsletter", "email", "shopping days", "Organic Shopping"),
        ("facebook.com", "referral", "", "Organic Social"),
        ("agency", "social-media", "", "Organic Social"),
        ("agency", "sm", "", "Organic Social"),
        ("youtube.com", "referral", "", "Organic Video"),
        ("agency", "in-video", "", "Organic Video"),
        ("bing", "organic", "", "Organic Search"),
        ("unknown", "organic", "", "Organic Search"),
        ("google", "", "", "Organic Search"),
        ("blog.example", "referral", "", "Referral"),
        ("partner", "app", "", "Referral"),
        ("partner", "link", "", "Referral"),
        ("crm", "email", "", "Email"),
        ("crm", "e-mail", "", "Email"),
        ("crm", "e_mail", "", "Email"),
        ("e mail", "x", "", "Email"),
        ("crm", "affiliate", "", "Affiliates"),
        ("crm", "affiliates", "", "Unassigned"),
        ("spotify", "audio", "", "Audio"),
        ("crm", "sms", "", "SMS"),
        ("sms", "x", "", "SMS"),
        ("crm", "web-push", "", "Mobile Push Notifications"),
        ("crm", "mobile-app", "", "Mobile Push Notifications"),
        ("crm", "app-notification", "", "Mobile Push Notifications"),
        ("firebase", "x", "", "Mobile Push Notifications"),
        ("crm", "letter", "", "Unassigned"),
        ("x", "", "", "Unassigned"),
        ("x", "cpc", "", "Paid Other"),
        ("x", "social", "", "Organic Social"),
        ("x.com", "", "", "Organic Social"),
        ("t.co", "", "", "Organic Social"),
        ("Twitter", "", "", "Organic Social"),
        ("twitter", "cpc", "", "Paid Social"),
        ("ok", "", "", "Unassigned"),
        ("ok.ru", "", "", "Organic Social"),
        ("vk", "", "", "Unassigned"),
        ("vk.com", "", "", "Organic Social"),
        ("medium", "", "", "Unassigned"),
        ("medium.com", "", "", "Organic Social"),
        ("360", "", "", "Unassigned"),
        ("360.cn", "", "", "Organic Search"),
        ("you", "", "", "Unassigned"),
        ("you.com", "", "", "AI Assistant"),
        ("bol", "", "", "Unassigned"),
        ("bol.com", "", "", "Organic Shopping"),
        ("kick", "", "", "Unassigned"),
        ("kick.com", "", "", "Organic Video"),
        ("ig", "", "", "Organic Social"),
        ("line", "", "", "Organic Social"),
        ("google", "letter", "", "Organic Search"),
    ],
)
def test_rules_of_ga4(source: str, medium: str, campaign: str, group: str) -> None:
    assert channel_group(Traffic(source, medium, campaign)) == group


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_case_does_not_matter_and_every_visit_has_a_group(
    source: str, medium: str, campaign: str
) -> None:
    traffic = Traffic(source, medium, campaign)
    small = Traffic(*(part.lower() for part in traffic))
    assert channel_group(traffic) == channel_group(small) != ""


HERE = "https://shop.example/a"


@pytest.mark.parametrize(
    ("event", "group"),
    [
        ({"page_location": f"{HERE}?utm_source=crm&utm_medium=email"}, "Email"),
        ({"page_location": f"{HERE}?utm_source=crm&utm_medium=email&gclid=A"}, "Email"),
        ({"page_location": f"{HERE}?gclid=A"}, "Paid Search"),
        ({"page_location": f"{HERE}?gbraid=A&utm_campaign=shop"}, "Paid Shopping"),
        ({"page_location": f"{HERE}?dclid=A"}, "Display"),
        ({"page_location": f"{HERE}?msclkid=A"}, "Paid Search"),
        ({"page_location": f"{HERE}?fbclid=A"}, "Direct"),
        (
            {"page_location": f"{HERE}?fbclid=A", "page_referrer": "https://l.facebook.com/"},
            "Organic Social",
        ),
        ({"page_location": HERE, "page_referrer": "https://www.google.com/"}, "Organic Search"),
        ({"page_location": HERE, "page_referrer": "https://chatgpt.com/"}, "AI Assistant"),
        ({"page_location": HERE, "page_referrer": "https://you.com/"}, "AI Assistant"),
        ({"page_location": HERE, "page_referrer": "https://t.co/abc"}, "Organic Social"),
        ({"page_location": HERE, "page_referrer": "https://x.com/a"}, "Organic Social"),
        (
            {"page_location": HERE, "page_referrer": "android-app://com.twitter.android/"},
            "Organic Social",
        ),
        ({"page_location": HERE, "page_referrer": "https://www.bol.com/"}, "Organic Shopping"),
        ({"page_location": f"{HERE}?utm_source=x"}, "Unassigned"),
        (
            {"page_referrer": "r", "referrer": {"source": "bing", "type": "search"}},
            "Organic Search",
        ),
        ({"page_location": HERE, "page_referrer": "https://mail.google.com/"}, "Email"),
        ({"page_location": HERE, "page_referrer": "https://blog.example.org/"}, "Referral"),
        ({"page_location": HERE}, "Direct"),
        ({"page_location": HERE, "page_referrer": ""}, "Direct"),
        ({"page_location": f"{HERE}?utm_campaign=cross-network"}, "Direct"),
        ({"page_location": HERE, "page_referrer": "https://www.shop.example/"}, None),
        ({"page_location": HERE, "page_referrer": "about:blank"}, None),
        ({}, None),
        ({"campaign": {"source": "crm", "medium": "sms"}}, "SMS"),
        ({"campaign": {"source": 7, "medium": ["a"]}}, None),
        ({"campaign": "spring", "referrer": "x", "page_referrer": "x"}, None),
        ({"page_location": HERE, "channel_group": "Mine"}, "Mine"),
    ],
)
def test_what_tells_where_a_visitor_came_from(event: dict[str, Any], group: str | None) -> None:
    found, _ = enrich({"event_name": "page_view", **event}, RECEIVED)
    assert found.get("channel_group") == group


@pytest.mark.parametrize("more", [{"trusted": True}, {"backend": True}])
def test_a_backend_has_the_group_of_its_campaign_and_is_never_direct(more: dict[str, bool]) -> None:
    backend = Received("backend", 0.0, **more)
    event: dict[str, Any] = {"event_name": "purchase", "page_location": HERE}
    assert "channel_group" not in enrich(event, backend)[0]
    event["page_location"] += "?utm_source=crm&utm_medium=sms"
    assert enrich(event, backend)[0]["channel_group"] == "SMS"
