"""Rules about the code base itself, kept by a test rather than by memory."""

import ast
import builtins
import doctest
import inspect
import re
import subprocess
import tokenize
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from fastapi import FastAPI

from app.core.config import DEFAULT_SECRET, SANDBOX_WEBHOOK_SECRET, Settings
from app.core.errors import AppError

ROOT = Path(__file__).parent.parent
MAX_FILE_LENGTH = 500

# Words that are unclear or not US English; docs/glossary.md has better ones. Add more once they
# are gone.
DO_NOT_USE = (
    "afresh",
    "amongst",
    "anew",
    "cancelled",
    "catalogue",
    "colour",
    "courier",
    "desk",
    "e-mail",
    "holes",
    "lest",
    "licence",
    "meanwhile",
    "mended",
    "mending",
    "mends",
    "shall",
    "so much",
    "somebody",
    "takes in",
    "twin",
    "twins",
    "whichever",
    "whoever",
    "whilst",
)
# Where a word has its real meaning, such as the name of a library's exception.
ALLOWED = {
    "cancelled": ("app/core/", "app/portal/license_formats.py"),
    "colour": ("app/imports/",),
    "somebody": ("seeds/license_texts/",),  # published texts never change
}


def modules() -> list[Path]:
    return sorted((ROOT / "app").rglob("*.py"))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.once
def test_env_example_lists_every_setting() -> None:
    text = (ROOT / ".env.example").read_text()
    listed = set(re.findall(r"^REELRIGHT_(\w+)=", text, re.MULTILINE))
    assert listed == {name.upper() for name in Settings.model_fields}


@pytest.mark.once
def test_env_example_holds_the_defaults() -> None:
    given = Settings(_env_file=ROOT / ".env.example")
    defaults = Settings(_env_file=None)
    assert given == defaults


@pytest.mark.once
def test_env_example_explains_every_setting() -> None:
    """A comment precedes each setting, ends in a period, and names the limits of its value."""
    comment = ""
    for line in (ROOT / ".env.example").read_text().splitlines():
        if line.startswith("#"):
            comment += f"{line[1:]}"
            continue
        if not line:
            comment = ""
            continue
        name = line.removeprefix("REELRIGHT_").partition("=")[0].lower()
        assert comment.endswith("."), name
        for bound in Settings.model_fields[name].metadata:
            limit = getattr(bound, "ge", None) or getattr(bound, "le", None)
            if limit:
                assert re.search(rf"\b{limit}\b", comment), f"{name}: say that {limit} is a limit"


@pytest.mark.once
@pytest.mark.parametrize("key", ["sk_live_x", "rk_live_x"])
def test_live_stripe_keys_are_refused_unless_allowed(key: str) -> None:
    with pytest.raises(ValueError, match="live key"):
        Settings.model_validate({"stripe_secret_key": key})
    allowed = Settings.model_validate(
        {"stripe_secret_key": key, "stripe_webhook_secret": "w", "allow_live_stripe": True}
    )
    assert allowed.live_mode


@pytest.mark.once
@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"secret_key": DEFAULT_SECRET}, "SECRET_KEY"),
        ({"secret_key": "short"}, "SECRET_KEY"),
        ({"base_url": "http://films.example.org"}, "BASE_URL"),
        ({"stripe_secret_key": "", "stripe_webhook_secret": ""}, "sandbox does not run"),
        ({"stripe_api_base": "http://127.0.0.1:8010"}, "Stripe itself"),
        ({"stripe_secret_key": "sk_live_x"}, "live key"),
        ({"stripe_webhook_secret": SANDBOX_WEBHOOK_SECRET}, "everyone knows"),
    ],
)
def test_production_refuses_what_is_dangerous(changed: dict[str, str], complaint: str) -> None:
    good = {
        "environment": "production",
        "base_url": "https://films.example.org",
        "secret_key": "x" * 40,
        "stripe_secret_key": "sk_test_x",
        "stripe_webhook_secret": "whsec_x",
    }
    assert not Settings.model_validate(good).sandbox_enabled
    with pytest.raises(ValueError, match=complaint):
        Settings.model_validate(good | changed)


def test_models_and_migrations_agree(database_url: str) -> None:
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = database_url
    command.check(config)


def test_migrations_go_down_and_up_again(database_url: str) -> None:
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = database_url
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


@pytest.mark.once
def test_no_file_is_longer_than_a_newcomer_reads() -> None:
    files = [
        *modules(),
        *(ROOT / "stripe_sandbox").rglob("*.py"),
        *(ROOT / "campus_sandbox").rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "bench").rglob("*.py"),
    ]
    long = {
        path.relative_to(ROOT): lines
        for path in files
        if (lines := path.read_text().count("\n")) > MAX_FILE_LENGTH
    }
    assert long == {}


