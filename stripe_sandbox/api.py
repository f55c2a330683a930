"""The HTTP side of Stripe's API: keys, versions, forms, idempotency, errors."""

import base64
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from stripe_sandbox import calls, faults, idempotency
from stripe_sandbox.config import API_VERSION, SandboxConfig
from stripe_sandbox.context import Context
from stripe_sandbox.errors import StripeError, invalid
from stripe_sandbox.faults import ApiFault, Faults
from stripe_sandbox.forms import check, nest
from stripe_sandbox.ids import new_id
from stripe_sandbox.representations import represent
from stripe_sandbox.storage import Database, Document

log = logging.getLogger(__name__)

_MAX_BODY_BYTES: Final = 1_000_000
_MAX_FIELDS: Final = 10_000
_VERSION: Final = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """The parts of a request that the API reads."""

    method: str
    path: str
    form: str
    headers: Mapping[str, str]
    id: str


class Api:
    """The API under ``/v1``."""

    def __init__(self, config: SandboxConfig, database: Database) -> None:
        self._config = config
        self._database = database
        self._running = idempotency.RunningKeys()

    async def respond(self, request: Request) -> Response:
        """Respond to a request, unless a fault switch makes it fail."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_BODY_BYTES:
                return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        api_request = ApiRequest(
            method=request.method,
            path=request.url.path.rstrip("/"),
            form="&".join(part for part in (request.url.query, body.decode("latin-1")) if part),
            headers=request.headers,
            id=new_id("req_"),
        )
        fault = await run_in_threadpool(self._use_fault, api_request.path)
        if fault.api_fault is ApiFault.ERROR_BEFORE:
            return self._failure(api_request)
        if fault.api_fault is ApiFault.TIMEOUT_BEFORE:
            return await _hang(fault)
        response = await run_in_threadpool(self.handle, api_request)
        if fault.api_fault is ApiFault.ERROR_AFTER:
            return self._failure(api_request)
        if fault.api_fault is ApiFault.TIMEOUT_AFTER:
            return await _hang(fault)
        return response

    def handle(self, api_request: ApiRequest) -> Response:
        """Run the call of a request. Return its response, or an error response."""
        try:
            return self._handle(api_request)
        except StripeError as error:
            log.info(
                "sandbox.request_refused",
                extra={"path": api_request.path, "status": error.status, "error": error.message},
            )
            return _response(api_request, error.status, error.body(api_request.id))

    def _handle(self, api_request: ApiRequest) -> Response:
        self._authorize(api_request.headers.get("authorization", ""))
        _check_version(api_request.headers.get("stripe-version"))
        match = calls.find(api_request.method, api_request.path)
        if match is None:
            message = (
                f"Unrecognized request URL ({api_request.method}: {api_request.path}). "
                "If you are trying to list objects, remove the trailing slash. "
                "If you are trying to retrieve an object, make sure you passed a valid "
                "(non-empty) identifier in your code. The local sandbox supports "
                "the calls in its README.md only."
            )
            raise StripeError(message, status=HTTPStatus.NOT_FOUND)
        call, id_ = match
        raw = nest(_fields(api_request.form))
        params = check(call.rules, raw)
        if api_request.method == "GET":
            with self._database.read() as tx:
                context = Context(tx, self._config, self._config.clock(), api_request.id)
                body = call.handle(context, id_, params)
                body = represent(context, body, params.get("expand", []))
            return _response(api_request, HTTPStatus.OK, body)
        key = api_request.headers.get("idempotency-key") or None
        if key is not None:
            idempotency.check_key(key)
        with self._running.hold(key):
            return self._handle_change(api_request, call, id_, params, key=key, raw=raw)

    def _handle_change(
        self,
        api_request: ApiRequest,
        call: calls.Call,
        id_: str,
        params: Document,
        *,
        key: str | None,
        raw: object,
    ) -> Response:
        """Run a call that changes something. Its effect and stored response are one transaction."""
        now = self._config.clock()
        digest = idempotency.fingerprint(api_request.method, api_request.path, raw)
        with self._database.write() as tx:
            if key is not None:
                stored = idempotency.find_response(tx, key, digest, now=now)
                if stored is not None:
                    return _response(api_request, stored.status, stored.body, replay_of=stored)
            context = Context(tx, self._config, now, api_request.id, key)
            status, body = self._run_call(context, call, id_, params)
            if key is not None:
                response = idempotency.StoredResponse(status, body, api_request.id)
                idempotency.store_response(tx, key, digest, response=response, now=now)
        return _response(api_request, status, body)

    def _run_call(
        self, context: Context, call: calls.Call, id_: str, params: Document
    ) -> tuple[int, Document]:
        """Return the status and body of a call. A refused call is rolled back."""
        connection = context.tx.connection
        connection.execute("SAVEPOINT call")
        try:
            body = call.handle(context, id_, params)
            body = represent(context, body, params.get("expand", []))
        except StripeError as error:
            connection.execute("ROLLBACK TO call")
            return error.status, error.body(context.request_id or "")
        return HTTPStatus.OK, body

    def _authorize(self, header: str) -> None:
        scheme, _, value = header.partition(" ")
        key = ""
        if scheme.lower() == "bearer":
            key = value.strip()
        elif scheme.lower() == "basic":
            try:
                key = base64.b64decode(value).decode().partition(":")[0]
            except ValueError:
                key = ""
        if key == self._config.secret_key:
            return
        if not key:
            message = (
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
                "YOUR_SECRET_KEY')."
            )
        elif key.startswith(("sk_live_", "rk_live_")):
            message = "This is a local sandbox, and that is a live key. Never send it here."
        else:
            message = f"Invalid API Key provided: {key[:8]}{'*' * 8}{key[-4:]}"
        raise StripeError(message, status=HTTPStatus.UNAUTHORIZED)

    def _use_fault(self, path: str) -> Faults:
        with self._database.read() as tx:
            if not _is_faulty(faults.read(tx), path):
                return Faults()
        with self._database.write() as tx:
            switches = faults.read(tx)
            if not _is_faulty(switches, path) or not faults.use_one(tx, "api_count"):
                return Faults()
            return switches

    def _failure(self, api_request: ApiRequest) -> Response:
        error = StripeError(
            "An unexpected error occurred (a fault switch of the sandbox).",
            status=HTTPStatus.INTERNAL_SERVER_ERROR,
            type_="api_error",
        )
        return _response(api_request, error.status, error.body(api_request.id))


def _fields(form: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(form, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        message = f"A request can have up to {_MAX_FIELDS} parameters"
        raise invalid(message) from error


def _is_faulty(switches: Faults, path: str) -> bool:
    is_on = switches.api_fault is not ApiFault.NONE and switches.api_count > 0
    return is_on and path.startswith(switches.api_path)


async def _hang(fault: Faults) -> Response:
    """Keep the client waiting, then close the connection without a response."""
    await anyio.sleep(fault.timeout_seconds)
    # The body is shorter than its length says, so the server must close the connection. This is
    # the closest that ASGI comes to a lost response.
    return Response(b"", headers={"content-length": "1", "connection": "close"})


def _check_version(version: str | None) -> None:
    if version is None or version == API_VERSION:
        return
    if _VERSION.fullmatch(version) is None:
        message = f"Invalid Stripe API version: {version}"
        raise invalid(message)
    message = f"The local sandbox supports version {API_VERSION} only, not {version}."
    raise invalid(message)


def _response(
    api_request: ApiRequest,
    status: int,
    body: Document,
    *,
    replay_of: idempotency.StoredResponse | None = None,
) -> Response:
    headers = {
        "Request-Id": api_request.id,
        "Stripe-Version": API_VERSION,
        "Cache-Control": "no-store",
    }
    key = api_request.headers.get("idempotency-key")
    if key and api_request.method != "GET":
        headers["Idempotency-Key"] = key.encode("latin-1", "replace").decode("latin-1")
        headers["Original-Request"] = replay_of.request_id if replay_of else api_request.id
    if replay_of is not None:
        headers["Idempotent-Replayed"] = "true"
    return Response(
        idempotency.body_bytes(body),
        status_code=int(status),
        headers=headers,
        media_type="application/json",
    )
