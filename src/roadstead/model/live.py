"""What is kept in memory of each observed object: one small struct, not the object."""

from msgspec import Struct

from roadstead.model.ids import ObjectId


class Live(Struct, frozen=True, gc=False):
    """`part_of` is the ApplySet label; `signature` hashes our managedFields entry ("" if we have none);
    `mark` is the generation, or the resourceVersion for kinds without one; `orphan` tells that an
    annotation asks to keep the object when its bundle drops it."""

    id: ObjectId
    uid: str
    resource_version: str
    mark: str
    part_of: str = ""
    signature: str = ""
    deleting: bool = False
    orphan: bool = False
