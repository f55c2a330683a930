"""The composition root: the one place that knows every part."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker
from starlette.datastructures import State

from app.accounts.routes import router as accounts
from app.billing.certificate_files import MAX_UPLOAD_BYTES as MAX_CERTIFICATE_BYTES
from app.billing.purchase_order_files import MAX_UPLOAD_BYTES
from app.catalog import public_revision
from app.catalog.group_routes import router as catalog_groups
from app.catalog.models import Film
from app.catalog.routes import router as catalog
from app.console.access import HOME
from app.console.error_pages import error_page
from app.core import api_docs, health, logging, problems
from app.core.compression import Compression
from app.core.config import Settings, get_settings
from app.core.cross_site import refuse_cross_site
from app.core.db import engine_of, make_sessions
from app.core.errors import (
    BadRequestError,
    InvalidInputError,
    TooLargeError,
    TooManyRequestsError,
    UnavailableError,
    responses,
)
from app.core.health import WriteProbe
from app.core.lazy_router import LazyRouter
from app.core.public_reads import PublicRead, PublicReads
from app.core.rate_limits import RateLimiter, request_cost
from app.core.request_middleware import RequestMiddleware, known_hosts
from app.core.request_validation import refuse_other_types, refuse_repeated, refuse_unknown
from app.core.response_cache import (
    PublicRevision,
    ResponseCache,
    ResponseCacheMiddleware,
)
from app.core.storage import storage_of
from app.core.workers import JobStatus
from app.discovery import routes as discovery
from app.discovery.oai import dublin_core
from app.discovery.oai import formats as oai_formats
from app.discovery.oai.films import FilmSource
from app.discovery.oai.record_sources import JoinedSource
from app.discovery.xml import Element
from app.exports import harvesting
from app.exports.holdings import Holding
from app.exports.routes import api as exports_api
from app.exports.routes import pages as exports
from app.licenses.routes import router as licenses
from app.lookup.routes import router as lookup
from app.media.routes import router as files
from app.notes.routes import router as notes
from app.offers.license_texts import find_broken_texts
from app.offers.routes import router as offers
from app.offers.states import DELIVERY_LABELS, Delivery
from app.orders.exemption_routes import router as exemptions
from app.orders.models import Order
from app.orders.purchase_order_routes import router as purchase_orders
from app.orders.routes import router as orders
from app.payments.gateway import StripeGateway
from app.payments.routes import api as payments
from app.payments.routes import webhooks
from app.payments.state import StoreState
from app.portal import routes as portal
from app.portal.me_routes import router as me
from app.quotes.routes import router as quotes
from app.search.routes import router as finding
from app.storefront import routes as storefront
from app.streaming.media_routes import router as media
from app.usage.routes import router as counter
from app.usage.visits import VisitCounter
from app.web.static_files import VersionedFiles

DESCRIPTION = """
Find films, check licenses and prices for an institution, place orders, and verify licenses.
Money is `{"amount": 39800, "currency": "USD"}` in whole minor units. Times are RFC 3339, in UTC.
Every error is a problem document (RFC 9457) that names the invalid fields. Unknown query
parameters are rejected. A list's `next` is the `cursor` of its next page.
"""


def _dublin_core(holding: Holding, delivery: Delivery, settings: Settings) -> Element:
    return dublin_core.record(holding.film, settings, delivery=DELIVERY_LABELS[delivery])


# Every catalog that harvests reads MARC; Dublin Core is the protocol's own, for every item.
oai_formats.register(
    replace(
        oai_formats.get_format("oai_dc"),
        source=JoinedSource(
            FilmSource(dublin_core.record), harvesting.LibraryRecords(_dublin_core)
        ),
    )
)
oai_formats.register(
    oai_formats.Format(
        prefix="marc21",
        schema=harvesting.SCHEMA,
        namespace=harvesting.NAMESPACE,
        source=harvesting.LibraryRecords(),
    )
)
# Where staff send files: a larger body is let through to them, and to nobody else.
UPLOADS = re.compile(
    "/console/films/[^/]+/(captions|masters|files(/[^/]+/replace)?)|/api/v1/admin/films/[^/]+/(files|captions)"
    "|/console/imports|/api/v1/admin/catalog/imports"
)
# Staff send masters of films, in pieces or whole.
MASTER_UPLOADS = re.compile("/console/media/uploads/[^/]+|/api/v1/admin/masters/[^/]+/upload")
# Buyers with the link of an order or a quote, and staff, send a PDF of its purchase order.
# Staff send vendor documents.
PURCHASE_ORDER_UPLOADS = re.compile(
    "(/console)?/orders/[^/]+/purchase-order(/files)?|/quotes/[^/]+/purchase-order"
    "|/console/vendor-documents"
    "|/api/v1/(admin/)?orders/[^/]+/purchase-order/files"
)
# Buyers with the link of an order, and staff, send an exemption certificate.
EXEMPTION_UPLOADS = re.compile(
    "/orders/[^/]+/exemption|/console/exemptions|/api/v1/(admin|orders/[^/]+)/exemptions"
)
API = "/api/v1"
API_ROUTERS = (
    finding,  # before the catalog: its "/films/facets" is no film
    catalog,
    catalog_groups,
    notes,
    offers,
    lookup,
    accounts,
    orders,
    quotes,
    purchase_orders,
    exemptions,
    payments,
    licenses,
    me,
    exports_api,
)
PAGE_ROUTERS = (
    discovery.router,
    *(part.router for part in (*storefront.PARTS, *portal.PARTS)),
)
# Any route may meet these; each names the rest itself.
COMMON_ERRORS = responses(
    BadRequestError, InvalidInputError, TooLargeError, TooManyRequestsError, UnavailableError
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application. Two can live in one process, as tests need."""
    settings = settings or get_settings()

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        # As many as may have a connection: no request waits for another's.
        to_thread.current_default_thread_limiter().total_tokens = settings.threads
        yield
        await application.state.response_cache.finish()
        application.state.engine.dispose()
        logging.flush()

    application = FastAPI(
        title=settings.seller_name,
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        generate_unique_id_function=_operation_id,
        # One name for what is sent and what is answered: generated clients have one class for both.
        separate_input_output_schemas=False,
        # Nothing here is observed that way, and to look whether it is takes a tenth of an answer.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    attach(application, settings)
    problems.install(application, error_page=error_page)
    api_docs.install(application)
    _include(application)
    # Of what is not kept: what is kept is compressed once.
    application.add_middleware(Compression)
    application.add_middleware(
        ResponseCacheMiddleware,
        writers=("/console/",),
        stale_seconds=settings.cache_stale_seconds,
        https=settings.secure_cookies,
    )
    # Outside of what answers from memory, inside of what reads the cookies' names.
    application.add_middleware(VisitCounter)
    application.add_middleware(
        RequestMiddleware,
        max_body_bytes=settings.max_body_bytes,
        upload_limits={
            UPLOADS: settings.max_upload_bytes,
            MASTER_UPLOADS: settings.max_master_gb * 1_000_000_000,
            PURCHASE_ORDER_UPLOADS: MAX_UPLOAD_BYTES,
            EXEMPTION_UPLOADS: MAX_CERTIFICATE_BYTES,
        },
        public_reads=find_public_reads(),
        payment_origin=settings.sandbox_url
        if settings.sandbox_enabled
        else "https://checkout.stripe.com",
        https=settings.secure_cookies,
        hsts=settings.hsts,
        hosts=known_hosts(settings),
    )
    return application


def attach(application: FastAPI, settings: Settings, engine: Engine | None = None) -> None:
    """Give the application its database and its gateway.

    Building the routes takes longer than anything a test does, so tests attach a fresh database to
    routes built once, by an engine that has compiled its statements before.
    """
    engine = engine or engine_of(settings)
    readers = make_sessions(engine, read_only=True)
    state = StoreState(
        settings=settings,
        engine=engine,
        sessions=make_sessions(engine),
        readers=readers,
        gateway=StripeGateway(settings),
        storage=storage_of(settings),
        rates=RateLimiter(settings.api_requests_per_minute),
        response_cache=ResponseCache(
            lambda: _current_revision(readers),
            max_bytes=settings.cache_megabytes * 1_000_000,
            stale_seconds=settings.cache_stale_seconds,
        ),
        write_probe=WriteProbe(engine),
        find_unready=_find_unready,
        read_jobs=_read_jobs,
    )
    # Starlette declares an object without types here.
    application.state = cast("State", state)


def _current_revision(readers: sessionmaker[Session]) -> PublicRevision:
    """Return the present state of everything public, for what is cached of it."""
    with readers() as session:
        found = public_revision.current(session)
    return PublicRevision(found.number, found.changed_at)


def _find_unready(session: Session) -> list[str]:
    """Return what of the database's own a paid order would miss."""
    # A damaged database may open all the same: something is read of what everybody reads.
    for column in (Film.title, Order.number):
        session.execute(select(column).limit(1)).all()
    broken = find_broken_texts(session)
    return (
        [f"license texts differ from the published versions: {', '.join(broken)}"] if broken else []
    )


def _include(application: FastAPI) -> None:
    counted = [Depends(request_cost(1))]
    of_program = [Depends(refuse_unknown), Depends(refuse_other_types)]
    checked = [*counted, *of_program]
    of_visitors = [Depends(refuse_cross_site), Depends(refuse_repeated)]
    # Counted by their keys (``accounts.keys``): a library's programs share one address.
    staff = LazyRouter(
        f"{API}/admin",
        load=_staff_api,
        under=API,
        dependencies=of_program,
        responses=COMMON_ERRORS,
    )
    application.include_router(staff)
    api = LazyRouter(API, dependencies=checked, responses=COMMON_ERRORS)
    for router in API_ROUTERS:
        api.include_router(router)
    application.include_router(api, prefix=API)
    application.include_router(webhooks, responses=COMMON_ERRORS)
    application.include_router(exports, dependencies=counted, responses=COMMON_ERRORS)
    application.include_router(files, responses=COMMON_ERRORS)
    application.include_router(media, responses=COMMON_ERRORS)
    application.include_router(counter, include_in_schema=False)
    application.include_router(health.router)
    application.include_router(LazyRouter(HOME, load=_console, dependencies=of_visitors))
    for router in PAGE_ROUTERS:
        application.include_router(router, include_in_schema=False, dependencies=of_visitors)
    application.mount("/static", VersionedFiles(), name="static")
    _describe(application, staff)


def find_public_reads() -> PublicReads:
    """Return what the routes that need no key declare, in the order in which they are included."""
    reads = PublicReads()
    for router in API_ROUTERS:
        reads.add_router(router, prefix=API)
    for router in (webhooks, exports, files, counter, health.router, *PAGE_ROUTERS):
        reads.add_router(router)
    reads.add("/static/{path:path}", PublicRead(is_cached=False))
    reads.add("/api/openapi.json", PublicRead())
    return reads


def _read_jobs(session: Session) -> JobStatus:
    """Return the state of the worker and of what waits for it, for /health/ready."""
    from app.work_queues import WORK_QUEUES  # noqa: PLC0415 - half of it is loaded for nothing else

    return JobStatus.read(session, WORK_QUEUES)


def _console() -> APIRouter:
    """Return the pages for staff: a worker that no staff come to never loads them."""
    from app.console.routes import router  # noqa: PLC0415

    return router


def _staff_api() -> APIRouter:
    """Return what staff do over the API: loaded as late as the console is."""
    from app.billing.tax_admin_routes import router as tax_admin  # noqa: PLC0415
    from app.catalog.admin_routes import router as catalog_admin  # noqa: PLC0415
    from app.catalog.collections_admin_routes import router as collections_admin  # noqa: PLC0415
    from app.catalog.entry_history_routes import router as entry_history  # noqa: PLC0415
    from app.catalog.history_routes import router as catalog_history  # noqa: PLC0415
    from app.catalog.names_admin_routes import router as names_admin  # noqa: PLC0415
    from app.exports.admin_routes import router as exports_admin  # noqa: PLC0415
    from app.imports.admin_routes import router as imports_admin  # noqa: PLC0415
    from app.institutions.admin_routes import router as institutions_admin  # noqa: PLC0415
    from app.licenses.admin_routes import router as licenses_admin  # noqa: PLC0415
    from app.media.admin_routes import router as files_admin  # noqa: PLC0415
    from app.media.caption_admin_routes import router as captions_admin  # noqa: PLC0415
    from app.media.master_admin_routes import router as masters_admin  # noqa: PLC0415
    from app.offers.admin_routes import router as offers_admin  # noqa: PLC0415
    from app.orders.admin_routes import router as orders_admin  # noqa: PLC0415
    from app.orders.correction_admin_routes import router as corrections_admin  # noqa: PLC0415
    from app.orders.exemption_admin_routes import router as exemptions_admin  # noqa: PLC0415
    from app.orders.invoice_admin_routes import router as invoices_admin  # noqa: PLC0415
    from app.orders.purchase_order_admin_routes import (  # noqa: PLC0415
        router as purchase_orders_admin,
    )
    from app.orders.replacement_admin_routes import router as replacements_admin  # noqa: PLC0415
    from app.orders.tax_admin_routes import router as order_tax_admin  # noqa: PLC0415
    from app.payments.admin_routes import router as payments_admin  # noqa: PLC0415
    from app.quotes.admin_routes import router as quotes_admin  # noqa: PLC0415
    from app.receivables.admin_routes import router as receivables_admin  # noqa: PLC0415
    from app.receivables.invoice_admin_routes import router as collecting_admin  # noqa: PLC0415
    from app.search.admin_routes import router as finding_admin  # noqa: PLC0415

    router = APIRouter()
    for part in (
        catalog_admin,
        catalog_history,
        collections_admin,
        names_admin,
        entry_history,
        files_admin,
        captions_admin,
        masters_admin,
        imports_admin,
        finding_admin,
        offers_admin,
        exports_admin,
        institutions_admin,
        orders_admin,
        quotes_admin,
        invoices_admin,
        purchase_orders_admin,
        licenses_admin,
        replacements_admin,
        corrections_admin,
        payments_admin,
        receivables_admin,
        collecting_admin,
        order_tax_admin,
        tax_admin,
        exemptions_admin,
    ):
        router.include_router(part)
    return router


def _describe(application: FastAPI, staff: LazyRouter) -> None:
    """Complete OpenAPI: what staff do, and what the framework leaves out."""
    original = application.openapi

    def described() -> dict[str, object]:
        if application.openapi_schema is None:
            staff.complete()
            base_url = str(application.state.settings.base_url).rstrip("/")
            api_docs.complete(original(), base_url=base_url)
        return application.openapi_schema or {}

    application.openapi = described  # type: ignore[method-assign]


def _operation_id(route: APIRoute) -> str:
    return route.name
