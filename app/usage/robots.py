"""Robots: programs whose visits are not usage.

The lists are those of Project COUNTER (see robot_lists/README.md). Case does not matter.
"""

import json
import re
from functools import cache, lru_cache
from pathlib import Path

LISTS = Path(__file__).parent / "robot_lists"
MAX_AGENTS_KNOWN, MAX_AGENT_LENGTH = 4096, 500
# The pattern "core" is in this name too, by which Apple's players ask for media.
APPLE_PLAYER = "applecoremedia/"


def is_robot(agent: str) -> bool:
    """Return whether a browser's name is that of a robot. No name at all is one."""
    return _is_robot(agent[:MAX_AGENT_LENGTH])


@lru_cache(maxsize=MAX_AGENTS_KNOWN)
def _is_robot(agent: str) -> bool:
    if agent.lower().startswith(APPLE_PLAYER):
        return False
    return _pattern().search(agent) is not None


@cache
def _pattern() -> re.Pattern[str]:
    robots = json.loads((LISTS / "counter_bots.json").read_text(encoding="utf-8"))
    crawlers = json.loads((LISTS / "ai_robots.json").read_text(encoding="utf-8"))
    patterns = [each["pattern"] for each in robots]
    patterns += [rf"\b{re.escape(name)}\b" for name in crawlers]
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)
