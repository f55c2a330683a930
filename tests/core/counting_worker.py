"""A worker process for the tests of jobs: counts to a number, a line of a file at each step.

Called as ``counting_worker.py URL NAME FILE STEPS [run RUN_ID ...]``; ends when the file says so.
"""

import sys
import time
from functools import partial
from pathlib import Path

from app.core.job_engine import JobEngine, RunState
from app.core.job_steps import Steps


def main() -> None:
    url, name, file, steps = sys.argv[1:5]
    lines = Path(file)

    def count(step: Steps, key: str) -> None:
        for number in range(int(steps)):
            step(f"step {number}", partial(_write, lines, f"{key} {number} {name}"))
        step("end", lambda: _write(lines, f"{key} end {name}"))

    def fail(step: Steps, key: str) -> None:
        step("fail", lambda: _fail(lines, key))

    engine = JobEngine(url=url, worker=name, jobs={"count": count, "fail": fail})
    engine.start()
    for run_id in sys.argv[6:]:
        job = "fail" if run_id.startswith("fail") else "count"
        state = engine.run(job, run_id, run_id=run_id)
        if state is not RunState.STARTED:
            _write(lines, f"{run_id} known {state}")
    if sys.argv[5:6] == ["recover"]:
        engine.recover(alive=[name])
    while "stop\n" not in lines.read_text():
        time.sleep(0.05)
    engine.stop(patience_seconds=0)


def _write(file: Path, line: str) -> str:
    with file.open("a") as out:
        out.write(line + "\n")
    time.sleep(0.05)
    return line


def _fail(file: Path, key: str) -> None:
    _write(file, f"{key} failed")
    msg = "as the test wants"
    raise ValueError(msg)


if __name__ == "__main__":
    main()
