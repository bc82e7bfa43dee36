"""A reading log in a list: for simulated homes, whose readings are all new and are not kept."""

from dataclasses import dataclass, field

from typing_extensions import override

from cloud.ports.telemetry import IngestCommit, LoggedReading, ReadingLog


@dataclass(slots=True)
class PlainLog(ReadingLog):
    """Readings in order of arrival; a repeat is logged again."""

    logged: list[LoggedReading] = field(default_factory=list[LoggedReading])

    @override
    def commit(self, commit: IngestCommit) -> int:
        first = self.head() + 1
        self.logged += [LoggedReading(first + place, each) for place, each in enumerate(commit.readings)]
        return self.head()

    @override
    def read_after(self, position: int, limit: int = 5000) -> list[LoggedReading]:
        return self.logged[position : position + limit]

    @override
    def head(self) -> int:
        return len(self.logged)
