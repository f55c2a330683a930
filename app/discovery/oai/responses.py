"""The answers to a harvester, as one XML document each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import Select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog import revisions
from app.core import clock
from app.core.config import Settings
from app.discovery import xml
from app.discovery.oai import dublin_core, formats, sets, tokens
from app.discovery.oai.arguments import Selection, Verb, checked, selection
from app.discovery.oai.errors import ErrorCode, OaiError
from app.discovery.oai.formats import Format
from app.discovery.oai.record_sources import Item
from app.discovery.oai.tokens import Token

NAMESPACE = "http://www.openarchives.org/OAI/2.0/"
SCHEMA = "http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PAGE = 100
# A request that names these was not understood, so it is not told again (section 3.6).
ERRORS_WITHOUT_ARGUMENTS = frozenset({ErrorCode.BAD_VERB, ErrorCode.BAD_ARGUMENT})


@dataclass(frozen=True, slots=True)
class Store:
    """What is harvested. Only a shelf that has to be brought up takes from ``sessions``."""

    readers: sessionmaker[Session]
    sessions: sessionmaker[Session]
    settings: Settings


def answer(store: Store, given: Sequence[tuple[str, str]]) -> bytes:
    """Return the document that answers these arguments, whatever they are."""
    document = xml.root(NAMESPACE, "OAI-PMH", {"xsi": XSI})
    document.set(f"{{{XSI}}}schemaLocation", f"{NAMESPACE} {SCHEMA}")
    xml.add(document, "responseDate", xml.instant(clock.now()))
    request = xml.add(document, "request", store.settings.url("/oai"))
    try:
        verb, arguments = checked(given)
        content = _content(store, verb, arguments)
    except OaiError as error:
        xml.add(document, "error", error.words, code=error.code.value)
        untold = error.code in ERRORS_WITHOUT_ARGUMENTS
    else:
        document.append(content)
        untold = False
    if not untold:
        for name, value in given:
            request.set(name, xml.plain(value))
    return xml.written(document)


def _content(store: Store, verb: Verb, arguments: Mapping[str, str]) -> xml.Element:
    content = xml.root(NAMESPACE, verb.value)
    settings = store.settings
    if verb is Verb.IDENTIFY:
        with store.readers() as session:
            _identify(session, content, settings)
    elif verb is Verb.LIST_METADATA_FORMATS:
        with store.readers() as session:
            _list_formats(session, content, arguments.get("identifier"), settings)
    elif verb is Verb.LIST_SETS:
        with store.readers() as session:
            _list_sets(session, content, arguments)
    elif verb is Verb.GET_RECORD:
        _get_record(store, content, arguments)
    else:
        _harvest(store, content, verb, arguments)
    return content


def _identify(session: Session, content: xml.Element, settings: Settings) -> None:
    first = [known.shelf.earliest(session) for known in formats.all_formats()]
    began = revisions.current(session).changed_at
    earliest = min((each for each in first if each is not None), default=began)
    for name, text in (
        ("repositoryName", settings.seller_name),
        ("baseURL", settings.url("/oai")),
        ("protocolVersion", "2.0"),
        ("adminEmail", settings.seller_email),
        ("earliestDatestamp", xml.instant(earliest)),
        ("deletedRecord", "persistent"),
        ("granularity", "YYYY-MM-DDThh:mm:ssZ"),
    ):
        xml.add(content, name, text)


def _list_formats(
    session: Session, content: xml.Element, identifier: str | None, settings: Settings
) -> None:
    listed = formats.all_formats()
    if identifier is not None:
        named = _local_id(identifier, settings)
        listed = [known for known in listed if known.shelf.find(session, named)]
        if not listed:
            raise _unknown(settings)
    for known in listed:
        found = xml.add(content, "metadataFormat")
        xml.add(found, "metadataPrefix", known.prefix)
        xml.add(found, "schema", known.schema)
        xml.add(found, "metadataNamespace", known.namespace)


def _list_sets(session: Session, content: xml.Element, arguments: Mapping[str, str]) -> None:
    if "resumptionToken" in arguments:
        raise OaiError(ErrorCode.BAD_RESUMPTION_TOKEN, "the list of sets is never cut")
    own = (described for known in formats.all_formats() for described in known.shelf.sets)
    for spec, name, words in [*sets.sets(session), *dict.fromkeys(own)]:
        found = xml.add(content, "set")
        xml.add(found, "setSpec", spec)
        xml.add(found, "setName", name)
        if words:
            described = xml.add(found, "setDescription")
            described.append(_words(words))


def _get_record(store: Store, content: xml.Element, arguments: Mapping[str, str]) -> None:
    wanted = formats.format_of(arguments["metadataPrefix"])
    named = _local_id(arguments["identifier"], store.settings)
    wanted.shelf.sync(store.readers, store.sessions, store.settings)
    with store.readers() as session:
        item = wanted.shelf.find(session, named)
        if item is None:
            if any(known.shelf.find(session, named) for known in formats.all_formats()):
                words = "ListMetadataFormats says which formats this record has"
                raise OaiError(ErrorCode.CANNOT_DISSEMINATE_FORMAT, words)
            raise _unknown(store.settings)
        _add_records(session, content, [item], wanted, store.settings)


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


def _harvest(store: Store, content: xml.Element, verb: Verb, arguments: Mapping[str, str]) -> None:
    after: Token | None = None
    if "resumptionToken" in arguments:
        after = tokens.read(arguments["resumptionToken"], verb)
        asked = after.selection
    else:
        asked = selection(arguments)
    wanted = formats.format_of(asked.prefix)
    films, own_set = _narrowed(asked, wanted)
    wanted.shelf.sync(store.readers, store.sessions, store.settings)
    with store.readers() as session:
        items = wanted.shelf.page(
            session,
            since=asked.from_instant,
            before=asked.before_instant,
            films=films,
            own_set=own_set,
            after=(after.changed_at, after.order) if after else None,
            limit=PAGE + 1,
        )
        if not items and after is None:
            words = "no record is of this set and was changed in this time"
            raise OaiError(ErrorCode.NO_RECORDS_MATCH, words)
        shown = items[:PAGE]
        if verb is Verb.LIST_RECORDS:
            _add_records(session, content, shown, wanted, store.settings)
        else:
            held = sets.sets_of(session, [item.film_id for item in shown])
            for item in shown:
                _add_header(content, item, held[item.film_id], store.settings)
        _add_token(session, content, verb, asked, after, shown, is_last=len(items) <= PAGE)


def _narrowed(asked: Selection, wanted: Format) -> tuple[Select[int] | None, str | None]:
    """Return the films of the set that is asked for, or the set of the shelf's own.

    Raises:
        OaiError: there is no such set.
    """
    spec = asked.set_spec
    if spec is None:
        return None, None
    films = sets.films_in(spec)
    if films is None and spec not in {own for own, _, _ in wanted.shelf.sets}:
        raise OaiError(ErrorCode.NO_RECORDS_MATCH, f"there is no set {spec} of {wanted.prefix}")
    return films, spec if films is None else None


def _add_token(  # noqa: PLR0917 - the parts of one place in one list
    session: Session,
    content: xml.Element,
    verb: Verb,
    asked: Selection,
    after: Token | None,
    shown: Sequence[Item],
    *,
    is_last: bool,
) -> None:
    """Say how the list goes on; the last of several answers says that it does not."""
    if is_last and after is None:
        return
    told = after.delivered_count if after else 0
    total = after.total if after else _count(session, asked)
    word = ""
    if not is_last:
        last = shown[-1]
        word = Token(verb, asked, last.changed_at, last.order, told + len(shown), total).written()
    # What changed on the way is told twice: the size is an estimate, as the protocol allows.
    size = max(total, told + len(shown))
    xml.add(content, "resumptionToken", word, completeListSize=str(size), cursor=str(told))


def _count(session: Session, asked: Selection) -> int:
    wanted = formats.format_of(asked.prefix)
    films, own_set = _narrowed(asked, wanted)
    return wanted.shelf.count(
        session,
        since=asked.from_instant,
        before=asked.before_instant,
        films=films,
        own_set=own_set,
    )


def _add_records(
    session: Session,
    content: xml.Element,
    items: Sequence[Item],
    wanted: Format,
    settings: Settings,
) -> None:
    held = sets.sets_of(session, [item.film_id for item in items])
    present = [item for item in items if not item.is_deleted]
    made = dict(zip(present, wanted.shelf.write(session, present, settings), strict=True))
    for item in items:
        metadata = made.get(item)
        record = xml.add(content, "record")
        _add_header(record, item, held[item.film_id], settings, is_gone=metadata is None)
        if metadata is not None:
            xml.add(record, "metadata").append(metadata)


def _add_header(
    parent: xml.Element,
    item: Item,
    held: Sequence[str],
    settings: Settings,
    *,
    is_gone: bool = False,
) -> None:
    is_deleted = item.is_deleted or is_gone
    header = xml.add(parent, "header", **({"status": "deleted"} if is_deleted else {}))
    xml.add(header, "identifier", _prefix(settings) + item.local_id)
    xml.add(header, "datestamp", xml.instant(item.changed_at))
    for spec in [*held, *item.sets]:
        xml.add(header, "setSpec", spec)


def _prefix(settings: Settings) -> str:
    return f"oai:{urlsplit(str(settings.base_url)).hostname}:"


def _local_id(identifier: str, settings: Settings) -> str:
    """Return the end of a record's identifier, which names it on the shelf of a format.

    Raises:
        OaiError: it is none of this store's.
    """
    prefix = _prefix(settings)
    if not identifier.startswith(prefix) or "\x00" in identifier:
        raise _unknown(settings)
    return identifier.removeprefix(prefix)


def _unknown(settings: Settings) -> OaiError:
    words = f"there is no such record; identifiers begin with {_prefix(settings)}"
    return OaiError(ErrorCode.ID_DOES_NOT_EXIST, words)
