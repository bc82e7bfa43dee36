"""The trainer: sees when a look at the triggers is due, has it done by a process of its own, and monitors.

`python -m infra.local.trainer DATA_DIR` is part of `ac-advisor up`. It runs at low priority, so that whoever
serves has the processor first, and holds no model itself. On many machines a scheduler runs the same
commands: `ac-advisor train --due`, and `ac-advisor monitor --now`.
"""

import os
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from threading import Event
from typing import Final

import structlog

from cloud.config import CloudSettings
from cloud.errors import CloudError
from cloud.logs import configure_logs
from cloud.ports.state import StateStore
from cloud.savings_desk import SavingsDesk
from cloud.training_schedule import TrainingSchedule
from cloud.wiring.monitoring import monitoring
from cloud.wiring.process import ready_file, stop_on_signals
from cloud.wiring.state import open_state
from infra.local.run_folder import RunFolder
from infra.local.savings_report import CODE
from infra.local.training_desk import utc_now
from infra.local.training_job import AFTER_THE_STACK

LOOK_S: Final = 30.0
"""How often it asks whether something is due [s]."""

PAUSE_S: Final = 600.0
"""After a process that failed [s]: full disks and broken lakes do not heal within seconds."""

POLL_S: Final = 0.2
"""How often it looks whether the process has ended, or it shall stop [s]."""

STOP_S: Final = 5.0
"""A process that has not ended by then after SIGTERM is killed [s]: the next one does its job again."""

NICE: Final = 10
"""How much others go first."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def run(data_dir: Path, stop: Event) -> None:
    """Have done what is due, until `stop`."""
    settings = CloudSettings(data_dir=data_dir)
    with (
        closing(open_state(settings)) as store,
        monitoring(settings),
        ready_file(data_dir, "trainer"),
    ):
        schedule, pause_s, told = TrainingSchedule(store, utc_now), LOOK_S, None
        while not stop.wait(pause_s):  # first of all others have to come up
            told = _tell_savings(store, told)
            failed = _is_due(schedule) and _train(data_dir, stop) != 0
            pause_s = PAUSE_S if failed else LOOK_S


def _tell_savings(store: StateStore, told: date | None) -> date | None:
    """Keep a report once a day, and when the trainer starts; what cannot be made is tried at the next turn.

    Returns:
        The UTC day of the last one, also if there was nothing to tell.
    """
    today = utc_now().date()
    if told == today:
        return told
    try:
        SavingsDesk(store, utc_now, CODE).keep()
    except CloudError as error:
        log.warning("savings_not_told", reason=str(error))
        return told
    return today


def _is_due(schedule: TrainingSchedule) -> bool:
    try:
        return schedule.is_due()
    except CloudError as error:
        log.warning("schedule_not_read", reason=str(error))
        return False


def _train(data_dir: Path, stop: Event) -> int:
    """The status of a process that looks and trains; it ends with us."""
    command = [sys.executable, "-m", "infra.local", "train", "--due", "--data-dir", str(data_dir)]
    with subprocess.Popen(command) as job:
        try:
            RunFolder(data_dir).record("training", job.pid, AFTER_THE_STACK)
            while job.poll() is None and not stop.wait(POLL_S):
                pass
            job.terminate()
            return job.wait(STOP_S)
        except subprocess.TimeoutExpired:
            return -1
        finally:
            job.kill()


def main(arguments: list[str]) -> int:
    """Run until SIGTERM."""
    os.nice(NICE)
    configure_logs()
    run(Path(arguments[0]), stop_on_signals())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
