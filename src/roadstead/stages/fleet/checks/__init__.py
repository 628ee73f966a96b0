"""Whether the documents fit together. Each module looks at one concern and yields faults; none stops the others.

What only shows with the clusters' labels (coverage, selectors that match nothing, missing values) is
found by resolve.
"""

from collections.abc import Iterator

from roadstead.stages.fleet.checks import (
    effects,
    expressions,
    labels,
    references,
    sources,
    structure,
    variables,
)
from roadstead.stages.fleet.collection import Documents, Fault


def check(loaded: Documents) -> Iterator[Iterator[Fault]]:
    """By concern."""
    for concern in (references, labels, variables, sources, structure, expressions, effects):
        yield concern.check(loaded)
