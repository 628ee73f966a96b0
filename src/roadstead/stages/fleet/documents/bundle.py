"""The Bundle document: an application, where its content lies, where it goes and how it differs there."""

from typing import Any, Literal

from pydantic import Field, model_validator

from roadstead.model.assignment import (
    Additions,
    Adopt,
    DeletionPolicy,
    DriftMode,
    NamespaceMode,
    ParameterType,
)
from roadstead.stages.fleet.documents import fields, parts


class HelmChart(fields.Spec):
    """A chart from a chart repository or an OCI registry."""

    repository: fields.ChartRepository = Field(
        description="`https://…` or `oci://…`, without the chart's name."
    )
    chart: fields.Words = Field(description="The chart's name.")
    version: fields.Words = Field(description="The chart's exact version.")


class Artifact(fields.Spec):
    """A folder in an OCI registry, as `flux push artifact` and `oras push` put it there."""

    repository: fields.Artifacts = Field(description="`oci://HOST/NAME`, without tag or digest.")
    version: fields.Words = Field(
        description="Tag, or digest `sha256:…`. What a tag stands for is asked anew by each run."
    )


class Content(fields.Spec):
    """Where the content lies: `path`, `source` or `oci` with or without `path`, or `helm`."""

    path: fields.RelativePath | None = Field(
        default=None,
        description="A folder or file of plain manifests, a Kustomization or a chart. Relative to this document's "
        "folder; with `source` or `oci`, to the root of that repository or artifact.",
    )
    source: fields.Name | None = Field(default=None, description="The Source whose repository holds it.")
    helm: HelmChart | None = Field(default=None, description="A chart that is fetched.")
    oci: Artifact | None = Field(
        default=None,
        description="A folder that is fetched from a registry: plain manifests, a Kustomization or a chart.",
    )

    @model_validator(mode="after")
    def _one_place(self) -> "Content":
        path = "path" if self.path and not self.oci else None
        forms = {"path or source": path or self.source, "helm": self.helm, "oci": self.oci}
        given = [name for name, value in forms.items() if value]
        if len(given) != 1:
            raise fields.wrong("exactly one of path or source, helm, oci", " and ".join(given) or "none")
        return self


class Parameter(fields.Spec):
    """A name that is substituted as `${name}` in this Bundle's content."""

    type: ParameterType = Field(description="The type that every layer's value must have.")
    default: Any = Field(
        default=None, description="The value where no layer gives one. Without a default a value is required."
    )
    description: str = Field(default="", description="What it is for.")


class Override(fields.Spec):
    """What differs on some of the Bundle's clusters. It adds no clusters; all that match apply, in order."""

    clusters: parts.Clusters = Field(description="On which of the Bundle's clusters.")
    variables: fields.Variables = Field(default={}, description="Values for parameters.")
    path: fields.RelativePath | None = Field(
        default=None, description="Another folder of the content, relative to the Bundle's own path."
    )
    patches: tuple[parts.Patch, ...] = Field(default=(), description="Changes to the rendered objects.")
    source: parts.OtherVersion | None = Field(default=None, description="Another version of the content.")


class Values(fields.Spec):
    """One layer of Helm values: exactly one of `file` and `inline`. Later layers win."""

    model_config = fields.one_of("file", "inline")

    file: fields.RelativePath | None = Field(
        default=None,
        description="A file of this document's repository, relative to its folder. Parameters, `${cluster.name}`, "
        "`${cluster.labels.KEY}` and `${fleet.name}` may stand in it.",
    )
    inline: dict[str, Any] | None = Field(default=None, description="The values themselves.")
    optional: bool = Field(default=False, description="`true`: a missing file is no error.")

    _one = model_validator(mode="after")(fields.exactly_one("file", "inline"))


class Namespace(fields.Spec):
    """The namespace of namespaced objects."""

    name: fields.Name = Field(description="The namespace.")
    mode: NamespaceMode = Field(
        default=NamespaceMode.DEFAULT,
        description="`default`: for objects that name none. `override`: for all objects.",
    )
    create: bool = Field(
        default=False, description="`true`: it is created where missing. It is not deleted with the Bundle."
    )


class Dependency(fields.Spec):
    """Something that must be ready on the same cluster first."""

    bundle: fields.Reference = Field(
        description="The Bundle. On clusters that do not have it, nothing waits."
    )


class IgnoredField(parts.Target):
    """A field that is left to others."""

    path: fields.Pointer = Field(
        description="JSON pointer to the field; a last part `*` stands for every key or item."
    )


