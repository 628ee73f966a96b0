"""The names that an act is for: those given, and of these the ones with labels, as they are at that moment.

An act goes on to be for these names when labels change. No names mean all of them, so labels that nothing has are
refused, as names that are not there are: a hold on nothing would hold nothing, and nobody would notice.
"""

from collections.abc import Collection, Mapping

from msgspec import Struct

from roadstead.engine.revision_loop import Desired
from roadstead.language import nearest, selectors
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.stages.fleet import selection

_Labels = Mapping[str, str]


class There(Struct, frozen=True):
    """The bundles and clusters that can be meant, with their labels as far as these are known."""

    bundles: Mapping[str, _Labels]
    clusters: Mapping[str, _Labels]

    @classmethod
    def of(cls, desired: Desired) -> "There":
        resolution, labels = desired.resolution, selection.bundle_labels(desired.documents)
        bundles = {
            key.bundle: labels.get(key.bundle, {}) for key in (*resolution.assignments, *resolution.blocked)
        }
        return cls(bundles, {name: one.labels for name, one in resolution.clusters.items()})


class Selected(Struct, frozen=True):
    """Selectors are empty where no labels are asked for."""

    bundles: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    selector: str = ""
    bundle_selector: str = ""

    @property
    def is_all(self) -> bool:
        return not (self.bundles or self.clusters or self.selector or self.bundle_selector)

    def among(self, there: There) -> "Selected":
        """The same by names alone. Raises UsageError."""
        return Selected(
            _names("bundle", self.bundles, self.bundle_selector, there.bundles),
            _names("cluster", self.clusters, self.selector, there.clusters),
        )


def _names(what: str, named: tuple[str, ...], labels: str, there: Mapping[str, _Labels]) -> tuple[str, ...]:
    _known(what, named, there)
    if not labels:
        return named
    wanted = selectors.parse_labels(labels)
    found = tuple(sorted(name for name in named or there if wanted.matches(name, there[name])))
    if not found:
        cause = f"no {what} has the labels {labels}"
        raise errors.error(Problem(reasons.SELECTS_NOTHING, cause, reasons.SELECTS_NOTHING.remedy))
    return found


def _known(what: str, names: Collection[str], there: Collection[str]) -> None:
    unknown = [name for name in names if name not in there]
    if unknown:
        raise errors.error(
            Problem(reasons.UNKNOWN_REFERENCE, f"there is no {what} {name}", nearest.hint(name, list(there)))
            for name in unknown
        )
