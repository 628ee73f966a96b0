import pytest

from roadstead.model import reasons
from roadstead.model.errors import Problem, Severity
from roadstead.report.statuses import FleetStatus


@pytest.mark.parametrize(
    ("severity", "failed"), [(Severity.ERROR, True), (Severity.WARNING, False)], ids=["an error", "a warning"]
)
def test_a_cluster_that_could_not_be_looked_at_is_a_failure_of_the_answer(severity, failed):
    unseen = Problem(reasons.UNREACHABLE, "connection refused", severity=severity, cluster="prod")
    found = FleetStatus("shop", "abc", (), (unseen,))
    assert (found.failed, found.is_fine) == (failed, not failed)
