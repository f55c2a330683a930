"""The answers to a harvester, as one XML document each."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.discovery import xml
from app.discovery.oai import dublin_core, formats, records, tokens
from app.discovery.oai.arguments import Selection, Verb, checked, selection
from app.discovery.oai.errors import ErrorCode, OaiError
from app.discovery.oai.formats import Format
from app.discovery.oai.tokens import Token

NAMESPACE = "http://www.openarchives.org/OAI/2.0/"
SCHEMA = "http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PAGE = 100
# A request that names these was not understood, so it is not told again (section 3.6).
UNTOLD = frozenset({ErrorCode.BAD_VERB, ErrorCode.BAD_ARGUMENT})


def answer(session: Session, given: Sequence[tuple[str, str]], settings: Settings) -> bytes:
    """Return the document that answers these arguments, whatever they are."""
    document = xml.root(NAMESPACE, "OAI-PMH", {"xsi": XSI})
    document.set(f"{{{XSI}}}schemaLocation", f"{NAMESPACE} {SCHEMA}")
    xml.add(document, "responseDate", xml.instant(clock.now()))
    request = xml.add(document, "request", settings.url("/oai"))
    try:
        verb, arguments = checked(given)
        content = _content(session, verb, arguments, settings)
    except OaiError as error:
        xml.add(document, "error", error.words, code=error.code.value)
        untold = error.code in UNTOLD
    else:
        document.append(content)
        untold = False
    if not untold:
        for name, value in given:
            request.set(name, xml.plain(value))
    return xml.written(document)


def _content(
    session: Session, verb: Verb, arguments: Mapping[str, str], settings: Settings
) -> xml.Element:
    content = xml.root(NAMESPACE, verb.value)
    if verb is Verb.IDENTIFY:
        _identify(session, content, settings)
    elif verb is Verb.LIST_METADATA_FORMATS:
        _list_formats(session, content, arguments.get("identifier"), settings)
    elif verb is Verb.LIST_SETS:
        _list_sets(session, content, arguments)
    elif verb is Verb.GET_RECORD:
        wanted = formats.format_of(arguments["metadataPrefix"])
        film = records.record(session, arguments["identifier"], settings)
        held = records.sets_of(session, [film.id])[film.id]
        _add_record(content, film, held, wanted, settings)
    else:
        _harvest(session, content, verb, arguments, settings)
    return content


def _identify(session: Session, content: xml.Element, settings: Settings) -> None:
    for name, text in (
        ("repositoryName", settings.seller_name),
        ("baseURL", settings.url("/oai")),
        ("protocolVersion", "2.0"),
        ("adminEmail", settings.seller_email),
        ("earliestDatestamp", xml.instant(records.earliest(session))),
        ("deletedRecord", "persistent"),
        ("granularity", "YYYY-MM-DDThh:mm:ssZ"),
    ):
        xml.add(content, name, text)


def _list_formats(
    session: Session, content: xml.Element, identifier: str | None, settings: Settings
) -> None:
    if identifier is not None:
        records.record(session, identifier, settings)
    for known in formats.all_formats():
        found = xml.add(content, "metadataFormat")
        xml.add(found, "metadataPrefix", known.prefix)
        xml.add(found, "schema", known.schema)
        xml.add(found, "metadataNamespace", known.namespace)


def _list_sets(session: Session, content: xml.Element, arguments: Mapping[str, str]) -> None:
    if "resumptionToken" in arguments:
        raise OaiError(ErrorCode.BAD_RESUMPTION_TOKEN, "the list of sets is never cut")
    for spec, name, words in records.sets(session):
        found = xml.add(content, "set")
        xml.add(found, "setSpec", spec)
        xml.add(found, "setName", name)
        if words:
            described = xml.add(found, "setDescription")
            described.append(_words(words))


def _words(words: str) -> xml.Element:
    """Return a description of a set: the protocol wants it as Dublin Core."""
    spaces: dict[str | None, str] = {
        "oai_dc": dublin_core.NAMESPACE,
        "dc": dublin_core.DC,
        "xsi": XSI,
    }
    holder = xml.root(dublin_core.NAMESPACE, "dc", spaces)
    location = f"{dublin_core.NAMESPACE} {dublin_core.SCHEMA}"
    holder.set(f"{{{XSI}}}schemaLocation", location)
    xml.add(holder, f"{{{dublin_core.DC}}}description", words)
    return holder


def _harvest(
    session: Session,
    content: xml.Element,
    verb: Verb,
    arguments: Mapping[str, str],
    settings: Settings,
) -> None:
    after: Token | None = None
    if "resumptionToken" in arguments:
        after = tokens.read(arguments["resumptionToken"], verb)
        asked = after.selection
    else:
        asked = selection(arguments)
    wanted = formats.format_of(asked.prefix)
    rows = records.page(
        session, asked, after=after, limit=PAGE + 1, whole=verb is Verb.LIST_RECORDS
    )
    if not rows and after is None:
        words = "no record is of this set and was changed in this time"
        raise OaiError(ErrorCode.NO_RECORDS_MATCH, words)
    shown = rows[:PAGE]
    held = records.sets_of(session, [film.id for film in shown])
    for film in shown:
        if verb is Verb.LIST_RECORDS:
            _add_record(content, film, held[film.id], wanted, settings)
        else:
            _add_header(content, film, held[film.id], settings)
    _add_token(session, content, verb, asked, after, shown, is_last=len(rows) <= PAGE)


def _add_token(  # noqa: PLR0917 - the parts of one place in one list
    session: Session,
    content: xml.Element,
    verb: Verb,
    asked: Selection,
    after: Token | None,
    shown: Sequence[Film],
    *,
    is_last: bool,
) -> None:
    """Say how the list goes on; the last of several answers says that it does not."""
    if is_last and after is None:
        return
    told = after.told if after else 0
    total = after.total if after else records.count(session, asked)
    word = ""
    if not is_last:
        last = shown[-1]
        word = Token(verb, asked, last.updated_at, last.id, told + len(shown), total).written()
    # Films that changed on the way are told twice: the size is an estimate, as the protocol allows.
    size = max(total, told + len(shown))
    xml.add(content, "resumptionToken", word, completeListSize=str(size), cursor=str(told))


def _add_record(
    content: xml.Element, film: Film, held: Sequence[str], wanted: Format, settings: Settings
) -> None:
    record = xml.add(content, "record")
    _add_header(record, film, held, settings)
    if film.is_public:
        xml.add(record, "metadata").append(wanted.make(film, settings))


def _add_header(parent: xml.Element, film: Film, held: Sequence[str], settings: Settings) -> None:
    header = xml.add(parent, "header", **({} if film.is_public else {"status": "deleted"}))
    xml.add(header, "identifier", records.identifier(film, settings))
    xml.add(header, "datestamp", xml.instant(film.updated_at))
    for spec in held:
        xml.add(header, "setSpec", spec)
