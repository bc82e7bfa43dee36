"""Verdict: what the gate says of a challenger, small enough to be kept with the move that it led to."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: Its name.
        passed: Whether the challenger may serve as far as this check goes.
        says: What it found, for whoever reads the history.
    """

    check: str
    passed: bool
    says: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a challenger may serve, and why.

    Attributes:
        promote: Whether it may.
        reason: One sentence.
        findings: Of every check that was made.
    """

    promote: bool
    reason: str
    findings: tuple[Finding, ...] = ()

    def document(self) -> dict[str, str]:
        """What is kept in the registry's history: by check, whether it passed and what it found."""
        return {
            each.check: ("passed: " if each.passed else "refused: ") + each.says for each in self.findings
        }


def verdict(champion: str, headline: str, findings: Sequence[Finding]) -> Verdict:
    """The verdict of all checks: one that is not passed is enough to be kept out."""
    refused = [each.says for each in findings if not each.passed]
    did = f"kept {champion}" if refused else f"no worse than {champion}"
    parts = [each for each in (headline, *refused) if each]
    return Verdict(promote=not refused, reason=f"{did}: {'; '.join(parts)}", findings=tuple(findings))
