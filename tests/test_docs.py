"""The docs are tried: examples run, and what they name exists."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session
from typer.main import get_command

from app.accounts.permissions import KEY_SCOPES
from app.alerts import service as alerts
from app.catalog.documents import FilmDocument
from app.cli import cli
from app.core.config import Settings
from app.discovery import crawling, feeds
from app.discovery.oai import responses
from app.imports import dry_run, tables
from app.imports import uploads as imports
from app.lookup import routes as lookup_routes
from app.lookup import service as lists
from app.media import caption_parsing, caption_service, images, pdfs, uploads
from app.notes import service as notes
from app.notes.states import NoteStatus
from app.orders import drafts
from app.search.film_search import Search
from app.search.query import FilmQuery
from app.storefront import alert_routes, long_list_routes, lookup_files, note_routes

ROOT = Path(__file__).parents[1]
DOCS = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in DOCS}
EVERYTHING = "\n".join(TEXTS.values())
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(name: str, language: str) -> list[str]:
    """Return the examples of a document in one language."""
    return [body for kind, body in FENCE.findall(TEXTS[name]) if kind == language]


def examples() -> list[str]:
    """Return every address that a document asks for with GET in a block of its own."""
    found = [
        line.removeprefix("GET ").split()[0]
        for text in TEXTS.values()
        for _, body in FENCE.findall(text)
        for line in body.splitlines()
        if line.startswith("GET /")
    ]
    return sorted(set(found))


@pytest.mark.seeded
@pytest.mark.parametrize("address", examples())
def test_an_address_in_an_example_answers(client: TestClient, address: str) -> None:
    assert client.get(address).status_code == 200


@pytest.mark.once
def test_there_are_examples() -> None:
    assert len(examples()) >= 8


@pytest.mark.once
def test_the_document_of_a_film_is_one() -> None:
    (written,) = blocks("catalog.md", "yaml")
    document = FilmDocument.model_validate(yaml.safe_load(written))
    assert document.grade_levels == ["9-12", "college"]


@pytest.mark.once
def test_the_line_of_an_import_is_one() -> None:
    (written,) = blocks("importing.md", "json")
    line = json.loads(written)
    assert line.pop("schema") == "reelright-film/1"
    assert FilmDocument.model_validate(line | {"synopsis": ""}).title == "A River"


@pytest.mark.seeded
def test_the_search_in_code_runs(session: Session) -> None:
    (code,) = blocks("search.md", "python")
    found: dict[str, Any] = {"session": session}
    exec(compile(code, "search.md", "exec"), found)  # noqa: S102 - our own document
    assert isinstance(found["search"], Search)
    assert found["search"].total > 0
    assert isinstance(found["query"], FilmQuery)


@pytest.mark.once
def test_settings_that_are_named_exist() -> None:
    named = set(re.findall(r"\bREELRIGHT_[A-Z][A-Z0-9_]*[A-Z0-9]\b", EVERYTHING))
    known = {f"REELRIGHT_{field.upper()}" for field in Settings.model_fields}
    # Read by the command line before there are settings.
    assert named - known - {"REELRIGHT_WEB_WORKERS"} == set()


@pytest.mark.once
def test_files_and_pages_that_are_linked_exist() -> None:
    others = [ROOT / "seeds" / "README.md", *(ROOT / "docs" / "decisions").glob("*.md")]
    linked = []
    for path in [*DOCS, *others]:
        text = path.read_text(encoding="utf-8")
        targets = re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", text)
        linked += [path.parent / target for target in targets]
        named = re.findall(r"`((?:app|tests|seeds|docs|bench|stripe_sandbox)/[\w./-]+)`", text)
        linked += [ROOT / target for target in named]
    assert [str(path) for path in linked if not path.exists()] == []


@pytest.mark.once
def test_links_within_documents_lead_somewhere() -> None:
    def anchors(text: str) -> set[str]:
        heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}

    lost = [
        (name, page, anchor)
        for name, text in TEXTS.items()
        for page, anchor in re.findall(r"\]\(([\w./-]*\.md)?#([^)]+)\)", text)
        if anchor not in anchors(TEXTS[Path(page).name] if page else text)
    ]
    assert lost == []


def commands() -> list[list[str]]:
    """Return each call of ``reelright`` in the documents, as the shell would read it."""
    lines = re.findall(r"`(reelright [^`]+)`", EVERYTHING)
    lines += re.findall(r"^(?:\.venv/bin/)?(reelright .+)$", EVERYTHING, re.MULTILINE)
    lines = [part for line in lines for part in line.split("#")[0].split("&&")]
    return [shlex.split(line.strip()) for line in lines if line.strip().startswith("reelright")]


@pytest.mark.once
def test_commands_and_options_that_are_named_exist() -> None:
    assert len(commands()) > 20
    unknown = []
    for _, *words in commands():
        command: Any = get_command(cli)
        place = 0
        while place < len(words) and words[place] in getattr(command, "commands", {}):
            command = command.commands[words[place]]
            place += 1
        options = {name for param in command.params for name in param.opts + param.secondary_opts}
        options |= {"--help"}
        wrong = [w for w in words[place:] if w.startswith("--") and w.split("=")[0] not in options]
        if place == 0 or wrong or (getattr(command, "commands", None) and words[place:]):
            unknown.append(words)
    assert unknown == []


@pytest.mark.once
def test_the_table_of_scopes_is_whole() -> None:
    table = TEXTS["api.md"].split("| scope | allows |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `([a-z]+:[a-z]+)` \|", table, re.MULTILINE)) == set(KEY_SCOPES)


@pytest.mark.once
def test_the_table_of_statuses_of_notes_is_whole() -> None:
    table = TEXTS["discovery.md"].split("| status | by | meaning |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(NoteStatus)


WORDS = {3: "three", 5: "five", 7: "seven", 10: "ten", 20: "twenty", 30: "thirty"}
MEGA = 1_000_000


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "sentence", "value"),
    [
        ("api.md", "{} requests a minute", Settings().api_requests_per_minute),
        (
            "api.md",
            "Every {} rows of `/availability` count as one",
            lookup_routes.ROWS_A_REQUEST,
        ),
        ("catalog.md", "up to {} MB, 40 megapixels", uploads.MAX_IMAGE_BYTES // MEGA),
        ("catalog.md", "{} megapixels", images.MAX_PIXELS // MEGA),
        ("catalog.md", "up to {} MB, 1 to 2,000 pages", uploads.MAX_DOCUMENT_BYTES // MEGA),
        ("catalog.md", "1 to {} pages", pdfs.MAX_PAGES),
        ("catalog.md", "up to {} MB and 20,000 captions", caption_service.MAX_BYTES // MEGA),
        ("catalog.md", "and {} captions", caption_parsing.MAX_CUES),
        (
            "catalog.md",
            "more than {} seconds after the version",
            caption_parsing.PAST_END_MS // 1000,
        ),
        ("catalog.md", "faster than {} characters a second", int(caption_parsing.FASTEST)),
        ("lookup.md", "The page takes up to {} rows", lists.MAX_ROWS),
        ("lookup.md", "cells of more than {} characters", lookup_files.MAX_CELL_LENGTH),
        ("lookup.md", "more than {} columns", lookup_files.MAX_COLUMNS),
        ("lookup.md", "more than {} MB or define", lookup_files.WORKBOOK.unpacked_bytes // MEGA),
        ("lookup.md", "portions of {} rows", lists.BATCH_SIZE),
        ("lookup.md", "A cart holds {} licenses", drafts.MAX_LINES),
        ("lookup.md", "{} long lists an hour", long_list_routes.MAX_LISTS_PER_HOUR),
        ("importing.md", "up to {} MB", imports.MAX_FILE_BYTES // MEGA),
        ("importing.md", "keeps each line for {} days", imports.RETENTION.days),
        ("importing.md", "a line of more than {} MB", tables.MAX_LINE_LENGTH // MEGA),
        ("importing.md", "a cell of more than {} MB", tables.MAX_CELL_LENGTH // MEGA),
        (
            "importing.md",
            "unpacks to more than {} MB",
            tables.WORKBOOK_LIMITS.unpacked_bytes // MEGA,
        ),
        ("importing.md", "Films are written {} a transaction", dry_run.BATCH_SIZE),
        ("alerts.md", "good for {} hours", alerts.CONFIRM_HOURS),
        ("alerts.md", "an address has {} searches", alerts.MAX_SEARCHES),
        ("alerts.md", "emails for {} days", alerts.EMAIL_RETENTION.days),
        ("alerts.md", "{} alerts an hour", alert_routes.MAX_PER_CLIENT),
        (
            "alerts.md",
            "{} requests an hour can go to one email address",
            alert_routes.MAX_PER_ADDRESS,
        ),
        ("discovery.md", "within {} days and pressed", notes.CONFIRM_WITHIN.days),
        ("discovery.md", "for {} days; then it is deleted", notes.UNPUBLISHED_RETENTION.days),
        ("discovery.md", "{} emails a day go to one address", note_routes.MAX_EMAILS_PER_DAY),
        ("discovery.md", "{} notes an hour come from one place", note_routes.MAX_NOTES_PER_HOUR),
        ("discovery.md", "cut after {} records", responses.PAGE),
        ("discovery.md", "The last {} films by the day", feeds.MAX_ENTRIES),
        ("discovery.md", "above {} pages an index", crawling.MAX_ADDRESSES),
    ],
)
def test_limits_are_as_told(name: str, sentence: str, value: int) -> None:
    text = " ".join(TEXTS[name].split()).casefold()
    ways = [f"{value:,}", *filter(None, [WORDS.get(value)])]
    assert any(sentence.format(way).casefold() in text for way in ways), value


def fields(app: FastAPI, form: str) -> set[str]:
    """Return the names of all fields of the API of one format."""
    found = set()

    def walk(node: Any, name: str) -> None:  # noqa: ANN401 - JSON
        if isinstance(node, dict):
            if node.get("format") == form:
                found.add(name)
            for key, value in node.items():
                if key == "properties":
                    for field, schema in value.items():
                        walk(schema, field)
                elif key not in {"parameters", "headers", "examples", "example"}:
                    walk(value, name if key in {"anyOf", "items", "schema"} else key)
        elif isinstance(node, list):
            for value in node:
                walk(value, name)

    walk(app.openapi(), "")
    return found


def test_names_of_times_and_dates_are_as_told(app: FastAPI) -> None:
    times, dates = fields(app, "date-time"), fields(app, "date")
    assert [name for name in times if not (name == "at" or name.endswith("_at"))] == []
    others = {name for name in dates if not (name == "on" or name.endswith("_on"))}
    told = TEXTS["api.md"].split("**Dates**")[1].split("\n- ")[0]
    assert others == set(re.findall(r"`(\w+)`", told)) - {"_on", "on"}


def test_lists_take_the_limit_that_is_told(app: FastAPI) -> None:
    limits = {
        parameter["schema"]["maximum"]
        for path in app.openapi()["paths"].values()
        for operation in path.values()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "limit"
    }
    text = " ".join(TEXTS["api.md"].split())
    assert [f"`limit` is at most {most}" in text for most in limits] == [True]