class Drift(fields.Spec):
    """What is done when live objects differ from what was applied."""

    mode: DriftMode | None = Field(
        default=None,
        description="For fields that we set and somebody changed: `correct` puts them back, `report` tells, `ignore` "
        "does nothing. Default: the Fleet's `defaults.drift.mode`.",
    )
    additions: Additions | None = Field(
        default=None,
        description="For fields that we never set and somebody added: `ignore`, `report`, or `remove`. Default: the "
        "Fleet's `defaults.drift.additions`.",
    )
    ignore: tuple[IgnoredField, ...] = Field(
        default=(), description="Fields that somebody else decides, such as an autoscaler's replicas."
    )


class Deletion(fields.Spec):
    """What happens to objects that are no longer rendered."""

    policy: DeletionPolicy | None = Field(
        default=None,
        description="`prune` deletes them, `orphan` leaves them alone. Default: the Fleet's `defaults.deletion.policy`.",
    )
    limit: fields.Amount | None = Field(
        default=None,
        description="How many of the Bundle's objects on a cluster one apply may delete. Default: the Fleet's "
        "`defaults.deletion.limit`.",
    )


class HealthRule(fields.Spec):
    """How to tell the health of a kind, in CEL over `object`."""

    kind: fields.Kind = Field(description="The kind.")
    ready: fields.Words = Field(description="True when the object is ready.")
    failed: fields.Words | None = Field(
        default=None, description="True when it has failed; asked before `ready`."
    )
    progressing: fields.Words | None = Field(
        default=None,
        description="True while it is on its way; default: whenever it is neither ready nor failed.",
    )


class ActAs(fields.Spec):
    """Whose rights are used."""

    service_account: fields.Account = Field(description="NAMESPACE/SERVICEACCOUNT on each cluster.")


class BundleMetadata(fields.Spec):
    name: fields.Name = Field(
        description="The Bundle's name, unique in its repository; in a Source's repository it is called SOURCE/NAME."
    )
    labels: dict[fields.LabelKey, fields.LabelValue] = Field(
        default={},
        description="By which Alerts, grants of the hub and people select it. They reach no cluster.",
    )
    former_names: tuple[fields.Name, ...] = Field(
        default=(), description="Names this Bundle had before: a rename keeps its objects."
    )


class BundleSpec(fields.Spec):
    source: Content | None = Field(
        default=None, description="Where the content lies; default: the folder of this document."
    )
    clusters: parts.Clusters | None = Field(
        default=None,
        description="The clusters it goes to. May be left out only where a Profile's baseline names the Bundle.",
    )
    parameters: dict[fields.VariableName, Parameter] = Field(
        default={}, description="The names that are substituted. Every other `${…}` stays as it is."
    )
    overrides: tuple[Override, ...] = Field(default=(), description="What differs on some of its clusters.")
    values: tuple[Values, ...] = Field(
        default=(), description="Helm values, layered in order over the chart's own."
    )
    namespace: Namespace | None = Field(
        default=None, description="The namespace of its objects; default: the one written in each."
    )
    exclude: tuple[parts.Target, ...] = Field(default=(), description="Rendered objects that are left out.")
    group: fields.Name | None = Field(
        default=None,
        description="Bundles of one group move together: one run, one approval, one Rollout. Default: a group of its own.",
    )
    depends_on: tuple[Dependency, ...] = Field(
        default=(), description="Bundles that must be ready on the same cluster first."
    )
    rollout: fields.Name | None = Field(
        default=None,
        description="The Rollout by which changes travel; default: the Fleet's `defaults.rollout`.",
    )
    drift: Drift = Field(default=Drift.model_construct(), description="What is done about drift.")
    deletion: Deletion = Field(
        default=Deletion.model_construct(), description="What is done with objects no longer rendered."
    )
    adopt: Adopt | None = Field(
        default=None,
        description="Whether objects that exist already are taken over: `never`, `ifIdentical` (when that changes "
        "nothing), `always`. Default: the Fleet's `defaults.adopt`.",
    )
    health: tuple[HealthRule, ...] = Field(default=(), description="Health of kinds that we do not know.")
    act_as: ActAs | None = Field(
        default=None,
        description="Impersonated for everything done for this Bundle: it can never do more than that account.",
    )


class Bundle(fields.Spec):
    """One application: written once, tailored by profile, label and variable, never by a copy per cluster."""

    api_version: fields.ApiVersion
    kind: Literal["Bundle"] = Field(description="Always `Bundle`.")
    metadata: BundleMetadata
    spec: BundleSpec = Field(description="The application.")
