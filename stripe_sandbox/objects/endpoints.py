"""Webhook endpoints that a client creates, in addition to the configured one."""

from typing import Any

from stripe_sandbox.config import API_VERSION, is_local_url
from stripe_sandbox.context import Context
from stripe_sandbox.errors import invalid
from stripe_sandbox.ids import new_id
from stripe_sandbox.objects.customers import merge_metadata
from stripe_sandbox.storage import Document


def create(context: Context, params: dict[str, Any]) -> Document:
    """Create an endpoint. Only this response contains its signing secret."""
    _check_url_is_local(params["url"])
    version = params.get("api_version")
    if version not in {None, API_VERSION}:
        message = f"The local sandbox sends events of version {API_VERSION} only"
        raise invalid(message, param="api_version")
    secret = new_id("whsec_")
    endpoint: Document = {
        "id": new_id("we_"),
        "object": "webhook_endpoint",
        "api_version": version,
        "application": None,
        "created": context.second,
        "description": params.get("description"),
        "enabled_events": params["enabled_events"],
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "status": "enabled",
        "url": params["url"],
    }
    context.tx.add(endpoint, private={"secret": secret})
    return {**endpoint, "secret": secret}


def update(context: Context, endpoint: Document, params: dict[str, Any]) -> Document:
    """Change the fields in ``params``. ``disabled`` stops deliveries."""
    if "url" in params:
        _check_url_is_local(params["url"])
    for name in ("url", "enabled_events", "description"):
        if name in params:
            endpoint[name] = params[name]
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    endpoint["metadata"] = merge_metadata(endpoint["metadata"], params.get("metadata", {}))
    return context.tx.save(endpoint)


def delete(context: Context, endpoint: Document) -> Document:
    """Delete an endpoint. Its deliveries fail from now on."""
    context.tx.delete(endpoint["id"])
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


def _check_url_is_local(url: str) -> None:
    if not is_local_url(url):
        message = "The local sandbox delivers to this machine only, e.g. http://127.0.0.1:8000/…"
        raise invalid(message, param="url", code="url_invalid")
