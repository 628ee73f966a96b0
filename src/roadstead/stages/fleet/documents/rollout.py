"""The Rollout document: how a change travels over clusters, in waves."""

from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from roadstead.stages.fleet.documents import fields, parts


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as cause:
        raise fields.wrong("a time zone, as Europe/Berlin", name) from cause
    return name


class Approval(fields.Spec):
    """Somebody's consent."""

    team: fields.Name = Field(description="The Team whose members may give it.")


class Before(fields.Spec):
    """A condition before a wave starts."""

    approval: Approval = Field(description="Waits until somebody approves.")


class After(fields.Spec):
    """A condition after a wave is ready."""

    soak: fields.Duration = Field(description="Every cluster of the wave must stay ready for this long.")


class Budgets(fields.Spec):
    """How much of a wave may go wrong; a share is of the wave, rounded down, and always less than the whole wave."""

    failed: fields.Amount = Field(default=0, description="Clusters that may fail before the run halts.")
    unreachable: fields.Amount = Field(
        default=0, description="Clusters that may be out of reach; they get the change when they are back."
    )


class Window(fields.Spec):
    """A time of the week in which a wave may start and go on."""

    days: tuple[fields.Days, ...] = Field(
        min_length=1, description="Days and spans of days: `Mon-Thu`, `Sat`."
    )
    hours: fields.Hours = Field(description="From and to, as `08:00-16:00`.")
    timezone: Annotated[str, AfterValidator(_zone)] = Field(default="UTC", description="Zone of `hours`.")


class Wave(fields.Spec):
    """A group of clusters that get a change together. A cluster falls in the first wave that selects it."""

    name: fields.Name = Field(description="The wave's name.")
    clusters: parts.Clusters = Field(description="Its clusters, as far as no earlier wave has them.")
    ready_within: fields.Duration = Field(
        default="10m", description="How long a cluster may take to get ready before it counts as failed."
    )
    max_concurrent: fields.Amount = Field(
        default="100%",
        description="Clusters that change at the same time; a share is rounded up, at least one.",
    )
    budgets: Budgets = Field(default=Budgets.model_construct(), description="What may go wrong.")
    before: tuple[Before, ...] = Field(default=(), description="Conditions before it starts, all of them.")
    after: tuple[After, ...] = Field(
        default=(), description="Conditions before the next wave starts, all of them."
    )
    windows: tuple[Window, ...] = Field(
        default=(), description="When it may run: in any of these. Default: at any time."
    )


class Supersede(StrEnum):
    AT_WAVE_END = "atWaveEnd"
    AT_ONCE = "atOnce"
    NEVER = "never"


class OnFailure(StrEnum):
    HALT = "halt"
    ROLLBACK = "rollback"


class RolloutSpec(fields.Spec):
    waves: tuple[Wave, ...] = Field(min_length=1, description="The waves, in order.")
    supersede: Supersede = Field(
        default=Supersede.AT_WAVE_END, description="What a newer commit does to a run that is under way."
    )
    on_failure: OnFailure = Field(
        default=OnFailure.HALT,
        description="What a used-up budget does: `halt`, or `rollback` to the last good version.",
    )

    @model_validator(mode="after")
    def _names_once(self) -> "RolloutSpec":
        names = [wave.name for wave in self.waves]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise fields.wrong("waves with different names", f"{twice[0]} twice")
        return self


class Rollout(fields.Spec):
    """How a change travels: waves of clusters with gates, windows and budgets."""

    api_version: fields.ApiVersion
    kind: Literal["Rollout"] = Field(description="Always `Rollout`.")
    metadata: fields.Metadata
    spec: RolloutSpec = Field(description="The way.")
