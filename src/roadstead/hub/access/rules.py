"""What an --access file means: whose tokens there are, which provider vouches for people, who may do what.

Everything that is wrong in the file is found at once, each with its line and field.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct, field

from roadstead.hub.access import document
from roadstead.hub.access.tokens import Token, by_hash
from roadstead.language import durations, nearest, selectors, yaml
from roadstead.model import errors, person, reasons
from roadstead.model.errors import Problem
from roadstead.model.person import Labels, Person
from roadstead.stages.fleet import reading, selection
from roadstead.stages.fleet.collection import Entry
from roadstead.stages.fleet.documents import parts

TOKEN, ANONYMOUS = "token:", "anonymous"
_ANY = ("*",)


class Provider(Struct, frozen=True):
    """As document.Oidc says it; `session` seconds. `url` is where browsers find the hub, without a last /."""

    issuer: str
    client_id: str
    client_secret_file: str
    url: str
    authority_file: str
    scopes: tuple[str, ...]
    name_claim: str
    groups_claim: str
    audiences: tuple[str, ...]
    session: float


class Bundles(Struct, frozen=True):
    """Bundles by name, as patterns with *, and by labels."""

    names: tuple[str, ...]
    labels: selectors.Selector | None = None
    exception: tuple[str, ...] = ()

    def matches(self, name: str, labels: Labels) -> bool:
        fits = self.labels is None or self.labels.matches(name, labels)
        return fits and _any(self.names, name) and not _any(self.exception, name)

    def __str__(self) -> str:
        said = [", ".join(self.names)] if self.names != _ANY or self.labels is None else []
        said += [str(self.labels)] if self.labels else []
        return " with ".join(said) + (f" except {', '.join(self.exception)}" if self.exception else "")


def _any(patterns: tuple[str, ...], name: str) -> bool:
    return any(fnmatchcase(name, one) for one in patterns)


class _Granted(Struct, frozen=True):
    people: frozenset[str]
    groups: frozenset[str]
    tokens: frozenset[str]
    grant: person.Grant


class Rules(Struct, frozen=True):
    tokens: Mapping[str, Token] = field(default_factory=dict)  # by hash
    provider: Provider | None = None
    granted: tuple[_Granted, ...] = ()

    def of_token(self, token: Token) -> Person:
        return Person(
            f"{TOKEN}{token.name}",
            tuple(
                one.grant
                for one in self.granted
                if token.name in one.tokens or not one.groups.isdisjoint(token.groups)
            ),
        )

    def of_person(self, name: str, groups: Collection[str]) -> Person:
        """Whom the provider vouches for."""
        return Person(
            name,
            tuple(
                one.grant for one in self.granted if name in one.people or not one.groups.isdisjoint(groups)
            ),
        )


def read(data: bytes, *, file: str) -> Rules:
    """Raises UsageError with everything that is wrong."""
    documents = yaml.read(data, file=file)
    if not documents:
        return Rules()
    entry: Entry[Any] = Entry("Access", "", "", file, None, documents[0])
    found = reading.model(entry, document.Access)
    if isinstance(found, list):
        raise errors.error([one.problem for one in found])
    wrong = [*_more(entry, documents), *_doubled(entry, found), *_unknown(entry, found)]
    if wrong:
        raise errors.error(wrong)
    return Rules(
        by_hash(_token(one) for one in found.tokens),
        _provider(found.oidc) if found.oidc else None,
        tuple(_granted(one) for one in found.grants),
    )


def _more(entry: Entry[Any], documents: list[yaml.Document]) -> Iterator[Problem]:
    if len(documents) > 1:
        cause = f"one document is expected, found {len(documents)}"
        yield Problem(reasons.BAD_DOCUMENT, cause, "leave one", place=documents[1].place())


def _doubled(entry: Entry[Any], found: document.Access) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, one in enumerate(found.tokens):
        for word, value in (("name", one.name), ("hash", one.hash)):
            if value in seen:
                cause = f"two tokens have the same {word}: {one.name}"
                yield entry.fault(reasons.DUPLICATE, cause, "tokens", number, word).problem
            seen.add(value)


def _unknown(entry: Entry[Any], found: document.Access) -> Iterator[Problem]:
    names = [one.name for one in found.tokens]
    for number, grant in enumerate(found.grants):
        for at, name in enumerate(grant.tokens):
            if name not in names:
                path, hint = ("grants", number, "tokens", at), nearest.hint(name, names)
                cause = f"there is no token {name}"
                yield entry.fault(reasons.UNKNOWN_REFERENCE, cause, *path, hint=hint).problem
        if grant.people and found.oidc is None:
            cause = f"people log in by oidc, found none; and a grant for {grant.people[0]}"
            yield entry.fault(reasons.UNKNOWN_REFERENCE, cause, "grants", number, "people").problem


def _token(one: document.Token) -> Token:
    until = datetime.fromisoformat(one.until).astimezone(UTC) if one.until else None
    return Token(one.name, one.hash, one.groups, until)


def _provider(one: document.Oidc) -> Provider:
    return Provider(
        issuer=one.issuer,
        client_id=one.client_id,
        client_secret_file=one.client_secret_file or "",
        url=one.url.rstrip("/"),
        authority_file=one.authority_file or "",
        scopes=one.scopes,
        name_claim=one.name_claim,
        groups_claim=one.groups_claim,
        audiences=one.audiences,
        session=durations.parse(one.session),
    )


def _granted(one: document.Grant) -> _Granted:
    grant = person.Grant(one.role, _bundles(one.bundles), _clusters(one.clusters))
    return _Granted(frozenset(one.people), frozenset(one.groups), frozenset(one.tokens), grant)


def _bundles(one: document.Bundles | None) -> Bundles | None:
    if one is None or (one.all and not one.except_):
        return None
    asks = one.match_labels or one.match_expressions
    labels = selection.by_labels(one.match_labels, one.match_expressions) if asks else None
    return Bundles(one.names or _ANY, labels, one.except_)


def _clusters(one: parts.Clusters | None) -> selectors.Selector | None:
    if one is None or (one.all and one.except_ is None):
        return None
    return selectors.parse(one.model_dump(by_alias=True, exclude_defaults=True, mode="json"))
