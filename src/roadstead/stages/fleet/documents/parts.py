"""Parts of documents that several kinds share: selections of clusters, targets among objects, patches."""

from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from roadstead.model.assignment import PatchType
from roadstead.stages.fleet.documents import fields


class Expression(fields.Spec):
    """One requirement of a selector, as in Kubernetes."""

    key: fields.LabelKey = Field(description="The label's key.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(
        description="How the label must relate to `values`. `NotIn` and `DoesNotExist` match clusters without the label too."
    )
    values: tuple[fields.LabelValue, ...] = Field(
        default=(), description="For `In` and `NotIn`; left out for `Exists` and `DoesNotExist`."
    )

    @model_validator(mode="after")
    def _values_fit(self) -> "Expression":
        if bool(self.values) != (self.operator in ("In", "NotIn")):
            wanted = "values" if self.operator in ("In", "NotIn") else "no values"
            raise fields.wrong(f"{wanted} for {self.operator}", ", ".join(self.values) or "none")
        return self


def _conditions(selector: Any) -> Any:
    conditions = bool(selector.names or selector.match_labels or selector.match_expressions)
    everything = getattr(selector, "all", False)
    if everything == conditions:
        found = "all: true with other conditions" if everything else "none"
        raise PydanticCustomError(
            "selector", "expected all: true, or names or labels, found {found}", {"found": found}
        )
    return selector


class Except(fields.Spec):
    """Clusters taken out of a selection: those that meet every condition given here."""

    names: tuple[fields.Name, ...] = Field(default=(), description="Clusters with one of these names.")
    match_labels: dict[fields.LabelKey, fields.LabelValue] = Field(
        default={}, description="Clusters that have all these labels."
    )
    match_expressions: tuple[Expression, ...] = Field(
        default=(), description="Clusters that meet all of these, as in Kubernetes."
    )

    _form = model_validator(mode="after")(_conditions)


class Clusters(fields.Spec):
    """A selection of clusters: `all: true`, or those that meet every condition given. A missing selector never means all."""

    all: bool = Field(
        default=False, description="`true`: every cluster of the fleet; stands alone or with `except`."
    )
    names: tuple[fields.Name, ...] = Field(default=(), description="Clusters with one of these names.")
    match_labels: dict[fields.LabelKey, fields.LabelValue] = Field(
        default={}, description="Clusters that have all these labels."
    )
    match_expressions: tuple[Expression, ...] = Field(
        default=(), description="Clusters that meet all of these, as in Kubernetes."
    )
    except_: Except | None = Field(
        default=None, alias="except", description="Taken out of what the other fields select."
    )

    _form = model_validator(mode="after")(_conditions)


class Labels(fields.Spec):
    """A selection by labels alone: what meets every condition given."""

    match_labels: dict[fields.LabelKey, fields.LabelValue] = Field(
        default={}, description="What has all these labels."
    )
    match_expressions: tuple[Expression, ...] = Field(
        default=(), description="What meets all of these, as in Kubernetes."
    )

    @model_validator(mode="after")
    def _not_everything(self) -> "Labels":
        if not (self.match_labels or self.match_expressions):
            raise PydanticCustomError("selector", "expected matchLabels or matchExpressions, found none")
        return self


class Target(fields.Spec):
    """Which objects are meant: those that every given field fits."""

    kind: fields.Kind | None = Field(
        default=None, description="Kind with its group: `apps/Deployment`, `Service`."
    )
    name: fields.Words | None = Field(default=None, description="The object's name.")
    namespace: fields.Words | None = Field(default=None, description="The object's namespace.")
    labels: dict[fields.LabelKey, fields.LabelValue] = Field(
        default={}, description="Labels that the object has, all of them."
    )

    @model_validator(mode="after")
    def _not_everything(self) -> "Target":
        if not (self.kind or self.name or self.namespace or self.labels):
            raise PydanticCustomError("selector", "expected kind, name, namespace or labels, found none")
        return self


class Operation(fields.Spec):
    """One step of a JSON patch (RFC 6902)."""

    op: Literal["add", "remove", "replace", "move", "copy", "test"] = Field(description="What is done.")
    path: str = Field(description="JSON pointer to the field.")
    value: Any = Field(default=None, description="For `add`, `replace` and `test`.")
    from_: str | None = Field(default=None, alias="from", description="For `move` and `copy`.")


class Patch(fields.Spec):
    """A change to rendered objects: `target` and exactly one of `strategic`, `merge` and `json`."""

    model_config = fields.one_of("strategic", "merge", "json_")

    target: Target = Field(description="The objects it changes. It is an error when there is none.")
    strategic: dict[str, Any] | None = Field(
        default=None, description="Strategic merge patch: lists of built-in kinds merge by their keys."
    )
    merge: dict[str, Any] | None = Field(default=None, description="JSON merge patch: lists are replaced.")
    json_: tuple[Operation, ...] | None = Field(
        default=None, alias="json", description="JSON patch: a list of operations."
    )

    _one = model_validator(mode="after")(fields.exactly_one("strategic", "merge", "json_"))

    def content(self) -> tuple[PatchType, object]:
        if self.strategic is not None:
            return PatchType.STRATEGIC, self.strategic
        if self.merge is not None:
            return PatchType.MERGE, self.merge
        steps = [step.model_dump(exclude_unset=True) for step in self.json_ or ()]
        return PatchType.JSON, steps


class OtherVersion(fields.Spec):
    """Another version of the same content: `version` of a chart or artifact, or `revision` of a repository."""

    model_config = fields.one_of("version", "revision")

    version: fields.Words | None = Field(default=None, description="Version of the chart or artifact.")
    revision: fields.Commit | None = Field(
        default=None, description="Commit of the repository that holds the path."
    )

    _one = model_validator(mode="after")(fields.exactly_one("version", "revision"))
