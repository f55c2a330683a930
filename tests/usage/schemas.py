"""The official schemas of COUNTER reports, mended as Release 5.1.1 mends them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator

SCHEMAS = Path(__file__).parent / "counter" / "schemas.json"
REGISTRY = "https://registry.(projectcounter|countermetrics).org/platform/"


@cache
def _document() -> dict[str, Any]:
    text = SCHEMAS.read_text(encoding="utf-8")
    text = text.replace("[a-zA-Z0-9]{1,3,4}", "([a-zA-Z0-9]{1}|[a-zA-Z0-9]{3,4})")
    text = text.replace("https://registry.projectcounter.org/platform/", REGISTRY)
    document: dict[str, Any] = json.loads(text)
    document["components"]["schemas"]["Report"]["properties"]["Release"] = {"const": "5.1"}
    return document


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(
        {**_document(), "$ref": f"#/components/schemas/{name}"}, validate_formats=True
    )


def validate(name: str, document: object) -> None:
    """Raise unless ``document`` is what the schema of this name allows."""
    _validator(name).validate(document)
