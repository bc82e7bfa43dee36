"""Days rebuilt: what the lake says of the days of a home, where kept days are lost or in doubt.

Electricity by hour, outdoor temperature and the hours in which advice was in force are in the readings; the
arm follows from the lots. What people said is not in the lake: warm words are 0, and overrides are those that
a device itself calls `remote`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cloud.assignment import Assignment
from cloud.day_count import DayCount, local_day, local_hour
from cloud.ports.records import DayRecord
from edge.contract import Telemetry


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What readings do not say of a device.

    Attributes:
        home_id: Its home.
        timezone: IANA name.
        habit_c: Its habit [°C], above which minutes are warm.
    """

    home_id: str
    timezone: str
    habit_c: float


def rebuilt_days(
    devices: Mapping[str, DeviceFacts], readings: Mapping[str, Iterable[Telemetry]], assignment: Assignment
) -> dict[str, list[DayRecord]]:
    """Days of devices, the newest left out, since it may not be over.

    A drawn habit day counts as one only if no device of the home named advice on it: else the home had not
    consented yet. So who consented without ever having followed advice counts from its first reading on.

    Args:
        devices: Facts of each.
        readings: Of each, in time.
        assignment: How days were drawn.
    """
    counted = {name: _counted(readings.get(name, ()), facts) for name, facts in devices.items()}
    advised = defaultdict[str, set[date]](set)
    for name, days in counted.items():
        advised[devices[name].home_id] |= {each.day for each in days if each.advised_h > 0}
    found = dict[str, list[DayRecord]]()
    for name, days in counted.items():
        home_id = devices[name].home_id
        found[name] = [_record(name, each, home_id, assignment, advised[home_id]) for each in days[:-1]]
    return found


def _record(
    device_id: str, counted: DayCount, home_id: str, assignment: Assignment, advised: set[date]
) -> DayRecord:
    drawn = assignment.of(home_id, counted.day).arm
    counted.arm = "advised" if counted.day in advised else drawn
    return counted.record(device_id)


def _counted(readings: Iterable[Telemetry], facts: DeviceFacts) -> Sequence[DayCount]:
    days, before_c = list[DayCount](), None
    for reading in readings:
        day = local_day(reading.sampled_at, facts.timezone)
        if not days or days[-1].day != day:
            days.append(DayCount(day))
        hour = local_hour(reading.sampled_at, facts.timezone)
        days[-1].see(reading, hour, before_c, facts.habit_c, by_person=reading.changed_by == "remote")
        before_c = reading.setpoint_c
    return days
