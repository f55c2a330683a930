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

from stripe_sandbox import calls, faults, idempotency, showing
from stripe_sandbox.config import API_VERSION, SandboxConfig
from stripe_sandbox.context import Context
from stripe_sandbox.errors import StripeError, invalid
from stripe_sandbox.faults import ApiFault, Faults
from stripe_sandbox.forms import check, nest
from stripe_sandbox.ids import new_id
from stripe_sandbox.storage import Database, Document

log = logging.getLogger(__name__)

_MOST_BYTES: Final = 1_000_000
_MOST_FIELDS: Final = 10_000
_VERSION: Final = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request, as far as the API looks at it."""

    method: str
    path: str
    form: str
    headers: Mapping[str, str]
    id: str


class Api:
    """Answers everything under ``/v1``."""

    def __init__(self, config: SandboxConfig, database: Database) -> None:
        self._config = config
        self._database = database
        self._running = idempotency.Running()

    async def respond(self, request: Request) -> Response:
        """Answer a request, unless a fault switch says otherwise."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        asked = ApiRequest(
            method=request.method,
            path=request.url.path.rstrip("/"),
            form="&".join(part for part in (request.url.query, body.decode("latin-1")) if part),
            headers=request.headers,
            id=new_id("req_"),
        )
        fault = await run_in_threadpool(self._take_fault, asked.path)
        if fault.api_fault is ApiFault.ERROR_BEFORE:
            return self._failure(asked)
        if fault.api_fault is ApiFault.TIMEOUT_BEFORE:
            return await _hang(fault)
        answer = await run_in_threadpool(self.answer, asked)
        if fault.api_fault is ApiFault.ERROR_AFTER:
            return self._failure(asked)
        if fault.api_fault is ApiFault.TIMEOUT_AFTER:
            return await _hang(fault)
        return answer

    def answer(self, asked: ApiRequest) -> Response:
        """Do what the request asks for and return the answer, also for any mistake in it."""
        try:
            return self._answer(asked)
        except StripeError as error:
            log.info(
                "sandbox.refused",
                extra={"path": asked.path, "status": error.status, "because": error.message},
            )
            return _response(asked, error.status, error.body(asked.id))

    def _answer(self, asked: ApiRequest) -> Response:
        self._authorize(asked.headers.get("authorization", ""))
        _check_version(asked.headers.get("stripe-version"))
        found = calls.find(asked.method, asked.path)
        if found is None:
            message = (
                f"Unrecognized request URL ({asked.method}: {asked.path}). If you are trying to "
                "list objects, remove the trailing slash. If you are trying to retrieve an object, "
                "make sure you passed a valid (non-empty) identifier in your code. The local "
                "sandbox knows only the part of Stripe that docs/sandbox.md lists."
            )
            raise StripeError(message, status=HTTPStatus.NOT_FOUND)
        call, id_ = found
        raw = nest(_fields(asked.form))
        given = check(call.rules, raw)
        if asked.method == "GET":
            with self._database.read() as tx:
                context = Context(tx, self._config, self._config.clock(), asked.id)
                body = call.answer(context, id_, given)
                shown = showing.show(context, body, given.get("expand", []))
            return _response(asked, HTTPStatus.OK, shown)
        key = asked.headers.get("idempotency-key") or None
        if key is not None:
            idempotency.checked_key(key)
        with self._running.hold(key):
            return self._change(asked, call, id_, given, key=key, raw=raw)

    def _change(
        self,
        asked: ApiRequest,
        call: calls.Call,
        id_: str,
        given: Document,
        *,
        key: str | None,
        raw: object,
    ) -> Response:
        """Run a changing call; what it did and the kept answer are one transaction."""
        now = self._config.clock()
        print_ = idempotency.fingerprint(asked.method, asked.path, raw)
        with self._database.write() as tx:
            if key is not None:
                earlier = idempotency.kept(tx, key, print_, now=now)
                if earlier is not None:
                    return _response(asked, earlier.status, earlier.body, replay_of=earlier)
            context = Context(tx, self._config, now, asked.id, key)
            status, body = self._attempt(context, call, id_, given)
            if key is not None:
                answer = idempotency.KeptAnswer(status, body, asked.id)
                idempotency.keep(tx, key, print_, answer=answer, now=now)
        return _response(asked, status, body)

    def _attempt(
        self, context: Context, call: calls.Call, id_: str, given: Document
    ) -> tuple[int, Document]:
        """Return the answer of a call. What a refused one had begun is undone, the refusal kept."""
        connection = context.tx.connection
        connection.execute("SAVEPOINT call")
        try:
            body = call.answer(context, id_, given)
            shown = showing.show(context, body, given.get("expand", []))
        except StripeError as error:
            connection.execute("ROLLBACK TO call")
            return error.status, error.body(context.request_id or "")
        return HTTPStatus.OK, shown

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

    def _take_fault(self, path: str) -> Faults:
        with self._database.read() as tx:
            if not _applies(faults.read(tx), path):
                return Faults()
        with self._database.write() as tx:
            switches = faults.read(tx)
            if not _applies(switches, path) or not faults.use_one(tx, "api_count"):
                return Faults()
            return switches

    def _failure(self, asked: ApiRequest) -> Response:
        error = StripeError(
            "An unexpected error occurred (a fault switch of the sandbox).",
            status=HTTPStatus.INTERNAL_SERVER_ERROR,
            type_="api_error",
        )
        return _response(asked, error.status, error.body(asked.id))


def _fields(form: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(form, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        message = f"A request can have up to {_MOST_FIELDS} parameters"
        raise invalid(message) from error


def _applies(switches: Faults, path: str) -> bool:
    wanted = switches.api_fault is not ApiFault.NONE and switches.api_count > 0
    return wanted and path.startswith(switches.api_path)


async def _hang(fault: Faults) -> Response:
    """Keep the client waiting, then break the connection off without an answer."""
    await anyio.sleep(fault.timeout_seconds)
    # Less is sent than the length promises, so that the server must close the connection and the
    # client sees it break: the nearest that ASGI has to a lost answer.
    return Response(b"", headers={"content-length": "1", "connection": "close"})


def _check_version(version: str | None) -> None:
    if version is None or version == API_VERSION:
        return
    if _VERSION.fullmatch(version) is None:
        message = f"Invalid Stripe API version: {version}"
        raise invalid(message)
    message = f"The local sandbox speaks version {API_VERSION} only, not {version}."
    raise invalid(message)


def _response(
    asked: ApiRequest,
    status: int,
    body: Document,
    *,
    replay_of: idempotency.KeptAnswer | None = None,
) -> Response:
    headers = {"Request-Id": asked.id, "Stripe-Version": API_VERSION, "Cache-Control": "no-store"}
    key = asked.headers.get("idempotency-key")
    if key and asked.method != "GET":
        headers["Idempotency-Key"] = key.encode("latin-1", "replace").decode("latin-1")
        headers["Original-Request"] = replay_of.request_id if replay_of else asked.id
    if replay_of is not None:
        headers["Idempotent-Replayed"] = "true"
    return Response(
        idempotency.body_bytes(body),
        status_code=int(status),
        headers=headers,
        media_type="application/json",
    )
