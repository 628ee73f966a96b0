"""Health by rules that a bundle or an object brings: CEL over `object`.

Whether the controller has seen the newest generation is asked first, then `progressing`, `failed`,
`ready`. An expression that cannot be evaluated proves nothing: the health is unknown, never ready.
"""

from roadstead.language import cel
from roadstead.model.assignment import HealthRule
from roadstead.model.errors import RoadsteadError
from roadstead.model.health import Health, State
from roadstead.objects.health.conditions import READY, Object, unseen


def judge(obj: Object, rule: HealthRule) -> Health:
    waiting = unseen(obj)
    if waiting:
        return waiting
    bound = cel.Bindings({"object": obj})
    try:
        if rule.progressing and _holds(rule.progressing, bound):
            return Health(State.PROGRESSING, f"waits while {rule.progressing}")
        if rule.failed and _holds(rule.failed, bound):
            return Health(State.FAILED, rule.failed)
        return READY if _holds(rule.ready, bound) else Health(State.PROGRESSING, f"waits for {rule.ready}")
    except RoadsteadError as error:
        return Health(State.UNKNOWN, error.problem.cause)


def _holds(expression: str, bound: cel.Bindings) -> bool:
    return cel.compile(expression, gives="bool").evaluate(bound) is True
