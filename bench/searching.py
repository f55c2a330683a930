"""Cold search: every question is a new one, so nothing comes from memory."""

import http.client
import random
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from bench.films import vocabulary
from bench.servers import RunningServer

QUESTIONS = 400
# A catalog in which searching is slow is asked less, but often enough for a p99.
LONGEST_SECONDS, FEWEST = 40, 100


@dataclass(frozen=True)
class Searched:
    """What asking showed: times of the client, from the request to the last byte."""

    asked: int
    p50_ms: float
    p99_ms: float
    busy_ms: float
    """The worker's processor time for one question, on the average."""
    failed: int


def cold_searches(running: RunningServer, path: str) -> Searched:
    """Ask one question after the other.

    Half are one word, half are two; each word is as common as it is in the films' own text.
    """
    connection = http.client.HTTPConnection(urlsplit(running.url).netloc, timeout=60)
    words = vocabulary()
    words.draw(random.Random(2).randrange(100, 200))  # noqa: S311 - other words than the first film's
    took, failed, asked = [], 0, set[str]()
    busy, begun = running.busy_seconds, time.perf_counter()
    while len(asked) < QUESTIONS:
        if len(asked) >= FEWEST and time.perf_counter() - begun > LONGEST_SECONDS:
            break
        question = " ".join(words.draw(1 + len(asked) % 2))
        if question in asked:
            question = " ".join(words.draw(2))
        asked.add(question)
        started = time.perf_counter()
        connection.request("GET", f"{path}?{urlencode({'q': question})}")
        answer = connection.getresponse()
        answer.read()
        took.append((time.perf_counter() - started) * 1000)
        failed += answer.status != http.HTTPStatus.OK
    connection.close()
    took.sort()
    return Searched(
        asked=len(took),
        p50_ms=took[len(took) // 2],
        p99_ms=took[int(len(took) * 0.99)],
        busy_ms=(running.busy_seconds - busy) * 1000 / len(took),
        failed=failed,
    )
