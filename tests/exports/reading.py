"""Reading records back with readers that are not ours."""

from io import BytesIO

from fastapi.testclient import TestClient
from pymarc import MARCReader, Record


def read(content: bytes) -> list[Record]:
    """Return the records of a binary file; one that cannot be read is an error."""
    found = []
    for record in MARCReader(BytesIO(content), to_unicode=True, permissive=False):
        assert record is not None
        found.append(record)
    return found


def one(client: TestClient, slug: str, delivery: str) -> Record:
    """Return a film's record."""
    answer = client.get(f"/films/{slug}/record.mrc", params={"delivery": delivery})
    assert answer.status_code == 200, answer.text
    [record] = read(answer.content)
    return record


def lines(record: Record, *tags: str) -> list[str]:
    """Return fields in short: tag, indicators, subfields."""
    return [str(field).removeprefix("=") for field in record.get_fields(*tags)]


def told(records: list[Record]) -> dict[str, str]:
    """Return the status of each record in a file, by its control number."""
    found = {record["001"].data or "": str(record.leader)[5] for record in records}
    assert len(found) == len(records)
    return found
