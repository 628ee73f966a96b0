"""What names in documents mean: a Source's documents live in a name space of their own.

The Bundle `web` in the repository of the Source `payments` is called `payments/web` everywhere. Within
that repository plain names mean its own Bundles first, then the fleet's.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from roadstead.stages.fleet import documents
from roadstead.stages.fleet.collection import Documents, Entry


def bundle(loaded: Documents, source: str, name: str) -> str:
    """The full name of the Bundle that `name` (or a pattern) means in the repository of `source`."""
    own = f"{source}/{name}"
    is_own = "*" in name or own in loaded.known["Bundle"]
    return own if source and "/" not in name and is_own else name


def dependencies(loaded: Documents, entry: Entry[documents.Bundle]) -> tuple[str, ...]:
    names = (bundle(loaded, entry.source, one.bundle) for one in entry.model.spec.depends_on)
    return tuple(dict.fromkeys(names))


def held(loaded: Documents, hold: Entry[documents.Hold]) -> list[str]:
    """The Bundles that a Hold names; one from a Source's repository reaches no others."""
    return [name for name in loaded.bundles if holds(loaded, hold, name)]


def holds(loaded: Documents, hold: Entry[documents.Hold], name: str) -> bool:
    """Whether a Hold names this Bundle, which may be gone from the documents."""
    own = f"{hold.source}/" if hold.source else ""
    patterns = (bundle(loaded, hold.source, pattern) for pattern in hold.model.spec.bundles)
    return name.startswith(own) and any(fnmatchcase(name, pattern) for pattern in patterns)


def pinned(loaded: Documents, pin: Entry[documents.Pin]) -> str:
    return bundle(loaded, pin.source, pin.model.spec.bundle)


def group(entry: Entry[documents.Bundle]) -> str:
    name = entry.model.spec.group
    if name is None:
        return entry.name
    return f"{entry.source}/{name}" if entry.source else name


def former(entry: Entry[documents.Bundle]) -> tuple[str, ...]:
    names = entry.model.metadata.former_names
    return tuple(f"{entry.source}/{name}" if entry.source else name for name in names)


def rollout(loaded: Documents, entry: Entry[documents.Bundle]) -> str:
    """The Rollout by which a Bundle travels; empty: all clusters at once."""
    return entry.model.spec.rollout or loaded.fleet.model.spec.defaults.rollout or ""


def baselines(loaded: Documents, *, gate: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Profiles with the Bundles of their baselines; with `gate`, only baselines of that gate."""
    for name, profile in loaded.profiles.items():
        baseline = profile.model.spec.baseline
        if baseline is not None and gate in ("", baseline.gate):
            yield name, baseline.bundles


def several(names: Sequence[str]) -> str:
    """The first names of many, and how many more there are."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
