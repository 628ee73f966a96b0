"""Where a repository is: the forms of an address, and which addresses a repository may lead to itself.

Pure. Forms: a path, file://, https:// (http:// too), ssh:// and git@host:path. A `//` in the path of a URL
divides the repository from a folder in it. A repository from elsewhere must not make this machine read its
own files or talk less safely: see `submodule`.
"""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError

PROTOCOLS = ("https", "http", "ssh", "file")
_URL = re.compile(r"(?P<start>(?P<protocol>[a-z][a-z0-9+.-]*)://(?P<host>[^/]*))(?P<path>.*)", re.DOTALL)
_SCP = re.compile(r"(?P<start>(?:[^@/\s:]+@)?(?P<host>[^-/\s:@][^/\s:@]*):)(?P<path>(?!//).*)", re.DOTALL)


class Location(Struct, frozen=True):
    """`start` + `path` is what git understands; for a plain path `start` is empty and `path` absolute."""

    protocol: str
    start: str
    path: str
    folder: str = ""

    @property
    def url(self) -> str:
        return self.start + self.path

    @property
    def is_local(self) -> bool:
        return self.protocol == "file"

    @property
    def is_path(self) -> bool:
        return not self.start

    def __str__(self) -> str:
        """For messages: without user and password, but for the user of ssh."""
        userinfo, at, _ = self.start.rpartition("@")
        if not at or (self.protocol == "ssh" and ":" not in userinfo.removeprefix("ssh://")):
            return self.url
        return f"{userinfo.partition('://')[0]}://{self.url.removeprefix(userinfo + at)}"


def parse(text: str) -> Location:
    """The location of what a person wrote; a path is made absolute."""
    if "\0" in text or "\n" in text or text.startswith("-") or not text:
        raise _refused(f"no address of a repository: {text!r}")
    url = _URL.fullmatch(text)
    if url:
        if url["protocol"] not in PROTOCOLS or "::" in url["start"]:
            raise _refused(f"the protocol must be one of {', '.join(PROTOCOLS)}, found {url['protocol']}")
        path, folder = _divide(url["path"])
        if url["protocol"] == "file":
            return Location("file", url["start"], path, folder)
        if not url["host"] or url["host"].rpartition("@")[2].startswith("-"):
            raise _refused(f"no address of a repository: {text!r}")
        return Location(url["protocol"], url["start"], path, folder)
    if re.match(r"[a-z0-9+.-]+::", text):
        raise _refused("remote helpers are not allowed, found " + text.partition("::")[0] + "::")
    scp = _SCP.fullmatch(text)
    if scp and not text.startswith((".", "~")):
        path, folder = _divide(scp["path"])
        return Location("ssh", scp["start"], path, folder)
    return Location("file", "", str(Path(text).expanduser().absolute()))


def relative(text: str, base: Location) -> Location:
    """The location of `text`, which may be relative (`./`, `../`) to another repository, as for submodules."""
    if not text.startswith(("./", "../")) and text not in (".", ".."):
        return parse(text)
    parts = base.path.rstrip("/").split("/")
    for step in text.rstrip("/").split("/"):
        if step == "..":
            if not any(parts):
                raise _refused(f"{text} leads above the host of {base}")
            parts.pop()
        elif step not in ("", "."):
            parts.append(step)
    path = "/".join(parts)
    if not path.strip("/"):
        raise _refused(f"{text} names no repository beside {base}")
    return Location(base.protocol, base.start, path)


def submodule(text: str, parent: Location) -> Location:
    """Where a submodule is fetched from.

    Over the network: never from this machine's files, and never over plain http under an https parent. From
    a local parent: only a neighbour in the same folder. The parent's user and password go along to the same
    host only.
    """
    found = relative(text, parent)
    if found.folder:
        raise _refused(f"the submodule address {found} has a folder")
    if found.is_local:
        if not parent.is_local or _folder(found).parent != _folder(parent).parent:
            raise _refused(f"a submodule may not be read from this machine's files, found {found}")
        return found
    if found.protocol == "http" and parent.protocol != "http":
        raise _refused(f"a submodule must be fetched by https or ssh, found {found}")
    here, there = urlsplit(parent.start), urlsplit(found.start)
    if "@" not in found.start and "@" in here.netloc and here.scheme == there.scheme:
        userinfo, _, host = here.netloc.rpartition("@")
        if host == there.netloc:
            return Location(found.protocol, f"{there.scheme}://{userinfo}@{host}", found.path)
    return found


def _divide(path: str) -> tuple[str, str]:
    """The path of the repository, and the folder after `//`."""
    repository, _, folder = path.partition("//") if not path.startswith("//") else (path, "", "")
    return repository.rstrip("/") or "/", folder.strip("/")


def _folder(location: Location) -> Path:
    return Path(unquote(location.path) if location.start else location.path)


def _refused(cause: str) -> RoadsteadError:
    hint = "write a path, file://, https://, ssh:// or git@host:path"
    return errors.error(Problem(reasons.SOURCE_UNREADABLE, cause, hint))
