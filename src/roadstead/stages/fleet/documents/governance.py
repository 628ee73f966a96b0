"""The documents Policy and Team: rules, and people."""

from typing import Literal

from pydantic import Field, model_validator

from roadstead.stages.fleet.documents import fields, parts


class Match(fields.Spec):
    """Which objects a Policy looks at."""

    kinds: tuple[fields.Kind, ...] = Field(min_length=1, description="Kinds with their groups.")
    namespaces: tuple[fields.NamespacePattern, ...] = Field(
        default=(), description="Only in these namespaces; default: in all."
    )
    exclude_namespaces: tuple[fields.NamespacePattern, ...] = Field(default=(), description="Not in these.")


class Validation(fields.Spec):
    """One rule."""

    expression: fields.Words = Field(description="CEL over `object`, true where the rule is kept.")
    message: fields.Words = Field(description="What to tell where it is broken.")


class PolicySpec(fields.Spec):
    clusters: parts.Clusters = Field(description="Where it holds.")
    match: Match = Field(description="The objects.")
    enforcement: Literal["deny", "warn"] = Field(default="deny", description="What breaking it does.")
    rollout: fields.Name | None = Field(
        default=None, description="The Rollout by which the Policy reaches clusters; default: the Fleet's."
    )
    validations: tuple[Validation, ...] = Field(min_length=1, description="The rules; all must hold.")


class Policy(fields.Spec):
    """A rule for objects: the same at commit, at admission and in audits."""

    api_version: fields.ApiVersion
    kind: Literal["Policy"] = Field(description="Always `Policy`.")
    metadata: fields.Metadata
    spec: PolicySpec = Field(description="The rule.")


class Member(fields.Spec):
    """A person, a group or a program: exactly one."""

    model_config = fields.one_of("user", "group", "service_account")

    user: fields.Words | None = Field(default=None, description="A user as the clusters know him.")
    group: fields.Words | None = Field(default=None, description="A group as the clusters know it.")
    service_account: fields.Account | None = Field(default=None, description="NAMESPACE/SERVICEACCOUNT.")

    _one = model_validator(mode="after")(fields.exactly_one("user", "group", "service_account"))


class Grant(fields.Spec):
    """Rights on some clusters."""

    clusters: parts.Clusters = Field(description="The clusters.")
    namespaces: tuple[fields.NamespacePattern, ...] = Field(
        min_length=1, description="The namespaces; `*` stands for any letters."
    )
    role: fields.Words = Field(description="A ClusterRole, such as `view`, `edit` or `admin`.")


class Powers(fields.Spec):
    """What a Team may do with Roadstead."""

    bundles: tuple[fields.ReferencePattern, ...] = Field(
        min_length=1, description="The Bundles; `*` in a name stands for any letters."
    )
    may: tuple[Literal["plan", "apply", "approve", "hold", "pause", "skip", "retry", "rollback"], ...] = (
        Field(min_length=1, description="The verbs.")
    )


class TeamSpec(fields.Spec):
    members: tuple[Member, ...] = Field(default=(), description="Who belongs to it.")
    grants: tuple[Grant, ...] = Field(default=(), description="Rights on clusters.")
    roadstead: Powers | None = Field(default=None, description="Rights in Roadstead; default: none.")


class Team(fields.Spec):
    """People, and what they may do: on clusters and with Roadstead."""

    api_version: fields.ApiVersion
    kind: Literal["Team"] = Field(description="Always `Team`.")
    metadata: fields.Metadata
    spec: TeamSpec = Field(description="The team.")
