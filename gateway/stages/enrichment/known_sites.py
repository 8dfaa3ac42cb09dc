"""Known sites that visitors come from, by kind: our own short list.

A site is recognised by its hosts and their subdomains (``m.facebook.com``), by the names that
people write into ``utm_source`` (``fb``) unless these are ambiguous (``x``), and by the packages of
its apps, as in ``android-app://`` URLs. ``google.*`` stands for the domains of all countries. The
longest listed host counts, so ``mail.google.com`` is not the search engine.

Kinds follow Google's categories of sources where it has them.
Source: support.google.com/analytics/answer/9756891
"""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

Kind = Literal["search", "social", "video", "shopping", "ai_assistant", "email", "other"]

_CACHED = 4_096
_LONGEST = 253

_TABLE: dict[Kind, str] = {
    "search": """
        google google.* com.google.android.googlequicksearchbox
        bing bing.com bing.* com.microsoft.bing
        yahoo yahoo.* search.yahoo.com
        duckduckgo duckduckgo.com com.duckduckgo.mobile.android
        yandex yandex.* ya.ru yandex.com.tr
        baidu baidu.com
        ecosia ecosia.org com.ecosia.android
        qwant qwant.com
        startpage startpage.com
        brave search.brave.com
        kagi kagi.com
        mojeek mojeek.com
        swisscows swisscows.com
        aol aol.com search.aol.com
        ask ask.com
        lycos lycos.*
        seznam seznam.cz search.seznam.cz
        naver naver.com search.naver.com
        daum daum.net
        sogou sogou.com
        360 so.com 360.cn
        rambler rambler.ru
        t-online suche.t-online.de
        metager metager.org metager.de
        dogpile dogpile.com
    """,
    "social": """
        facebook facebook.com fb fb.com fb.me com.facebook.katana com.facebook.lite meta
        messenger messenger.com m.me com.facebook.orca
        instagram instagram.com ig instagr.am com.instagram.android
        threads threads.net threads.com com.instagram.barcelona
        whatsapp whatsapp.com wa.me com.whatsapp
        x x.com twitter twitter.com t.co com.twitter.android
        linkedin linkedin.com lnkd.in com.linkedin.android
        pinterest pinterest.* pin.it com.pinterest
        reddit reddit.com redd.it com.reddit.frontpage
        snapchat snapchat.com com.snapchat.android
        telegram telegram.org t.me telegram.me org.telegram.messenger
        discord discord.com discord.gg com.discord
        slack slack.com com.slack com.slack.android
        bluesky bsky.app
        mastodon mastodon.social mastodon.online
        tumblr tumblr.com
        quora quora.com
        medium medium.com
        substack substack.com
        vk vk.com vk.ru vkontakte
        ok ok.ru odnoklassniki.ru
        weibo weibo.com weibo.cn
        wechat wechat.com weixin.qq.com
        qq qzone.qq.com
        line line.me jp.naver.line.android
        kakao kakao.com com.kakao.talk
        xing xing.com
        nextdoor nextdoor.com nextdoor.*
        yelp yelp.com yelp.*
        tripadvisor tripadvisor.com tripadvisor.*
        flipboard flipboard.com
        disqus disqus.com
        ycombinator news.ycombinator.com
        stackoverflow stackoverflow.com stackexchange.com
        glassdoor glassdoor.com glassdoor.*
        blogger blogger.com blogspot.com
        livejournal livejournal.com
        hootsuite hootsuite.com
        linktree linktr.ee
        gutefrage gutefrage.net
        groups groups.google.com
    """,
    "video": """
        youtube youtube.com youtu.be youtube-nocookie.com com.google.android.youtube
        tiktok tiktok.com com.zhiliaoapp.musically com.ss.android.ugc.trill
        vimeo vimeo.com
        twitch twitch.tv tv.twitch.android.app
        dailymotion dailymotion.com
        netflix netflix.com
        hulu hulu.com
        disneyplus disneyplus.com
        wistia wistia.com wistia.net
        bilibili bilibili.com
        youku youku.com
        iqiyi iqiyi.com iq.com
        niconico nicovideo.jp
        rumble rumble.com
        kick kick.com
        douyin douyin.com
    """,
    "shopping": """
        amazon amazon.* com.amazon.mShop.android.shopping
        ebay ebay.* com.ebay.mobile
        etsy etsy.com com.etsy.android
        walmart walmart.com
        alibaba alibaba.com
        aliexpress aliexpress.com aliexpress.* com.alibaba.aliexpresshd
        shopify shopify.com shop.app
        mercadolibre mercadolibre.com mercadolibre.* mercadolivre.com.br
        rakuten rakuten.com rakuten.co.jp
        shopzilla shopzilla.com
        googleshopping shopping.google.com google-shopping igshopping
        idealo idealo.* idealo.de
        kelkoo kelkoo.com kelkoo.*
        pricerunner pricerunner.com pricerunner.*
        geizhals geizhals.de geizhals.at geizhals.eu
        billiger billiger.de
        zalando zalando.*
        otto otto.de
        allegro allegro.pl
        bol bol.com
        naver-shopping shopping.naver.com
        yandex-market market.yandex.ru
        temu temu.com
        stripe checkout.stripe.com
    """,
    "ai_assistant": """
        chatgpt chatgpt.com chat.openai.com openai openai.com com.openai.chatgpt
        gemini gemini.google.com bard.google.com com.google.android.apps.bard
        claude claude.ai com.anthropic.claude
        perplexity perplexity.ai perplexity.com ai.perplexity.app.android
        copilot copilot.microsoft.com copilot.com copilot.cloud.microsoft com.microsoft.copilot
        meta-ai meta.ai
        grok grok.com x.ai ai.x.grok
        mistral chat.mistral.ai mistral.ai
        deepseek deepseek.com com.deepseek.chat
        you you.com
        poe poe.com
        phind phind.com
        qwen qwen.ai chat.qwen.ai
        kimi kimi.com kimi.moonshot.cn
        doubao doubao.com
        duckai duck.ai
    """,
    "email": """
        gmail mail.google.com com.google.android.gm
        outlook outlook.live.com outlook.office.com outlook.office365.com outlook.cloud.microsoft
        outlook-app com.microsoft.office.outlook mail.live.com
        yahoo-mail mail.yahoo.com mail.yahoo.co.jp com.yahoo.mobile.client.android.mail
        aol-mail mail.aol.com
        icloud-mail icloud.com
        gmx gmx.net gmx.de gmx.at gmx.ch gmx.com
        webde web.de
        t-online-mail email.t-online.de
        mailru e.mail.ru mail.ru
        yandex-mail mail.yandex.ru mail.yandex.com
        proton mail.proton.me
        fastmail fastmail.com
        zoho mail.zoho.com mail.zoho.eu
        seznam-mail email.seznam.cz
        naver-mail mail.naver.com
        orange-mail messagerie.orange.fr
        libero mail.libero.it
        mailchimp mailchi.mp
    """,
    "other": """
        google-workspace docs.google.com drive.google.com sites.google.com calendar.google.com
        google-accounts accounts.google.com
        google-translate translate.google.com translate.goog
        google-classroom classroom.google.com
        google-meet meet.google.com
        google-ads ads.google.com adservice.google.com
        google-analytics analytics.google.com tagmanager.google.com
        baidu-pan pan.baidu.com
    """,
}
"""One site per line: its name, then its hosts, packages and other names."""

