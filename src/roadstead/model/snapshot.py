"""A set of resolved revisions, immutable: everything that a render may read.

Every revision is a Git tree in an object store on this machine, also a working tree with uncommitted
changes (its tree is written beside the repository, never into it). A tree's hash is therefore the
digest of any folder in it.
"""

from collections.abc import Mapping

from msgspec import Struct, field


class Mount(Struct, frozen=True):
    """A submodule: the tree of another repository that appears at `path`.

    `error` tells why it cannot be read, `reason` names the reason; what needs the submodule then fails, no
    more than that.
    """

    path: str
    store: str
    tree: str
    error: str = ""
    reason: str = ""


class Revision(Struct, frozen=True):
    """One repository at one commit.

    `name` is empty for the fleet repository, else the Source's name. `store` is the folder of the Git
    repository on this machine that holds the objects. `commit` is empty for a folder that is no Git
    repository; `dirty` marks uncommitted changes on top of `commit`. `prefix` is the folder of the tree in
    which the fleet's roadstead.yaml lies, empty for the root. `replaced` is the commit at which `ref` was
    last seen, where that is no ancestor of `commit`: history was rewritten.
    """

    name: str
    url: str
    ref: str
    commit: str
    tree: str
    store: str
    dirty: bool = False
    mounts: tuple[Mount, ...] = ()
    prefix: str = ""
    replaced: str = ""

    def __str__(self) -> str:
        short = self.commit[:12] or "no commit"
        return f"{short} with uncommitted changes" if self.dirty else short


class Origin(Struct, frozen=True):
    """What a Source (or a Pin of one) asks for, before it is resolved to a `Revision` of the same name.

    `ref` is a branch, a tag, a full ref name or a commit; empty is the repository's own default. `keys` are
    OpenPGP public keys or SSH public keys as text, one of which must have signed the commit or tag.
    """

    name: str
    url: str
    ref: str = ""
    keys: tuple[str, ...] = ()


class Snapshot(Struct, frozen=True):
    fleet: Revision
    sources: Mapping[str, Revision] = field(default_factory=dict)

    def revision(self, name: str) -> Revision:
        return self.sources[name] if name else self.fleet
