"""The Fleet document: one, in roadstead.yaml at the root of the fleet repository."""

from typing import Literal

from pydantic import Field

from roadstead.model.assignment import Additions, Adopt, DeletionPolicy, DriftMode
from roadstead.stages.fleet.documents import fields


class Renderers(fields.Spec):
    """Versions of the tools that render, so that digests do not depend on whose machine renders."""

    kustomize: fields.Version | None = Field(default=None, description="Version of Kustomize.")
    helm: fields.Version | None = Field(default=None, description="Version of Helm.")


class DriftDefaults(fields.Spec):
    """What is done about drift where a Bundle does not say."""

    mode: DriftMode = Field(
        default=DriftMode.CORRECT, description="For fields that we set and somebody changed."
    )
    additions: Additions = Field(
        default=Additions.IGNORE, description="For fields that we never set and somebody added."
    )


class DeletionDefaults(fields.Spec):
    """What happens to objects that are no longer rendered, where a Bundle does not say."""

    policy: DeletionPolicy = Field(
        default=DeletionPolicy.PRUNE, description="`prune` deletes them, `orphan` leaves them alone."
    )
    limit: fields.Amount | None = Field(
        default=None, description="How many of a bundle's objects one apply may delete; default: no limit."
    )


class Defaults(fields.Spec):
    """What Bundles get that do not say otherwise, field by field."""

    rollout: fields.Name | None = Field(
        default=None, description="The Rollout by which changes travel; default: all clusters at once."
    )
    drift: DriftDefaults = Field(default=DriftDefaults.model_construct(), description="Drift.")
    deletion: DeletionDefaults = Field(default=DeletionDefaults.model_construct(), description="Deletion.")
    adopt: Adopt = Field(
        default=Adopt.IF_IDENTICAL, description="Whether objects that exist already are taken over."
    )


class Limits(fields.Spec):
    """How much a commit may drop before it freezes until somebody approves the loss."""

    lost_clusters: fields.Amount = Field(
        default=0, description="Clusters whose documents vanished. Retired and renamed ones do not count."
    )
    lost_assignments: fields.Amount = Field(
        default="50%",
        description="Bundles on clusters that are assigned no more, for whatever reason but a retired cluster; "
        "a share is of all that are installed, rounded down.",
    )


class FleetSpec(fields.Spec):
    documents: tuple[fields.RelativePath, ...] = Field(
        default=("fleet/**/*.yaml",),
        description="Patterns of the files with fleet documents, from the repository's root. Nothing else is scanned.",
    )
    labels: dict[fields.LabelKey, tuple[fields.LabelValue, ...]] = Field(
        default={},
        description="The vocabulary of cluster labels: keys and their values. A value that is not listed, or a key "
        "that is nearly one of these, is an error; an empty list allows any value. Other keys are free.",
    )
    variables: fields.Variables = Field(
        default={}, description="Values for the parameters of all Bundles; every other layer overrides them."
    )
    renderers: Renderers = Field(
        default=Renderers.model_construct(), description="Pinned versions of the renderers."
    )
    defaults: Defaults = Field(default=Defaults.model_construct(), description="Defaults for Bundles.")
    limits: Limits = Field(default=Limits.model_construct(), description="How much one commit may drop.")


class Fleet(fields.Spec):
    """The fleet as a whole. Its name is part of every inventory's identity: two fleets never prune each other."""

    api_version: fields.ApiVersion
    kind: Literal["Fleet"] = Field(description="Always `Fleet`.")
    metadata: fields.Metadata
    spec: FleetSpec = Field(default=FleetSpec.model_construct(), description="What holds for all of it.")
