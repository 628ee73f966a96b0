"""The form of the --access file: tokens, a provider of OpenID Connect, and grants. What it means is rules.py's.

Models as those of fleet documents, read by the same reader: unknown fields, and values that cannot be, are told
with their line. No secret stands in this file: tokens as hashes, the client's secret by the name of its file.
"""

import re

from pydantic import Field, model_validator

from roadstead.model.person import Role
from roadstead.stages.fleet.documents import fields, parts

_HASH = re.compile(r"sha256:[0-9a-f]{64}")


class Token(fields.Spec):
    """A static token, for machines."""

    name: fields.Words = Field(description="What the record calls who shows it: `token:NAME`.")
    hash: fields.Words = Field(description="As `roadstead token new` prints it.")
    groups: tuple[fields.Words, ...] = Field(default=(), description="Groups that it belongs to.")
    until: fields.Instant | None = Field(default=None, description="When it ends.")

    @model_validator(mode="after")
    def _hashed(self) -> "Token":
        if not _HASH.fullmatch(self.hash):  # what stands there may be the token itself: never repeated
            raise fields.wrong("a hash as `roadstead token new` prints it", "something else")
        return self


class Oidc(fields.Spec):
    """The provider by which people log in."""

    issuer: fields.Words = Field(description="The issuer's address, exactly as its tokens name it.")
    client_id: fields.Words = Field(description="The hub's name at the provider.")
    client_secret_file: fields.Words | None = Field(
        default=None, description="The file that holds the client's secret; a public client has none."
    )
    url: fields.Words = Field(
        description="Where browsers find the hub; the provider sends them back to URL/auth/callback."
    )
    authority_file: fields.Words | None = Field(
        default=None, description="Certificates by which the provider is known; default: this machine's."
    )
    scopes: tuple[fields.Words, ...] = Field(
        default=("openid", "email", "profile"), description="What is asked of the provider."
    )
    name_claim: fields.Words = Field(default="email", description="The claim that names a person.")
    groups_claim: fields.Words = Field(default="groups", description="The claim that lists groups.")
    audiences: tuple[fields.Words, ...] = Field(
        default=(), description="ID tokens of machines may be meant for these, too, besides the client."
    )
    session: fields.Duration = Field(default="12h", description="How long a login lasts.")

    @model_validator(mode="after")
    def _addresses(self) -> "Oidc":
        for address in (self.issuer, self.url):
            if not re.match(r"https://|http://(localhost|127\.0\.0\.1|\[::1\])[:/]", f"{address}/"):
                raise fields.wrong("an https address, or http on this machine", address)
        if "openid" not in self.scopes:
            raise fields.wrong("openid among the scopes", ", ".join(self.scopes))
        return self


class Bundles(fields.Spec):
    """A selection of bundles: `all: true`, or those that meet every condition given."""

    all: bool = Field(default=False, description="`true`: every bundle.")
    names: tuple[fields.ReferencePattern, ...] = Field(
        default=(), description="Bundles with one of these names; * stands for any letters."
    )
    match_labels: dict[fields.LabelKey, fields.LabelValue] = Field(
        default={}, description="Bundles that have all these labels."
    )
    match_expressions: tuple[parts.Expression, ...] = Field(
        default=(), description="Bundles that meet all of these, as in Kubernetes."
    )
    except_: tuple[fields.ReferencePattern, ...] = Field(
        default=(), alias="except", description="Names taken out of what the other fields select."
    )

    @model_validator(mode="after")
    def _form(self) -> "Bundles":
        conditions = bool(self.names or self.match_labels or self.match_expressions)
        if self.all == conditions:
            raise fields.wrong("all: true, or names or labels", "both" if self.all else "none")
        return self


class Grant(fields.Spec):
    """A role for some, on bundles on clusters."""

    role: Role = Field(description="Each role may do what those before it may.")
    people: tuple[fields.Words, ...] = Field(default=(), description="By the provider's name claim.")
    groups: tuple[fields.Words, ...] = Field(default=(), description="Of the groups claim, or of tokens.")
    tokens: tuple[fields.Words, ...] = Field(default=(), description="By their names.")
    bundles: Bundles | None = Field(default=None, description="On these bundles; default: all.")
    clusters: parts.Clusters | None = Field(default=None, description="On these clusters; default: all.")

    @model_validator(mode="after")
    def _somebody(self) -> "Grant":
        if not (self.people or self.groups or self.tokens):
            raise fields.wrong("people, groups or tokens", "none")
        return self


class Access(fields.Spec):
    """The whole file."""

    tokens: tuple[Token, ...] = Field(default=(), description="Static tokens.")
    oidc: Oidc | None = Field(default=None, description="Logins by OpenID Connect.")
    grants: tuple[Grant, ...] = Field(default=(), description="Who may do what.")
