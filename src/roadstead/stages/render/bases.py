"""Remote bases of a kustomization that lie in a repository of the snapshot, which is then read in their place.

Pure. An address is in a repository when it begins with the repository's own, in any of the forms that Kustomize
takes: with or without a scheme, a user, `.git`, `//` before the folder. A Source says which revision is read:
a base that asks for another is refused.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

from roadstead.model.snapshot import Revision

_SCHEME = re.compile(r"^(git::)?([a-z][a-z0-9+.-]*://)?([^/@]*@)?", re.IGNORECASE)


class Base(NamedTuple):
    source: str
    path: str


class Elsewhere(NamedTuple):
    """The repository is there, at another revision than the base asks for."""

    asked: str
    found: str  # "v1 (Source web)", …


def find(address: str, revisions: Mapping[str, Revision]) -> Base | Elsewhere | None:
    """`revisions` are those that may be read, by Source; None where the address is in none of them."""
    where, _, query = address.partition("?")
    asked = parse_qs(query)
    ref = next(iter(asked.get("ref") or asked.get("version") or ()), "")
    place = _place(where)
    found = {name: one for name, one in revisions.items() if _is_in(place, _place(one.url))}
    for name, one in sorted(found.items(), key=lambda item: (-len(_place(item[1].url)), item[0])):
        if not ref or ref in (one.ref, one.commit) or (len(ref) >= 7 and one.commit.startswith(ref)):
            return Base(name, place[len(_place(one.url)) :].strip("/"))
    if not found:
        return None
    return Elsewhere(
        ref, ", ".join(f"{one.ref or one} (Source {name})" for name, one in sorted(found.items()))
    )


def _place(address: str) -> str:
    """HOST/PATH, however it is written."""
    text = _SCHEME.sub("", address, count=1)
    host, colon, path = text.partition(":")
    if colon and "/" not in host and not path[:1].isdigit():
        text = f"{host}/{path}"  # as ssh takes it
    return re.sub(r"/+", "/", re.sub(r"\.git(?=/|$)", "", text)).strip("/")


def _is_in(place: str, repository: str) -> bool:
    return bool(repository) and (place == repository or place.startswith(f"{repository}/"))
