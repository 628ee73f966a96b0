"""The Hold document: freeze, exception or override with an owner, a reason and an end."""

from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from roadstead.stages.fleet.documents import fields, parts


class Do(StrEnum):
    FREEZE = "freeze"
    LEAVE_DRIFT = "leaveDrift"
    OVERRIDE = "override"


class HoldSpec(fields.Spec):
    clusters: parts.Clusters = Field(description="The clusters.")
    bundles: tuple[fields.ReferencePattern, ...] = Field(
        min_length=1, description="The Bundles; `*` in a name stands for any letters."
    )
    do: Do = Field(
        description="`freeze`: nothing is changed. `leaveDrift`: drift is reported, not corrected. `override`: "
        "`variables` and `patches` apply, over everything else."
    )
    until: fields.Instant = Field(description="The end, with its zone. From then on the Hold has no effect.")
    owner: fields.Words = Field(description="Who answers for it.")
    reason: fields.Words = Field(description="Why, as an incident's number.")
    variables: fields.Variables = Field(default={}, description="For `override`: values for parameters.")
    patches: tuple[parts.Patch, ...] = Field(
        default=(), description="For `override`: changes to the rendered objects."
    )

    @model_validator(mode="after")
    def _override_has_content(self) -> "HoldSpec":
        given = bool(self.variables or self.patches)
        if self.do is Do.OVERRIDE and not given:
            raise fields.wrong("variables or patches for do: override", "none")
        if self.do is not Do.OVERRIDE and given:
            raise fields.wrong(f"no variables and no patches for do: {self.do}", "some")
        return self


class Hold(fields.Spec):
    """Something is switched off, left or changed for a while: never without an owner, a reason and an end."""

    api_version: fields.ApiVersion
    kind: Literal["Hold"] = Field(description="Always `Hold`.")
    metadata: fields.Metadata
    spec: HoldSpec = Field(description="What is held.")