_NO_SOURCES = frozenset(
    """
    360 allegro billiger bol brave groups kick medium meta ok otto poe qq rumble threads vk x you
    """.split()  # noqa: SIM905
)
"""Names of sites that can mean other things too, and are not on Google's list of sources. These
sites are recognised by their hosts only. GA4 has no category for them, as in ``utm_source=x``."""

_COUNTRY = re.compile(r"(com|net|org|[a-z]{2}|(com?|ne|or)\.[a-z]{2})")
"""What ``*`` stands for."""


class Site(NamedTuple):
    """name: a short one that stays when hosts change."""

    name: str
    kind: Kind


def _sites() -> dict[str, Site]:
    sites: dict[str, Site] = {}
    for kind, table in _TABLE.items():
        for line in table.strip().splitlines():
            for text in (words := line.lower().split()):
                sites[text] = Site(words[0], kind)
    return {text: site for text, site in sites.items() if text not in _NO_SOURCES}


_SITES = _sites()


@lru_cache(_CACHED)
def find_site(text: str) -> Site | None:
    """The known site of `text`, a host or a name in lower case, if there is one."""
    if len(text) > _LONGEST:
        return None
    if found := _SITES.get(text):
        return found
    label, dot, rest = text.partition(".")
    while dot:
        if (found := _SITES.get(f"{label}.*")) and _COUNTRY.fullmatch(rest):
            return found
        if "." in rest and (found := _SITES.get(rest)):
            return found
        label, dot, rest = rest.partition(".")
    return None
