"""Cold search: every question is a new one, so nothing comes from memory."""

import http.client
import random
import time
from urllib.parse import urlencode, urlsplit

from bench.films import vocabulary

QUESTIONS = 400


def cold_searches(url: str, path: str) -> tuple[float, float, int]:
    """Ask one question after the other; return p50 and p99 in ms, and how many failed.

    Half are one word, half are two; each word is as common as it is in the films' own text. The
    time is the client's, from the request to the last byte.
    """
    host = urlsplit(url).netloc
    connection = http.client.HTTPConnection(host, timeout=60)
    words = vocabulary()
    words.draw(random.Random(2).randrange(100, 200))  # noqa: S311 - other words than the first film's
    took, failed, asked = [], 0, set[str]()
    while len(asked) < QUESTIONS:
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
    return took[len(took) // 2], took[int(len(took) * 0.99)], failed
