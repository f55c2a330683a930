"""Settings, read once from the environment. ``.env.example`` lists every one."""

import re
from collections.abc import Iterator
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.smtp import MailServer
from app.core.startup import StartupError

DEFAULT_SECRET = "development-only-secret-change-me"  # noqa: S105 - refused in production
SANDBOX_KEY = "sk_test_sandbox_reelright"
SANDBOX_WEBHOOK_SECRET = "whsec_sandbox_reelright"  # noqa: S105 - of the local sandbox only

MIN_POOL_SIZE, MAX_DEFAULT_POOL_SIZE = 6, 40
# Shared by the web workers unless a size is set: with the jobs' own it fits PostgreSQL's usual 100.
SHARED_CONNECTIONS = 64
# Of the worker for jobs: its own pool, and that of the job engine.
JOB_POOL_SIZE, ENGINE_POOL_SIZE = 16, 10
JOB_CONNECTIONS = JOB_POOL_SIZE + ENGINE_POOL_SIZE
# Kept out of the threads' reach: two to ask what has changed, one for /health/ready.
RESERVED_CONNECTIONS = 3


class Settings(BaseSettings):
    """Everything that differs between two deployments, and nothing else."""

    model_config = SettingsConfigDict(
        env_prefix="REELRIGHT_",
        env_file=".env",
        frozen=True,
        extra="ignore",
        # Among the inputs are passwords and keys, and errors are printed.
        hide_input_in_errors=True,
    )

    environment: Literal["development", "test", "production"] = "development"
    base_url: HttpUrl = HttpUrl("http://127.0.0.1:8000")
    allowed_hosts: str = Field(
        default="", description="Further names that production answers to, separated by commas"
    )
    database_url: SecretStr = SecretStr("sqlite:///reelright.db")
    database_prepares: bool = Field(
        default=True, description="False behind an old pooler that lends PostgreSQL's connections"
    )
    database_pool_size: int = Field(
        default=0, ge=0, le=1000, description="Connections of a web process; 0: by their number"
    )
    database_connect_seconds: int = Field(default=5, ge=2, le=60)
    database_statement_seconds: int = Field(default=15, ge=0, le=600, description="0: no limit")
    database_job_statement_seconds: int = Field(
        default=600, ge=0, le=24 * 3600, description="The same for jobs and commands"
    )
    database_lock_seconds: int = Field(default=10, ge=0, le=600, description="0: no limit")
    database_tcp_seconds: int = Field(
        default=15,
        ge=0,
        le=600,
        description="Silence that ends a connection; 0: never",
    )
    web_workers: int = Field(
        default=1, ge=1, le=1000, description="Web processes; set by `serve --workers`"
    )
    jobs_database_url: SecretStr = Field(
        default=SecretStr(""), description="Empty: beside the store's own database"
    )
    secret_key: SecretStr = SecretStr(DEFAULT_SECRET)
    log_format: Literal["text", "json"] = "text"

    store_id: str = Field(default="reelright", pattern=r"^[a-z0-9-]{1,40}$")
    seller_name: str = "Reelright Films"
    seller_address: str = "1 Example Street, Brooklyn, NY 11201, USA"
    seller_email: str = "licensing@example.org"
    seller_legal_name: str = Field(
        default="Reelright Films LLC (sample)", max_length=200, description="On invoices"
    )
    seller_tax_id: str = Field(default="00-0000000", max_length=40, description="EIN or VAT number")
    remit_check_to: str = Field(
        default="Reelright Films LLC, PO Box 0, Brooklyn, NY 11201 (sample: send no checks)",
        max_length=300,
    )
    remit_bank_name: str = Field(default="Sample Bank (no real account)", max_length=200)
    remit_account: str = Field(default="000000000000", max_length=40)
    remit_ach_routing: str = Field(default="000000000", max_length=40)
    remit_wire_routing: str = Field(default="000000000", max_length=40)
    remit_swift: str = Field(default="SAMPLEXX", max_length=20)
    invoice_prefix: str = Field(default="INV", pattern=r"^[A-Z0-9]{1,10}$")
    credit_note_prefix: str = Field(default="CN", pattern=r"^[A-Z0-9]{1,10}$")
    featured_film: str = "the-red-soul"
    seller_place: str = Field(
        default="Brooklyn, New York", min_length=1, max_length=200, description="For MARC 264"
    )
    seller_place_code: str = Field(
        default="nyu", pattern=r"^[a-z]{2,3}$", description="Of the MARC code list for countries"
    )
    marc_organization: str = Field(
        default="REELRIGHT", pattern=r"^[A-Za-z][A-Za-z0-9-]{1,39}$", description="For 003 and 040"
    )
    counter_registry_record: str = Field(
        default="",
        pattern=r"^(https://registry\.countermetrics\.org/platform/[0-9a-f-]{36})?$",
        description="The store's record in the registry of COUNTER; empty: it has none",
    )
    currency: Literal["AUD", "CAD", "EUR", "GBP", "JPY", "USD"] = "USD"
    shipping_country: str = Field(default="US", pattern=r"^[A-Z]{2}$")
    shipping_domestic_amount: int = Field(default=0, ge=0, description="Minor units an order")
    shipping_international_amount: int = Field(default=1200, ge=0, description="Minor units")
    orders_per_hour: int = Field(default=60, ge=1, description="From one address, or of one email")
    api_requests_per_minute: int = Field(
        default=600, ge=60, description="From one address, in one worker"
    )
    unpaid_order_days: int = Field(default=30, ge=1, le=365)
    quote_days: int = Field(default=60, ge=1, le=365, description="How long a quote is valid")
    payment_terms_days: int = Field(
        default=30, ge=0, le=365, description="When payment of an order on terms is due"
    )
    max_discount_percent: int = Field(
        default=20,
        ge=0,
        le=100,
        description="Off the list price, that staff agree without an approver",
    )
    seller_time_zone: str = Field(
        default="America/New_York", description="IANA; whose days invoices and their due dates are"
    )
    credit_hold_days: int = Field(
        default=30, ge=0, le=365, description="How overdue an invoice holds new orders on terms"
    )
    reminder_days: str = Field(
        default="-7,1,15,30", description="Days after the due date; before it they are negative"
    )

    tax: Literal["none", "rates", "stripe"] = Field(
        default="none", description="What decides tax: nothing, the table of rates, or Stripe Tax"
    )

    stripe_secret_key: SecretStr = SecretStr("")
    stripe_webhook_secret: SecretStr = SecretStr("")
    stripe_api_base: str = ""
    allow_live_stripe: bool = False
    checkout_ttl_minutes: int = Field(
        default=60, ge=30, le=24 * 60, description="Stripe's own bounds"
    )

    sandbox_host: str = "127.0.0.1"
    sandbox_port: int = Field(default=8010, ge=1, le=65535)
    sandbox_database: Path = Path("reelright-sandbox.db")
    campus_port: int = Field(
        default=0, ge=0, le=65535, description="Of the campus sandbox; 0: it does not run"
    )

    smtp_url: SecretStr = SecretStr("")
    smtp_allow_plaintext: bool = Field(
        default=False, description="Whether email may go to another host without TLS"
    )
    email_from: str = "Reelright Films <licensing@example.org>"
    email_staff_to: str = "orders@example.org"

    hsts_include_subdomains: bool = Field(
        default=False, description="Whether browsers must use https for every host below ours"
    )
    session_hours: int = Field(default=12, ge=1, le=24 * 14)
    session_idle_minutes: int = Field(default=120, ge=5, le=24 * 60)
    sign_in_link_minutes: int = Field(default=60, ge=5, le=1440)
    oidc_issuer: str = Field(
        default="", description="An OpenID Connect provider for all people; empty: none"
    )
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_label: str = Field(default="OpenID Connect", min_length=1, max_length=60)
    member_session_days: int = Field(default=30, ge=1, le=90)
    member_session_idle_hours: int = Field(default=72, ge=1, le=720)
    access_session_minutes: int = Field(
        default=240, ge=15, le=1440, description="How long a login to watch films lasts"
    )
    trusted_proxies: str = "127.0.0.1"
    cache_megabytes: int = Field(
        default=24, ge=0, le=4096, description="Response cache size of a web worker; 0: none"
    )
    cache_stale_seconds: float = Field(
        default=1.0, ge=0, le=60, description="How old a cached response may be"
    )
    max_body_bytes: int = Field(default=1_000_000, ge=10_000)
    fonts_folder: str = Field(
        default="", description="Further fonts for certificates and images (TTF, OTF, TTC)"
    )
    files_url: str = Field(default="", description="Empty: a folder beside the SQLite database")
    media_accel: str = Field(
        default="", description="The location of nginx that sends files of the folder: /_files"
    )
    media_base_url: str = Field(
        default="", description="Where players get films, if not from the store itself"
    )
    max_upload_bytes: int = Field(
        default=120_000_000, ge=1_000_000, description="All files of one form of staff together"
    )
    ffmpeg: str = Field(default="", description="Empty: that of the system, or of the wheel")
    spool_folder: str = Field(default="", description="Empty: a folder beside the SQLite database")
    max_master_gb: int = Field(default=60, ge=1, le=500, description="Of one master")

    @field_validator("database_pool_size")
    @classmethod
    def _refuse_too_few(cls, size: int) -> int:
        if 0 < size < MIN_POOL_SIZE:
            msg = f"must be 0 (chosen by the number of web workers) or at least {MIN_POOL_SIZE}"
            raise ValueError(msg)
        return size

    @field_validator("seller_time_zone")
    @classmethod
    def _refuse_unknown_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (LookupError, OSError, ValueError) as error:
            if not _has_zone_data():
                return zone  # the check at start says what to install
            msg = "must be an IANA time zone, such as America/New_York"
            raise ValueError(msg) from error
        return zone

    @field_validator("reminder_days")
    @classmethod
    def _refuse_unreadable_days(cls, days: str) -> str:
        if not re.fullmatch(r"(-?\d{1,3}(,-?\d{1,3})*)?", days):
            msg = "must be whole numbers separated by commas, such as -7,1,15,30"
            raise ValueError(msg)
        return days

    @model_validator(mode="after")
    def _refuse_what_is_dangerous(self) -> Self:
        if conflicts := list(_find_conflicts(self)):
            raise _ConflictsError(conflicts)
        return self

    @property
    def reminder_steps(self) -> tuple[int, ...]:
        """When accounts payable are reminded of an invoice, in days after its due date."""
        return tuple(sorted({int(day) for day in self.reminder_days.split(",") if day}))

    @property
    def pool_size(self) -> int:
        """How many connections to the database one web process may hold."""
        shared = SHARED_CONNECTIONS // self.web_workers
        return self.database_pool_size or min(MAX_DEFAULT_POOL_SIZE, max(MIN_POOL_SIZE, shared))

    @property
    def threads(self) -> int:
        """How many requests one web process works at, at once: each may need a connection."""
        return self.pool_size - RESERVED_CONNECTIONS

    @property
    def sandbox_enabled(self) -> bool:
        """Whether the local sandbox takes Stripe's place: when no key is set."""
        return not self.stripe_secret_key.get_secret_value()

    @property
    def live_mode(self) -> bool:
        """Whether real money moves. Events of the other mode are refused."""
        return self.stripe_secret_key.get_secret_value().startswith(("sk_live_", "rk_live_"))

    @property
    def sandbox_url(self) -> str:
        """The sandbox's address, without a slash at the end."""
        return f"http://{self.sandbox_host}:{self.sandbox_port}"

    @property
    def campus_url(self) -> str:
        """The address of the campus sandbox, without a slash at the end."""
        return f"http://127.0.0.1:{self.campus_port}"

    @property
    def stripe_key(self) -> str:
        """The secret key that the gateway presents."""
        return self.stripe_secret_key.get_secret_value() or SANDBOX_KEY

    @property
    def webhook_secret(self) -> str:
        """The secret with which webhook deliveries are signed."""
        if self.sandbox_enabled:
            return self.stripe_webhook_secret.get_secret_value() or SANDBOX_WEBHOOK_SECRET
        return self.stripe_webhook_secret.get_secret_value()

    @property
    def stripe_base(self) -> str | None:
        """Where Stripe's API is; None is Stripe itself."""
        if self.stripe_api_base:
            return self.stripe_api_base.rstrip("/")
        return self.sandbox_url if self.sandbox_enabled else None

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies are for https only."""
        return self.base_url.scheme == "https"

    @property
    def hsts(self) -> str:
        """The header Strict-Transport-Security: a year."""
        rest = "; includeSubDomains" if self.hsts_include_subdomains else ""
        return f"max-age=31536000{rest}"

    def url(self, path: str) -> str:
        """Return the absolute address of ``path``, which begins with a slash."""
        return str(self.base_url).rstrip("/") + path


@lru_cache
def get_settings() -> Settings:
    """Return the settings, parsed on first use; tests call ``get_settings.cache_clear()``.

    Raises:
        StartupError: some are wrong; each is named, and no value is shown.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise StartupError(_describe(error), log_format=read_log_format()) from None
    except (OSError, UnicodeError):
        problem = "the file .env cannot be read, or is not UTF-8"
        raise StartupError([problem], log_format=read_log_format()) from None


