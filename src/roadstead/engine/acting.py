"""How a step of a bundle may act, as far as the bundle's assignment says it; the rest is the mode's (`base`)."""

from msgspec.structs import replace

from roadstead.model.assignment import Assignment, DeletionPolicy
from roadstead.stages import apply


def rules(base: apply.Rules, assignment: Assignment | None) -> apply.Rules:
    """Of a bundle that Git assigns no more, what its inventory remembers counts."""
    if assignment is None:
        return base
    # What the inventory must remember, for the Bundle's document is gone when it matters.
    fate = "orphan" if assignment.deletion.policy is DeletionPolicy.ORPHAN else ""
    return replace(base, depends_on=assignment.depends_on, deletion=fate, health=assignment.health)
