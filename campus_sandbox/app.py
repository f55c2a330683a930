"""The campus as an ASGI application."""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from campus_sandbox.config import (
    CLIENT_ID,
    DEPLOYMENT,
    PERSONAS,
    CampusConfig,
    find_persona,
)
from campus_sandbox.keys import load_key
from campus_sandbox.pages import draw, form, link, text
from campus_sandbox.proxy import LibraryProxy
from campus_sandbox.saml import (
    SCOPED_AFFILIATION,
    Wanted,
    build_response,
    read_request,
    write_metadata,
)
from campus_sandbox.tokens import DEEP_LINK, key_set, launch_claims, sign_token

TIMEOUT_SECONDS = 5


class Campus:
    """The campus's pages, and what it remembers while it runs."""

    def __init__(self, config: CampusConfig) -> None:
        self._config = config
        self._key = load_key(config.key_file)
        self._codes: dict[str, dict[str, str]] = {}
        self._items: list[dict[str, Any]] = [
            {"title": "The Red Soul, 1:00 to 2:00", "url": self._film("?t=60,120")},
        ]

    def routes(self) -> list[Route]:
        """Return every route."""
        proxy = LibraryProxy(self._config)
        both: list[tuple[str, Callable[[Request], Any], list[str]]] = [
            ("/", self.home, ["GET"]),
            ("/saml/metadata", self.metadata, ["GET"]),
            ("/saml/sso", self.saml_login, ["GET", "POST"]),
            ("/.well-known/openid-configuration", self.openid_facts, ["GET"]),
            ("/oidc/authorize", self.openid_login, ["GET"]),
            ("/oidc/token", self.openid_token, ["POST"]),
            ("/keys", self.keys, ["GET"]),
            ("/lms", self.course, ["GET"]),
            ("/lms/frame", self.frame, ["GET"]),
            ("/lms/start", self.start_launch, ["GET"]),
            ("/lms/authorize", self.authorize_launch, ["GET"]),
            ("/lms/items", self.add_items, ["POST"]),
            ("/proxy/login", proxy.login, ["GET"]),
            ("/proxy/store/{path:path}", proxy.pass_on, ["GET", "POST"]),
        ]
        return [Route(path, endpoint, methods=methods) for path, endpoint, methods in both]

    async def home(self, _: Request) -> Response:
        """Say what there is."""
        store, own = self._config.store_url, self._config.url
        return draw(
            "Example College",
            text("A campus that lets you try each way to reach films."),
            link(f"{store}/access/find?q=Example", "Find the institution in the store"),
            link(f"{own}/lms", "A course, which opens films with LTI"),
            link(f"{own}/proxy/login?url={store}/films", "The library's proxy"),
            link(f"{own}/saml/metadata", "Metadata of the SAML provider"),
        )

    async def metadata(self, _: Request) -> Response:
        """Return the metadata of the SAML provider."""
        body = write_metadata(
            self._key,
            entity_id=self._config.entity_id,
            sso_url=f"{self._config.url}/saml/sso",
            scopes=[self._config.domain],
        )
        return Response(body, media_type="application/samlmetadata+xml")

    async def saml_login(self, request: Request) -> Response:
        """Ask who logs in, then draw the form that answers the service."""
        sent: Mapping[str, Any] = request.query_params
        if request.method == "POST":
            sent = await request.form()
        fields = {name: str(sent.get(name, "")) for name in ("SAMLRequest", "RelayState")}
        if request.method == "GET":
            return self._ask_who("/saml/sso", fields)
        persona = find_persona(str(sent.get("persona", "")))
        request_id, acs_url, issuer = read_request(fields["SAMLRequest"])
        if not acs_url.startswith(f"{self._config.store_url}/"):
            return PlainTextResponse("The request is from an unknown service.", 400)
        wanted = Wanted(
            acs_url=acs_url,
            audience=issuer,
            certificate=await run_in_threadpool(self._service_certificate),
            in_response_to=request_id,
        )
        attributes = {SCOPED_AFFILIATION: [f"{persona.affiliation}@{self._config.domain}"]}
        response = build_response(self._key, self._config.entity_id, wanted, attributes)
        answer = {"SAMLResponse": response, "RelayState": fields["RelayState"]}
        return draw(
            "You are logged in",
            text("Example College tells the store one thing: what you are to the college."),
            form(acs_url, answer, "Continue to the store"),
        )

    async def openid_facts(self, _: Request) -> Response:
        """Describe the OpenID Connect provider."""
        own = self._config.url
        return JSONResponse(
            {
                "issuer": own,
                "authorization_endpoint": f"{own}/oidc/authorize",
                "token_endpoint": f"{own}/oidc/token",
                "jwks_uri": f"{own}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def openid_login(self, request: Request) -> Response:
        """Ask who logs in, then send the browser back with a code."""
        sent = dict(request.query_params)
        if "persona" not in sent:
            return self._ask_who("/oidc/authorize", sent, method="get")
        if not sent.get("redirect_uri", "").startswith(f"{self._config.store_url}/"):
            return PlainTextResponse("The request is from an unknown service.", 400)
        code = secrets.token_urlsafe(16)
        self._codes[code] = sent
        query = urlencode({"code": code, "state": sent.get("state", "")})
        return RedirectResponse(f"{sent['redirect_uri']}?{query}", 303)

    async def openid_token(self, request: Request) -> Response:
        """Exchange a code, once, for an id token."""
        sent = self._codes.pop(str((await request.form()).get("code", "")), None)
        if sent is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        persona = find_persona(sent["persona"])
        # Who may not watch has an address elsewhere.
        domain = "alumni.example.org" if persona.name == "alum" else self._config.domain
        token = sign_token(
            self._key,
            {
                "iss": self._config.url,
                "aud": CLIENT_ID,
                "sub": persona.name,
                "nonce": sent.get("nonce", ""),
                "email": f"{persona.name}@{domain}",
                "email_verified": True,
            },
        )
        return JSONResponse(
            {
                "access_token": secrets.token_urlsafe(8),
                "token_type": "Bearer",
                "expires_in": 60,
                "id_token": token,
            }
        )

    async def keys(self, _: Request) -> Response:
        """Return the public key of tokens."""
        return JSONResponse(key_set(self._key))

    async def course(self, _: Request) -> Response:
        """Show a course with the films in it."""
        own = self._config.url
        return draw(
            "FILM 101: Documentary",
            *(
                link(f"{own}/lms/start?{urlencode({'target': item['url']})}", item["title"])
                + link(
                    f"{own}/lms/frame?{urlencode({'target': item['url']})}", "The same, in a frame"
                )
                for item in self._items
            ),
            link(f"{own}/lms/start?deep=1", "Add a film to this course"),
        )

    async def frame(self, request: Request) -> Response:
        """Show a launch inside the course's own page."""
        query = urlencode({"target": request.query_params.get("target", "")})
        return draw(
            "FILM 101: Documentary",
            f'<iframe title="Film" allowfullscreen src="/lms/start?{query}"></iframe>',
            link(f"{self._config.url}/lms", "Back to the course"),
        )

    async def start_launch(self, request: Request) -> Response:
        """Begin a launch at the store."""
        is_deep = "deep" in request.query_params
        target = request.query_params.get("target", f"{self._config.store_url}/films")
        query = urlencode(
            {
                "iss": self._config.url,
                "client_id": CLIENT_ID,
                "login_hint": "student",
                "lti_message_hint": "deep" if is_deep else target,
                "target_link_uri": target,
                "lti_deployment_id": DEPLOYMENT,
            }
        )
        return RedirectResponse(f"{self._config.store_url}/access/lti/login?{query}", 303)

    async def authorize_launch(self, request: Request) -> Response:
        """Answer the store with a signed launch."""
        sent = request.query_params
        if not sent.get("redirect_uri", "").startswith(f"{self._config.store_url}/"):
            return PlainTextResponse("The request is from an unknown tool.", 400)
        hint = sent.get("lti_message_hint", "")
        is_deep = hint == "deep"
        token = sign_token(
            self._key,
            launch_claims(
                issuer=self._config.url,
                client_id=CLIENT_ID,
                nonce=sent.get("nonce", ""),
                deployment=DEPLOYMENT,
                target=f"{self._config.store_url}/films" if is_deep else hint,
                return_url=f"{self._config.url}/lms/items" if is_deep else "",
            ),
        )
        fields = {"id_token": token, "state": sent.get("state", "")}
        words = "Choose a film" if is_deep else "Open the film"
        return draw("FILM 101: Documentary", form(sent["redirect_uri"], fields, words))

    async def add_items(self, request: Request) -> Response:
        """Put what the store chose into the course, if the store signed it."""
        token = str((await request.form()).get("JWT", ""))
        try:
            keys = KeySet.import_key_set(await run_in_threadpool(self._store_keys))
            claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
        except (JoseError, ValueError, requests.RequestException):
            return PlainTextResponse("The answer is not signed by the store.", 400)
        is_right = (
            claims.get("iss") == CLIENT_ID
            and claims.get("aud") == self._config.url
            and claims.get("exp", 0) > time.time()
        )
        if not is_right:
            return PlainTextResponse("The answer is not for this course.", 400)
        self._items += claims[f"{DEEP_LINK}content_items"]
        return RedirectResponse("/lms", 303)

    def _ask_who(self, path: str, fields: Mapping[str, str], *, method: str = "post") -> Response:
        return draw(
            "Log in at Example College",
            *(
                form(path, {**fields, "persona": each.name}, each.label, method=method)
                for each in PERSONAS
            ),
        )

    def _service_certificate(self) -> str:
        answer = requests.get(
            f"{self._config.store_url}/access/saml/metadata", timeout=TIMEOUT_SECONDS
        )
        body = answer.text.partition("X509Certificate>")[2].partition("</")[0]
        return f"-----BEGIN CERTIFICATE-----\n{body.strip()}\n-----END CERTIFICATE-----\n"

    def _store_keys(self) -> Any:  # noqa: ANN401 - JSON
        address = f"{self._config.store_url}/access/lti/keys"
        return requests.get(address, timeout=TIMEOUT_SECONDS).json()

    def _film(self, query: str) -> str:
        return f"{self._config.store_url}/watch/the-red-soul{query}"


def create_campus(config: CampusConfig) -> Starlette:
    """Return the application."""
    return Starlette(routes=Campus(config).routes())