def _has_zone_data() -> bool:
    try:
        ZoneInfo("UTC")
    except (LookupError, OSError):
        return False
    return True


class _ConflictsError(ValueError):
    """Settings that are wrong together: ``(setting, sentence)`` for each."""

    def __init__(self, conflicts: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(sentence for _, sentence in conflicts))
        self.conflicts = conflicts


class _LogSettings(BaseSettings):
    model_config = Settings.model_config
    log_format: Literal["text", "json"] = "text"


def read_log_format() -> Literal["text", "json"]:
    """Return how to log when the settings as a whole are wrong."""
    try:
        return _LogSettings().log_format
    except (ValidationError, OSError, UnicodeError):
        return "text"


def _describe(error: ValidationError) -> list[str]:
    """Return everything that is wrong, one line each, never with a value: some are secrets."""
    wrong = {str(found["loc"][0]): found["msg"] for found in error.errors() if found["loc"]}
    problems = [
        f"REELRIGHT_{name.upper()}: {message[:1].lower()}{message[1:]}"
        for name, message in wrong.items()
    ]
    if wrong:
        # The rest is looked at as if those that cannot be read were not set.
        defaults = {name: Settings.model_fields[name].default for name in wrong}
        try:
            Settings(**defaults)
        except ValidationError as second:
            error = second
    for found in error.errors():
        cause = found.get("ctx", {}).get("error")
        if isinstance(cause, _ConflictsError):
            problems += [text for name, text in cause.conflicts if name not in wrong]
    return problems


