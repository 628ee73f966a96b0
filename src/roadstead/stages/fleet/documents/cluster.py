"""The documents Cluster and Profile: what there is, and what kinds of it."""

from typing import Literal

from pydantic import Field, model_validator

from roadstead.model.fleet import ClusterState
from roadstead.stages.fleet.documents import fields


class SecretKey(fields.Spec):
    """One key of a Secret in the cluster where the hub runs."""

    namespace: fields.Name = Field(description="Its namespace.")
    name: fields.Words = Field(description="Its name.")
    key: fields.Words = Field(default="value", description="The key that holds a kubeconfig.")


class Access(fields.Spec):
    """The way to a cluster's API server: exactly one. No credentials and no commands stand in Git."""

    model_config = fields.one_of("context", "provider", "secret", "in_cluster", "agent")

    context: fields.Words | None = Field(default=None, description="A context of the kubeconfig.")
    provider: fields.Words | None = Field(
        default=None, description="A provider of credentials that is configured by this name on the machine."
    )
    secret: SecretKey | None = Field(default=None, description="A Secret that holds a kubeconfig.")
    in_cluster: bool = Field(default=False, description="`true`: the cluster in which this process runs.")
    agent: bool = Field(default=False, description="`true`: an agent inside the cluster does the work.")

    _one = model_validator(mode="after")(
        fields.exactly_one("context", "provider", "secret", "in_cluster", "agent")
    )


class ClusterBundle(fields.Spec):
    """What differs for one Bundle on this cluster."""

    variables: fields.Variables = Field(
        default={},
        description="Values for the Bundle's parameters; they win over every other document's but a Hold's.",
    )


class ClusterMetadata(fields.Spec):
    name: fields.Name = Field(description="The cluster's name, unique in the fleet.")
    labels: dict[fields.LabelKey, fields.LabelValue] = Field(
        default={}, description="Labels for selectors; they win over those of the profiles."
    )
    former_names: tuple[fields.Name, ...] = Field(
        default=(), description="Names this cluster had before: a rename keeps everything that is installed."
    )


class ClusterSpec(fields.Spec):
    profiles: tuple[fields.Name, ...] = Field(
        default=(), description="Profiles in order; where two say different things, the later wins."
    )
    kubernetes: fields.Kubernetes | None = Field(
        default=None,
        description="The Kubernetes version that plans without a connection assume; checked against the live cluster.",
    )
    identity: fields.Words | None = Field(
        default=None,
        description="The uid of the namespace kube-system, written by `roadstead cluster add`: a wrong context or a "
        "rebuilt cluster is noticed, not overwritten.",
    )
    state: ClusterState = Field(
        default=ClusterState.ACTIVE,
        description="`active`: gets everything assigned to it. `standby`: gets the baseline of its profiles; the rest "
        "waits. `draining`: stays as it is. `retired`: what is ours is removed; the only state that removes.",
    )
    variables: fields.Variables = Field(
        default={}, description="Values for the parameters of all Bundles on this cluster."
    )
    bundles: dict[fields.Reference, ClusterBundle] = Field(
        default={}, description="What differs for single Bundles on this cluster."
    )
    access: Access | None = Field(
        default=None,
        description="The way to the API server; default: the kubeconfig context named like the cluster.",
    )


class Cluster(fields.Spec):
    """One Kubernetes cluster. What vanishes with a Cluster document is not deleted: retire the cluster for that."""

    api_version: fields.ApiVersion
    kind: Literal["Cluster"] = Field(description="Always `Cluster`.")
    metadata: ClusterMetadata
    spec: ClusterSpec = Field(default=ClusterSpec.model_construct(), description="The cluster.")


class Baseline(fields.Spec):
    """Bundles that every cluster of the profile gets, whatever they select themselves."""

    bundles: tuple[fields.Reference, ...] = Field(description="The Bundles.")
    gate: Literal["join", "none"] = Field(
        default="join",
        description="`join`: on a cluster that joins, the other Bundles wait once until these are ready; such a join "
        "waits for no window and no approval. `none`: nothing waits.",
    )


class ProfileSpec(fields.Spec):
    labels: dict[fields.LabelKey, fields.LabelValue] = Field(
        default={}, description="Labels of the profile's clusters."
    )
    variables: fields.Variables = Field(
        default={}, description="Values for the parameters of all Bundles on the profile's clusters."
    )
    baseline: Baseline | None = Field(default=None, description="Bundles that these clusters always get.")


class Profile(fields.Spec):
    """A kind of cluster (production, aws, …): labels, variables and a baseline for all clusters that name it."""

    api_version: fields.ApiVersion
    kind: Literal["Profile"] = Field(description="Always `Profile`.")
    metadata: fields.Metadata
    spec: ProfileSpec = Field(
        default=ProfileSpec.model_construct(), description="What its clusters have in common."
    )
