"""The web application, put together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from gateway.configuration.settings import Settings, build_sources
from gateway.delivery.release import PageRelease
from gateway.ledger.feeding import build_feeding
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.append import Appender, Retention
from gateway.queue.keys import Keys
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.recent import Recorder
from gateway.queue.refused import RefusedSample
from gateway.queue.refused_requests import RequestSample
from gateway.queue.wake import WakeQueue
from gateway.redis_client.connect import connect_for_intake, connect_for_jobs
from gateway.sources.claims import Claim, PathTable, claims_of
from gateway.spool.appender import SpoolingAppender
from gateway.spool.folder import SpoolFolder
from gateway.stages.enrichment import open_tables
from gateway.stages.held_consent import compile_page_digest
from gateway.system.tasks import cancel_and_wait
from gateway.web.application import Application
from gateway.web.client_ip import compile_client_ip
from gateway.web.decision_record import decision_record
from gateway.web.demo_routes import demo_routes, with_demo_browser
from gateway.web.endpoints import endpoints_of
from gateway.web.link_claims import compile_claim_link
from gateway.web.link_route import link_routes
from gateway.web.operators import operators_app
from gateway.web.probes import probe_routes
from gateway.web.readiness import Readiness
from gateway.web.refusals import Refusals, Unclaimed
from gateway.web.scripts import script_claims, script_routes
from gateway.web.sender_limit import SenderLimit
from gateway.web.shared import Shared
from gateway.web.upkeep import Upkeep


def create_app(
    settings: Settings,
    redis_url: str,
    spool_folder: SpoolFolder | None = None,
    is_rejected: Callable[[], bool] = lambda: False,
) -> Application:
    """The ASGI application of one web process.

    spool_folder: where the events of browsers wait while Redis cannot take them. They are refused
    without one; if the spool is switched off, it is only emptied. is_rejected: returns whether the
    configuration file has changed since `settings` and the change was rejected.
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
    claim_link = compile_claim_link(redis, keys) if settings.identity.link_domains else None

    def watch(decisions: list[Decision]) -> None:
        if recorder is not None and not (spool and spool.is_spooling):
            recorder.add(decision_record(each) for each in decisions if each.demo_browser)

    hold, release_held = settings.consent.hold, None
    if hold is not None and settings.salt is not None:
        digest = compile_page_digest(settings.salt)
        release_held = PageRelease(redis, keys, appender, pipeline, digest, hold.seconds, watch)

    shared = Shared(
        pipeline, pending_counts, client_ip, watch, claim_link, release_held, refused.add
    )
    endpoints: list[tuple[Claim, ASGIApp]] = []
    shared_limits: list[SenderLimit] = []
    sources = build_sources(settings)
    request_sample = RequestSample(redis, keys)
    refusals = Refusals(sources, request_sample, pending_counts)
    for name, source in sources.items():
        spools = settings.spool.enabled and source.spools
        keep = spool if spool is not None and spools else appender
        of_source = endpoints_of(name, source, server, shared, keep, refusals.of(name))
        endpoints += [(claim, of_source.by_role[claim.role]) for claim in claims_of(name, source)]
        if source.settings.rate_limit.shared:
            shared_limits.append(of_source.limit)
    readiness = Readiness(redis, keys, settings.destinations)
    routes: list[BaseRoute] = [*probe_routes(readiness)]
    if server.demo:
        routes += demo_routes(redis, keys, server.public_url.startswith("https:"))
    routes += script_routes()
    endpoints += script_claims(settings.sources)
    routes += link_routes(settings, client_ip, shared.long_work)
    operators = operators_app(settings, redis, readiness, spool, is_rejected)

    samples = refused, request_sample
    upkeep = Upkeep(settings, redis, tables, pending_counts, appender, shared_limits, samples)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await tables.refresh(redis)
        running = asyncio.create_task(upkeep.run())
        if spool is not None:
            await spool.open()
        yield
        if spool is not None:
            await spool.close()
        await cancel_and_wait(running)  # before Redis is closed under it
        await upkeep.finish()
        await redis.aclose()

    others = Starlette(routes=routes, lifespan=lifespan)
    others.router.redirect_slashes = False  # it would send browsers to whatever `Host` says
    others.router.default = Unclaimed(refusals)
    return Application(PathTable(endpoints), others, operators)