@pytest.mark.once
def test_nothing_is_called_utils() -> None:
    assert [path for path in modules() if path.stem in {"utils", "helpers", "common"}] == []


@pytest.mark.once
def test_every_error_type_is_unique_and_documented() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    types: dict[str, type[AppError]] = {}
    for path in modules():
        module = import_module(module_name(path))
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, AppError) and "type" in vars(found):
                assert types.setdefault(found.type, found) is found, found.type
                assert f"`{found.type}`" in text, f"{found.type} is missing in docs/api.md"


@pytest.mark.once
def test_every_operation_says_what_it_does_and_can_answer(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    operations = [
        (f"{method} {path}", operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]
    assert len(operations) > 30
    names = [operation["operationId"] for _, operation in operations]
    assert len(names) == len(set(names))
    for name, operation in operations:
        # A summary in title case was made from the function's name: write one.
        assert not re.fullmatch(r"([A-Z]\w+ )+[A-Z]\w+", operation["summary"]), name
        assert operation.get("description"), name
        errors = set(operation["responses"])
        if "/health/" in name:
            continue
        assert {"422", "429", "503"} <= errors, name
        if "{" in name:
            assert "404" in errors, name
        if "requestBody" in operation:
            assert "415" in errors, name
        assert ("/admin/" in name or "/me/" in name) is bool(operation["security"]), name
        if operation["security"]:
            # A person of an institution is told "not found", never "forbidden".
            assert ({"401"} if "/me/" in name else {"401", "403"}) <= errors, name


@pytest.mark.once
def test_examples_in_docstrings_are_true() -> None:
    tried = 0
    for path in modules():
        if ">>>" in path.read_text():
            result = doctest.testmod(import_module(module_name(path)))
            assert result.failed == 0, path
            tried += result.attempted
    assert tried > 5


@pytest.mark.once
def test_services_never_raise_http_errors() -> None:
    """An error says what is wrong; only ``core.problems`` says how that leaves as HTTP.

    Pages may: they redirect.
    """
    pages = [ROOT / "app" / name for name in ("console", "portal", "storefront", "web")]
    guilty = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules()
        if not any(path.is_relative_to(folder) for folder in pages)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Raise) and "HTTPException" in ast.unparse(node)
    ]
    assert guilty == []


@pytest.mark.once
def test_docstrings_and_comments_name_code_that_exists() -> None:
    """A rename does not follow into prose: ``names`` and errors there must still be names."""
    elsewhere = {"BaseHTTPMiddleware", "CrossOriginProtection"}  # of Starlette, of Go
    elsewhere |= {"B7", "OrderOutPage"}  # a cell, a schema
    names = elsewhere | set(dir(builtins))
    prose = []
    for path in [*modules(), *(ROOT / "stripe_sandbox").rglob("*.py")]:
        names.update((*path.relative_to(ROOT).parts, path.stem))
        with tokenize.open(path) as file:
            for token in tokenize.generate_tokens(file.readline):
                if token.type == tokenize.NAME:
                    names.add(token.string)
                elif token.type == tokenize.COMMENT or '"""' in token.string:
                    prose.append((path, token))
                elif token.type == tokenize.STRING:
                    names.update(re.findall(r"\w+", token.string))
    names.update(f"REELRIGHT_{name.upper()}" for name in Settings.model_fields)
    guilty = [
        f"{path.relative_to(ROOT)}:{token.start[0]}: {name}"
        for path, token in prose
        for found in re.findall(
            r"``([A-Za-z_][\w.]*)(?:\([^`]*\))?``|\b([A-Z]\w+Error)\b", token.string
        )
        for name in "".join(found).split(".")
        if name not in names
    ]
    assert guilty == []


@pytest.mark.once
def test_services_never_commit() -> None:
    """Transactions end at the edge, so that two services can share one."""
    guilty = [
        str(path.relative_to(ROOT))
        for path in modules()
        if re.search(r"\bsession\.commit\(", path.read_text())
    ]
    assert guilty == []


@pytest.mark.once
def test_tracked_files_name_no_machine_and_no_registry() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    # Written in pieces, or this file would be its own finding.
    words = ("file:" + "///", "--extra-" + "index-url", "--find-" + "links", "py" + "pi.org")
    guilty = []
    for name in filter(None, tracked):
        path = ROOT / name
        if path.suffix in {".woff2", ".ttf", ".png", ".json", ".js"} or not path.exists():
            continue
        text = path.read_text(errors="replace")
        guilty += [f"{name}: {word}" for word in words if word in text]
    assert guilty == []


