"""From flags to the engine's settings."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from roadstead.language import durations
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem

if TYPE_CHECKING:
    from roadstead.engine.world import Settings


class Given(Struct, frozen=True):
    """The flags that most verbs share, as they were given."""

    fleet: str = "."
    revision: str | None = None
    kubeconfig: Sequence[Path] | None = None
    facts: Path | None = None
    clusters: Sequence[str] | None = None
    selector: str | None = None
    bundles: Sequence[str] | None = None
    timeout: str = "10m"
    bundle_selector: str | None = None

    def settings(self) -> "Settings":
        from roadstead.engine.world import Settings

        return Settings(
            fleet=self.fleet,
            revision=self.revision,
            kubeconfig=tuple(self.kubeconfig) if self.kubeconfig else None,
            facts=self.facts,
            clusters=tuple(self.clusters or ()),
            selector=self.selector or "",
            bundles=tuple(self.bundles or ()),
            bundle_selector=self.bundle_selector or "",
            deadline=seconds("--timeout", self.timeout),
        )


def seconds(flag: str, text: str) -> float:
    try:
        return durations.parse(text)
    except ValueError as cause:
        problem = Problem(reasons.BAD_ARGUMENT, f"{flag}: {cause}", "write 90s, 10m or 1h30m")
        raise errors.error(problem) from cause


def labels(given: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE flags. Raises UsageError for what is none."""
    return pairs("--label", given)


def pairs(flag: str, given: Sequence[str]) -> dict[str, str]:
    """Likewise, of any flag."""
    wrong = [one for one in given if "=" not in one]
    if wrong:
        raise errors.error(
            Problem(reasons.BAD_ARGUMENT, f"{flag}: {one}", "write KEY=VALUE") for one in wrong
        )
    return dict(one.split("=", 1) for one in given)
