"""What would have been asked in a real cluster and cannot be here: remembered for whoever wants to tell it, else said
to who writes. Never silently passed."""

from roadstead.sim.admission.attempts import Attempt


def note(attempt: Attempt, judge: str) -> None:
    """`judge`: the policy or webhook, as people name it."""
    write = attempt.write
    where = f"{write.namespace}/{attempt.name}" if write.namespace else attempt.name
    if write.cluster.unasked is None:
        write.dialogue.warnings.append(f"not simulated: {judge} was not asked")
    else:
        write.cluster.unasked.setdefault(judge, set()).add(f"{write.kind.kind}/{where}")