def _find_conflicts(settings: Settings) -> Iterator[tuple[str, str]]:
    key = settings.stripe_secret_key.get_secret_value()
    if key.startswith(("sk_live_", "rk_live_")) and not settings.allow_live_stripe:
        yield (
            "stripe_secret_key",
            (
                "REELRIGHT_STRIPE_SECRET_KEY is a live key; this store runs in test mode. "
                "REELRIGHT_ALLOW_LIVE_STRIPE=true overrides that."
            ),
        )
    if key and not key.startswith(("sk_", "rk_")):
        yield (
            "stripe_secret_key",
            "REELRIGHT_STRIPE_SECRET_KEY does not look like a Stripe secret key (sk_test_…)",
        )
    if key and not settings.stripe_webhook_secret.get_secret_value():
        yield (
            "stripe_webhook_secret",
            "REELRIGHT_STRIPE_WEBHOOK_SECRET is missing: without it no payment can arrive",
        )
    base = settings.base_url
    if (base.path or "/") != "/" or base.query or base.fragment or base.username:
        yield (
            "base_url",
            (
                "REELRIGHT_BASE_URL must be a host alone, such as https://films.example.edu: the "
                "store cannot be served below a path"
            ),
        )
    yield from _find_unreadable(settings)
    if settings.environment == "production":
        yield from _find_unfit_for_production(settings, key)


