"""Requests made at random of a description of an API, as schemathesis makes them.

A module of its own, which the test imports itself: schemathesis takes a third of a second, in each process that
only collects.
"""

import hypothesis
import schemathesis
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

_EXAMPLES = 3  # for each resource and act, of each sort
_FREE_TEXT = {"selector", "after"}  # whose form no schema tells
# Who guesses credentials is told 429; the other two are done here, for in a query all is text: bundle=true is a name.
_OTHERS = [ignored_auth, positive_data_acceptance, negative_data_rejection]


def everything(url: str, shown: dict[str, str]) -> list[str]:
    """The paths that were tried. Raises what the first wrong answer is."""
    described = schemathesis.openapi.from_url(url, headers=shown)
    tried = []
    for found in described.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/stream"):
            continue  # without end; its messages have tests of their own
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            _try(operation, mode, shown)
        tried.append(operation.path)
    return tried


def _try(operation, mode, shown: dict[str, str]) -> None:
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=_EXAMPLES,
        phases=[hypothesis.Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def each(case) -> None:
        answer = case.call(headers=shown)
        case.validate_response(answer, excluded_checks=_OTHERS)
        if mode is schemathesis.GenerationMode.POSITIVE and answer.status_code == 400:
            wrong = answer.json().get("problems") or [answer.json()]
            assert {one["field"] for one in wrong} <= _FREE_TEXT

    each()
