"""The responses to harvesters, one XML document each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy.orm import Session, sessionmaker

from app.catalog import public_revision
from app.core import clock
from app.core.config import Settings
from app.discovery import xml
from app.discovery.oai import dublin_core, film_sets
from app.discovery.oai.arguments import (
    ErrorCode,
    OaiError,
    Selection,
    Verb,
    parse_arguments,
    parse_selection,
)
from app.discovery.oai.formats import Format, all_formats, get_format
from app.discovery.oai.record_sources import Item, RecordQuery
from app.discovery.oai.tokens import Token, parse_token

NAMESPACE = "http://www.openarchives.org/OAI/2.0/"
SCHEMA = "http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
PAGE = 100
# After these errors the response does not repeat the arguments (section 3.6 of the protocol).
ERRORS_WITHOUT_ARGUMENTS = frozenset({ErrorCode.BAD_VERB, ErrorCode.BAD_ARGUMENT})


@dataclass(frozen=True, slots=True)
class Store:
    """What is harvested. Only a source with derived records writes in ``sessions``."""

    readers: sessionmaker[Session]
    sessions: sessionmaker[Session]
    settings: Settings


def answer(store: Store, arguments: Sequence[tuple[str, str]]) -> bytes:
    """Return the document for a request with any arguments."""
    document = xml.root(NAMESPACE, "OAI-PMH", {"xsi": dublin_core.XSI})
    document.set(f"{{{dublin_core.XSI}}}schemaLocation", f"{NAMESPACE} {SCHEMA}")
    xml.add(document, "responseDate", xml.instant(clock.now()))
    request = xml.add(document, "request", store.settings.url("/oai"))
    repeats_arguments = True
    try:
        document.append(_content(store, *parse_arguments(arguments)))
    except OaiError as error:
        xml.add(document, "error", error.message, code=error.code.value)
        repeats_arguments = error.code not in ERRORS_WITHOUT_ARGUMENTS
    if repeats_arguments:
        for name, value in arguments:
            request.set(name, xml.plain(value))
    return xml.serialize(document)


def _content(store: Store, verb: Verb, arguments: Mapping[str, str]) -> xml.Element:
    content = xml.root(NAMESPACE, verb.value)
    if verb is Verb.GET_RECORD:
        _get_record(store, content, arguments)
    elif verb in {Verb.LIST_RECORDS, Verb.LIST_IDENTIFIERS}:
        _list_items(store, content, verb, arguments)
    else:
        with store.readers() as session:
            if verb is Verb.IDENTIFY:
                _identify(session, content, store.settings)
            elif verb is Verb.LIST_METADATA_FORMATS:
                _list_formats(session, content, arguments.get("identifier"), store.settings)
            else:
                _list_sets(session, content, arguments)
    return content


def _identify(session: Session, content: xml.Element, settings: Settings) -> None:
    instants = [known.source.earliest(session) for known in all_formats()]
    changed_at = public_revision.current(session).changed_at
    earliest = min((at for at in instants if at is not None), default=changed_at)
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
    formats = all_formats()
    if identifier is not None:
        local_id = _local_id(identifier, settings)
        formats = [known for known in formats if known.source.find(session, local_id)]
        if not formats:
            raise _unknown_record(settings)
    for known in formats:
        element = xml.add(content, "metadataFormat")
        xml.add(element, "metadataPrefix", known.prefix)
        xml.add(element, "schema", known.schema)
        xml.add(element, "metadataNamespace", known.namespace)


def _list_sets(session: Session, content: xml.Element, arguments: Mapping[str, str]) -> None:
    if "resumptionToken" in arguments:
        raise OaiError(ErrorCode.BAD_RESUMPTION_TOKEN, "the list of sets is never cut")
    own = (description for known in all_formats() for description in known.source.sets)
    for spec, name, text in [*film_sets.sets(session), *dict.fromkeys(own)]:
        element = xml.add(content, "set")
        xml.add(element, "setSpec", spec)
        xml.add(element, "setName", name)
        if text:
            # The protocol wants the description as Dublin Core.
            description = dublin_core.empty_record()
            xml.add(description, f"{{{dublin_core.DC}}}description", text)
            xml.add(element, "setDescription").append(description)


def _get_record(store: Store, content: xml.Element, arguments: Mapping[str, str]) -> None:
    metadata_format = get_format(arguments["metadataPrefix"])
    local_id = _local_id(arguments["identifier"], store.settings)
    metadata_format.source.sync(store.readers, store.sessions, store.settings)
    with store.readers() as session:
        item = metadata_format.source.find(session, local_id)
        if item is None:
            if any(known.source.find(session, local_id) for known in all_formats()):
                message = "ListMetadataFormats says which formats this record has"
                raise OaiError(ErrorCode.CANNOT_DISSEMINATE_FORMAT, message)
            raise _unknown_record(store.settings)
        _add_records(session, content, [item], metadata_format, store.settings)


def _list_items(
    store: Store, content: xml.Element, verb: Verb, arguments: Mapping[str, str]
) -> None:
    token: Token | None = None
    if "resumptionToken" in arguments:
        token = parse_token(arguments["resumptionToken"], verb)
        selection = token.selection
    else:
        selection = parse_selection(arguments)
    metadata_format = get_format(selection.prefix)
    source = metadata_format.source
    query = _query(selection, metadata_format)
    source.sync(store.readers, store.sessions, store.settings)
    with store.readers() as session:
        after = (token.changed_at, token.order) if token else None
        items = source.page(session, query, after=after, limit=PAGE + 1)
        if not items and token is None:
            message = "no record is of this set and was changed in this time"
            raise OaiError(ErrorCode.NO_RECORDS_MATCH, message)
        shown = items[:PAGE]
        if verb is Verb.LIST_RECORDS:
            _add_records(session, content, shown, metadata_format, store.settings)
        else:
            sets = film_sets.sets_of(session, [item.film_id for item in shown])
            for item in shown:
                _add_header(content, item, sets[item.film_id], store.settings)
        is_last = len(items) <= PAGE
        if is_last and token is None:
            return
        delivered = token.delivered_count if token else 0
        total = token.total if token else source.count(session, query)
        # The last of several responses has an empty token.
        text = ""
        if not is_last:
            last, count = shown[-1], delivered + len(shown)
            text = Token(verb, selection, last.changed_at, last.order, count, total).encode()
        # Changes during the harvest are delivered twice, so the size is an estimate.
        size = max(total, delivered + len(shown))
        xml.add(content, "resumptionToken", text, completeListSize=str(size), cursor=str(delivered))


def _query(selection: Selection, metadata_format: Format) -> RecordQuery:
    """Return the query for the selected records.

    Raises:
        OaiError: There is no such set.
    """
    since, before = selection.from_instant, selection.before_instant
    spec = selection.set_spec
    if spec is None:
        return RecordQuery(since, before)
    films = film_sets.films_in(spec)
    if films is not None:
        return RecordQuery(since, before, films=films)
    if spec not in {own for own, _, _ in metadata_format.source.sets}:
        message = f"there is no set {spec} of {metadata_format.prefix}"
        raise OaiError(ErrorCode.NO_RECORDS_MATCH, message)
    return RecordQuery(since, before, own_set=spec)


def _add_records(
    session: Session,
    content: xml.Element,
    items: Sequence[Item],
    metadata_format: Format,
    settings: Settings,
) -> None:
    sets = film_sets.sets_of(session, [item.film_id for item in items])
    present = [item for item in items if not item.is_deleted]
    written = metadata_format.source.write(session, present, settings)
    metadata_by_item = dict(zip(present, written, strict=True))
    for item in items:
        metadata = metadata_by_item.get(item)
        record = xml.add(content, "record")
        _add_header(record, item, sets[item.film_id], settings, is_deleted=metadata is None)
        if metadata is not None:
            xml.add(record, "metadata").append(metadata)


def _add_header(
    parent: xml.Element,
    item: Item,
    sets: Sequence[str],
    settings: Settings,
    *,
    is_deleted: bool = False,
) -> None:
    is_deleted = is_deleted or item.is_deleted
    header = xml.add(parent, "header", **({"status": "deleted"} if is_deleted else {}))
    xml.add(header, "identifier", _identifier_prefix(settings) + item.local_id)
    xml.add(header, "datestamp", xml.instant(item.changed_at))
    for spec in [*sets, *item.sets]:
        xml.add(header, "setSpec", spec)


def _identifier_prefix(settings: Settings) -> str:
    return f"oai:{urlsplit(str(settings.base_url)).hostname}:"


def _local_id(identifier: str, settings: Settings) -> str:
    """Return the end of a record's identifier, which names it in a source.

    Raises:
        OaiError: The identifier is not of this store.
    """
    prefix = _identifier_prefix(settings)
    if not identifier.startswith(prefix) or "\x00" in identifier:
        raise _unknown_record(settings)
    return identifier.removeprefix(prefix)


def _unknown_record(settings: Settings) -> OaiError:
    message = f"there is no such record; identifiers begin with {_identifier_prefix(settings)}"
    return OaiError(ErrorCode.ID_DOES_NOT_EXIST, message)
