"""Where files of a test run go that nobody needs afterwards."""

import os
import shutil
from pathlib import Path

ROOM_BYTES = 2 * 1024**3


def memory_folder() -> str:
    """Return a folder in memory where there is room, else the usual one.

    Nearly every test makes a database, and would wait for a disk to have taken it.
    """
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of our own in it
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > ROOM_BYTES
    return str(memory) if roomy and os.access(memory, os.W_OK) else "/tmp"  # noqa: S108