def _find_unreadable(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield what would be noticed only when it is used."""
    databases = {
        "database_url": settings.database_url,
        "jobs_database_url": settings.jobs_database_url,
    }
    for name, url in databases.items():
        text = url.get_secret_value()
        if text and not re.match(r"(sqlite|postgresql)(\+\w+)?://", text):
            yield name, f"REELRIGHT_{name.upper()} must begin with sqlite:// or postgresql://"
        elif not _has_readable_port(text):
            problem = "cannot be read: write special characters of the password as %XX"
            yield name, f"REELRIGHT_{name.upper()} {problem}"
    if settings.oidc_issuer and not (
        settings.oidc_issuer.startswith(("https://", "http://127.0.0.1:"))
        and settings.oidc_client_id
        and settings.oidc_client_secret.get_secret_value()
    ):
        problem = "needs https://, a client ID, and a client secret"
        yield "oidc_issuer", f"REELRIGHT_OIDC_ISSUER {problem}"
    if settings.smtp_url.get_secret_value():
        try:
            MailServer.parse(settings.smtp_url.get_secret_value())
        except ValueError as error:
            yield "smtp_url", f"REELRIGHT_SMTP_URL: {error}"
    for name in ("email_from", "email_staff_to"):
        address = parseaddr(getattr(settings, name))[1]
        if "@" not in address:
            yield name, f"REELRIGHT_{name.upper()} must hold an email address"


def _has_readable_port(url: str) -> bool:
    try:
        urlsplit(url).port  # noqa: B018 - it is read where it is asked for
    except ValueError:
        return False
    return True


def _find_unfit_for_production(settings: Settings, key: str) -> Iterator[tuple[str, str]]:
    secret = settings.secret_key.get_secret_value()
    if secret == DEFAULT_SECRET or len(secret) < 32:  # noqa: PLR2004 - 256 bits, as text
        yield (
            "secret_key",
            "REELRIGHT_SECRET_KEY must be set to at least 32 random characters in production",
        )
    if settings.base_url.scheme != "https":
        yield "base_url", "REELRIGHT_BASE_URL must begin with https:// in production"
    if not key:
        yield (
            "stripe_secret_key",
            "REELRIGHT_STRIPE_SECRET_KEY is missing: the sandbox does not run in production",
        )
    if settings.stripe_webhook_secret.get_secret_value() == SANDBOX_WEBHOOK_SECRET:
        yield (
            "stripe_webhook_secret",
            "REELRIGHT_STRIPE_WEBHOOK_SECRET is the sandbox's, which everyone knows",
        )
    if SANDBOX_KEY in key or settings.stripe_api_base:
        yield (
            "stripe_api_base",
            "production speaks to Stripe itself: unset REELRIGHT_STRIPE_API_BASE",
        )
