"""The in-cluster inventory: what each bundle owns on a cluster, kept in that cluster.

`read_all` needs one list for all bundles of a fleet; `write` is a compare-and-swap that only stages/apply
can make, since it brings the sender; before it come `Announcements` of what is about to be written.
`codec`, `names`, `secret`, `announcement` and `epochs` are pure.
"""

from roadstead.world.inventory.announcements import Announcements, Claim, rival
from roadstead.world.inventory.epochs import claim, fenced
from roadstead.world.inventory.reading import Stored, empty, holder, read_all
from roadstead.world.inventory.writing import remove, write

__all__ = [
    "Announcements",
    "Claim",
    "Stored",
    "claim",
    "empty",
    "fenced",
    "holder",
    "read_all",
    "remove",
    "rival",
    "write",
]
