"""The documents Source (another repository and what it may do) and Pin (small files that machines write)."""

from typing import Literal

from pydantic import Field

from roadstead.stages.fleet.documents import fields, parts


class Verify(fields.Spec):
    """Which signatures a revision needs."""

    keys: fields.Words = Field(description="A set of keys, configured by this name on the machine.")


class Git(fields.Spec):
    """A Git repository, read with the credentials of whoever runs Roadstead."""

    url: fields.GitUrl = Field(description="Its address, without a password.")
    ref: fields.Words = Field(default="HEAD", description="Branch, tag or commit.")
    verify: Verify | None = Field(
        default=None, description="Signatures that the revision needs; default: none."
    )


class Allow(fields.Spec):
    """What a repository may do. What is not allowed is refused; nothing is allowed by default but content."""

    kinds: tuple[Literal["Bundle", "Pin", "Hold"], ...] = Field(
        default=(),
        description="Kinds of documents it may hold. Others, such as Alerts, which name secrets of the hub, stand in the "
        "fleet repository alone.",
    )
    clusters: parts.Clusters | None = Field(
        default=None, description="Clusters that its Bundles may go to; default: none."
    )
    namespaces: tuple[fields.NamespacePattern, ...] = Field(
        default=(), description="Namespaces that objects from it may be in; `*` stands for any letters."
    )
    cluster_scoped: tuple[fields.KindOrAll, ...] = Field(
        default=(), description="Kinds outside namespaces that may come from it; `*` is every kind."
    )
    rollouts: tuple[fields.Name, ...] = Field(
        default=(), description="Rollouts that its Bundles may name; the Fleet's default needs no mention."
    )
    act_as: fields.Account | None = Field(
        default=None, description="The service account whose rights its Bundles have; they may name no other."
    )


class SourceSpec(fields.Spec):
    git: Git = Field(description="The repository.")
    documents: tuple[fields.RelativePath, ...] = Field(
        default=(),
        description="Patterns of files with fleet documents in it. Its Bundles are called SOURCE/NAME. Default: none, "
        "it holds content only.",
    )
    team: fields.Name | None = Field(default=None, description="The Team that owns it.")
    allow: Allow | None = Field(
        default=None,
        description="What the repository may do, content taken from it by other Bundles included. Left out: no "
        "documents, content without restriction, and remote bases of kustomizations may lie in it.",
    )


class Source(fields.Spec):
    """Another repository: content for Bundles, or a team's own Bundles within what `allow` says."""

    api_version: fields.ApiVersion
    kind: Literal["Source"] = Field(description="Always `Source`.")
    metadata: fields.Metadata
    spec: SourceSpec = Field(description="The repository and its limits.")


class PinSpec(fields.Spec):
    bundle: fields.Reference = Field(description="The Bundle.")
    clusters: parts.Clusters = Field(description="On which of the Bundle's clusters.")
    images: dict[fields.Words, fields.Words] = Field(
        default={},
        description="Image references, by the image's name as the manifests write it, without tag.",
    )
    source: parts.OtherVersion | None = Field(default=None, description="Another version of the content.")
    variables: fields.Variables = Field(
        default={},
        description="Values for parameters: over overrides, under the Cluster's own `bundles.NAME`.",
    )


class Pin(fields.Spec):
    """What a machine decides: image bumps, promotions, rollbacks. Two Pins must not say different things at one place."""

    api_version: fields.ApiVersion
    kind: Literal["Pin"] = Field(description="Always `Pin`.")
    metadata: fields.Metadata
    spec: PinSpec = Field(description="The version.")
