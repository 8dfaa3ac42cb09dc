"""The web application, put together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from gateway.configuration.settings import Settings, build_sources
from gateway.delivery.records import decision_record
from gateway.delivery.release import PageRelease
from gateway.ledger.feeding import build_feeding
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.append import Appender, Retention
from gateway.queue.bounds import Limits
from gateway.queue.capacity import CapacityWatch
from gateway.queue.gateways import Announcer
from gateway.queue.group_commit import Overloaded
from gateway.queue.keys import Keys
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.plug_in_counts import count_problems
from gateway.queue.read import ensure_group
from gateway.queue.recent import Recorder
from gateway.queue.refused import RefusedSample
from gateway.queue.refused_requests import RequestSample
from gateway.queue.wake import WakeQueue
from gateway.redis_client.connect import RedisError, connect_for_intake, connect_for_jobs
from gateway.sources.claims import Claim, PathTable, claims_of
from gateway.spool.appender import SpoolingAppender
from gateway.spool.folder import SpoolFolder
from gateway.stages.enrichment import Tables, open_tables
from gateway.stages.held_consent import compile_page_digest
from gateway.system.tasks import cancel_and_wait
from gateway.web.application import Application
from gateway.web.base_url import compile_base_url
from gateway.web.client_ip import compile_client_ip
from gateway.web.connections import REFUSED
from gateway.web.demo_routes import demo_routes, with_demo_browser
from gateway.web.intake import QUESTION_METHODS, Intake
from gateway.web.limit_sharing import share_limits
from gateway.web.link_claims import compile_claim_link
from gateway.web.link_route import link_routes
from gateway.web.load_shedder import LoadShedder
from gateway.web.long_requests import LongRequests
from gateway.web.long_work import LongWork
from gateway.web.operators import operators_app
from gateway.web.origins import compile_origin_check
from gateway.web.preflights import with_cors
from gateway.web.probes import probe_routes
from gateway.web.readiness import Readiness
from gateway.web.refusals import Refusals, Unclaimed
from gateway.web.scripts import script_claims, script_routes
from gateway.web.sender_limit import SenderLimit
from gateway.web.token_endpoint import METHODS, TokenEndpoint

log = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0


def create_app(
    settings: Settings,
    redis_url: str,
    spool_folder: SpoolFolder | None = None,
    is_rejected: Callable[[], bool] = lambda: False,
) -> Application:
    """The ASGI application of one web process.

    spool_folder: where the events of browsers wait while Redis cannot take them; without one they
    are refused. is_rejected: whether the configuration file now holds something else than
    `settings`, which was rejected.
    """
    redis = connect_for_intake(redis_url)
    pending_counts = PendingCounts()
    keys = Keys.of(settings)
    wake_queue = WakeQueue(connect_for_jobs(settings.redis.jobs_at(redis_url)), keys)
    feeding, retention = build_feeding(settings), Retention.of(settings)
    appender = Appender(redis, keys, pending_counts, wake_queue.wake, retention, feeding)
    spool = SpoolingAppender(appender, redis, spool_folder) if spool_folder else None
    recorder = Recorder(redis, keys) if settings.server.demo else None
    refused = RefusedSample(redis, keys)
    tables = open_tables(settings.enrichment, settings.lookups, settings.folder)
    pipeline = compile_pipeline(settings, tables)
    server = settings.server
    if server.demo:
        pipeline = with_demo_browser(pipeline)
    client_ip = compile_client_ip(server.trusted_proxies, server.client_ip_header)
    limit = settings.server.max_body_bytes
    load_shedder, long_work, long_requests = LoadShedder(), LongWork(), LongRequests()
    claim_link = compile_claim_link(redis, keys) if settings.identity.link_domains else None

    def watch(decisions: list[Decision]) -> None:
        if recorder is not None and not (spool and spool.is_spooling):
            recorder.add(decision_record(each) for each in decisions if each.demo_browser)

    hold, release_held = settings.consent.hold, None
    if hold is not None and settings.salt is not None:
        digest = compile_page_digest(settings.salt)
        release_held = PageRelease(redis, keys, appender, pipeline, digest, hold.seconds, watch)

    base_url = compile_base_url(server)
    endpoints: list[tuple[Claim, ASGIApp]] = []
    shared_limits: list[SenderLimit] = []
    sources = build_sources(settings)
    request_sample = RequestSample(redis, keys)
    refusals = Refusals(sources, request_sample, pending_counts)
    for name, source in sources.items():
        note_refused = refusals.of(name)
        keep = spool if spool is not None and source.spools else appender
        check_origin = compile_origin_check(source.settings, server.demo)
        intake = Intake(
            name,
            source,
            pipeline,
            keep,
            pending_counts,
            client_ip,
            min(limit, source.max_body_bytes or limit),
            load_shedder,
            long_work,
            long_requests,
            watch,
            claim_link,
            release_held,
            check_origin,
            refused.add,
            note_refused,
        )
        if source.settings.rate_limit.shared:
            shared_limits.append(intake.limit)
        questions = intake.for_questions(base_url)
        for_pages = partial(
            with_cors, name, source, pending_counts=pending_counts, note_refused=note_refused
        )
        by_role = {
            "events": for_pages(source.methods, intake),
            "question": for_pages(QUESTION_METHODS, questions),
        }
        tokens = source.settings.submission_tokens
        if tokens is not None and check_origin is not None:
            issue = TokenEndpoint(
                name, tokens, intake.limit, client_ip, check_origin, pending_counts, note_refused
            )
            by_role["token"] = for_pages(METHODS, issue)
        endpoints += [(claim, by_role[claim.role]) for claim in claims_of(name, source)]
    readiness = Readiness(redis, keys, settings.destinations)
    routes: list[BaseRoute] = [*probe_routes(readiness)]
    if server.demo:
        routes += demo_routes(redis, keys, server.public_url.startswith("https:"))
    routes += script_routes()
    endpoints += script_claims(settings.sources)
    routes += link_routes(settings, client_ip)
    operators = operators_app(settings, redis, readiness, spool, is_rejected)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await tables.refresh(redis)
        upkeep = asyncio.create_task(
            _upkeep(
                settings,
                tables,
                redis,
                pending_counts,
                appender,
                shared_limits,
                [refused, request_sample],
            )
        )
        if spool is not None:
            await spool.open()
        yield
        if spool is not None:
            await spool.close()
        await cancel_and_wait(upkeep)  # before Redis is closed under it
        _gather_counts(pending_counts)
        with contextlib.suppress(RedisError, Overloaded):
            await appender.flush_counts()
        await redis.aclose()

    others = Starlette(routes=routes, lifespan=lifespan)
    others.router.default = Unclaimed(refusals)
    return Application(PathTable(endpoints), others, operators)


def _gather_counts(pending_counts: PendingCounts) -> None:
    """Adds what was counted where no source is known: by plug-ins and by the protocol."""
    count_problems(pending_counts)
    pending_counts.put_back(REFUSED.take())


async def _upkeep(
    settings: Settings,
    tables: Tables,
    redis: Redis,
    pending_counts: PendingCounts,
    appender: Appender,
    shared_limits: Sequence[SenderLimit],
    samples: Sequence[RefusedSample | RequestSample],
) -> None:
    """Reads again what enrichments know from elsewhere, makes the consumer groups that Redis has
    not, shuts intake for what is full, writes counts in times without events and the samples of
    what was refused, announces the gateway, and shares the rate limits with other processes."""
    keys = Keys.of(settings)
    announcer = Announcer(redis, keys, settings.destinations)
    capacity = CapacityWatch(redis, keys, Limits.of(settings))
    while True:
        await tables.refresh(redis)
        try:
            for name in settings.destinations:
                await ensure_group(redis, keys.destination(name))
            appender.closed = await capacity.look()
            _gather_counts(pending_counts)
            await appender.flush_counts()
            await announcer.renew()
            await share_limits(redis, keys, shared_limits)
            for sample in samples:
                await sample.flush()
        except (RedisError, Overloaded) as error:
            log.warning("Redis does not keep up: %s", type(error).__name__)
        await asyncio.sleep(FLUSH_SECONDS)