def listed_in_readme() -> list[str]:
    """Return the folders and modules of the README's layout; those of ``app/`` are indented."""
    text = (ROOT / "README.md").read_text()
    block = text.split("## Repository layout")[1].split("```")[1]
    return re.findall(r"^((?:  )?[\w.]+/?) {2,}\S", block, re.MULTILINE)


def layers() -> dict[str, int]:
    """Return the layer of each package and module of ``app``, the highest first."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (rows,) = (
        contract["layers"]
        for contract in config["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    return {
        name.strip(" ()").removeprefix("app."): position
        for position, row in enumerate(rows)
        for name in re.split("[|:]", row)
    }


@pytest.mark.once
def test_the_readme_lists_every_folder_and_module() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    parts = [Path(name).parts for name in tracked if not name.startswith(".")]
    folders = {f"{top}/" for top, *rest in filter(None, parts) if rest}
    inside = {
        f"  {second}{'/' if rest else ''}"
        for top, second, *rest in (path for path in parts if len(path) > 1)
        if top == "app" and second != "__init__.py"
    }
    assert sorted(listed_in_readme()) == sorted(folders | inside)


@pytest.mark.once
def test_the_readme_lists_packages_in_the_order_of_imports() -> None:
    names = [name.strip(" /").removesuffix(".py") for name in listed_in_readme() if name[0] == " "]
    known = layers()
    assert sorted(names) == sorted(known)
    assert names == sorted(names, key=known.__getitem__)


@pytest.mark.once
def test_decision_records_are_numbered_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    records = []
    for path in sorted(folder.glob("0*.md")):
        text = path.read_text()
        number, title = re.findall(r"^# (\d{4}): (.+)$", text, re.MULTILINE)[0]
        assert path.name.startswith(f"{number}-"), path.name
        for part in ("Context", "Decision", "Consequences", "(Alternatives c|C)onsidered"):
            assert re.search(rf"^(## |\*\*){part}", text, re.MULTILINE), f"{path.name}: {part}"
        records.append(f"| [{number}]({path.name}) | {title} |")
    numbers = [record[3:7] for record in records]
    assert len(set(numbers)) == len(numbers)
    listed = re.findall(r"^\| \[\d.+$", (folder / "README.md").read_text(), re.MULTILINE)
    assert listed == records


def readable() -> list[Path]:
    """Return the files whose words people read: code, templates, and documents."""
    kinds = {".py", ".html", ".typ", ".md"}
    folders = [ROOT / name for name in ("app", "campus_sandbox", "stripe_sandbox", "docs", "seeds")]
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in kinds]
    names = ("README.md", "CHANGELOG.md", ".env.example", "Makefile")
    return [*found, *(ROOT / name for name in names)]


@pytest.mark.once
def test_words_that_are_unclear_are_not_used() -> None:
    word = re.compile(rf"\b({'|'.join(map(re.escape, DO_NOT_USE))})\b", re.IGNORECASE)
    guilty = []
    for path in readable():
        name = str(path.relative_to(ROOT))
        text = path.read_text(encoding="utf-8")
        if path.name == "glossary.md":
            text = re.sub(r"\|[^|]*\|$", "|", text, flags=re.MULTILINE)  # the words to avoid
        # Names are read as words: split at underscores and at capitals.
        text = re.sub(r"_|(?<=[a-z])(?=[A-Z])", " ", text)
        for number, line in enumerate(text.splitlines(), 1):
            guilty += [
                f"{name}:{number}: {found}"
                for found in word.findall(line)
                if not name.startswith(ALLOWED.get(found.lower(), ()))
            ]
    assert guilty == []


@pytest.mark.once
def test_names_in_the_glossary_exist() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    cells = [row.split("|")[3] for row in glossary.splitlines() if row.startswith("| ")]
    named = {name for cell in cells for name in re.findall(r"`([\w*]+)`", cell)}
    files = [*modules(), *(ROOT / "stripe_sandbox").rglob("*.py"), ROOT / "pyproject.toml"]
    code = " ".join(path.read_text() for path in files)
    words = set(re.findall(r"\w+", code))
    patterns = [re.compile(name.replace("*", r"\w+")) for name in named]
    assert len(named) > 80
    assert [p.pattern for p in patterns if not any(map(p.fullmatch, words))] == []


@pytest.mark.once
def test_the_sandbox_is_tested_without_the_store() -> None:
    shared = [
        ROOT / "tests" / name for name in ("fixtures.py", "npm.py", "processes.py", "servers.py")
    ]
    guilty = [
        str(path.relative_to(ROOT))
        for path in [*(ROOT / "tests" / "stripe_sandbox").rglob("*.py"), *shared]
        if re.search(r"^\s*(from|import) app\b", path.read_text(), re.MULTILINE)
    ]
    assert guilty == []
