"""Names of the inventory's Secrets and their labels, after ApplySet (KEP-3659).

Pure. A parent's name is made from fleet and bundle and never changes afterwards: members carry an id
that is derived from it.
"""

import base64
import hashlib
import re
from collections.abc import Collection

NAMESPACE = "roadstead-system"
TYPE = "roadstead.dev/inventory"
TOOLING = "roadstead/v1"  # names the format, not our release: a new release must write nothing

ID_LABEL = "applyset.kubernetes.io/id"
PART_OF_LABEL = "applyset.kubernetes.io/part-of"
TOOLING_ANNOTATION = "applyset.kubernetes.io/tooling"
KINDS_ANNOTATION = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES_ANNOTATION = "applyset.kubernetes.io/additional-namespaces"

FLEET_LABEL = "roadstead.dev/fleet"
SHARD_LABEL = "roadstead.dev/shard-of"  # its value is the parent's id
ANNOUNCEMENT_LABEL = "roadstead.dev/announcement"

_SLUG = 150  # characters; name and shard suffix must stay below 253


def applyset_id(name: str) -> str:
    hashed = hashlib.sha256(f"{name}.{NAMESPACE}.Secret.".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(hashed).rstrip(b'=').decode()}-v1"


def parent_name(fleet: str, bundle: str, *, taken: Collection[str] = ()) -> str:
    """Readable, and unique by its hash. `taken` are the names of parents that renamed bundles kept."""
    slug = re.sub(r"[^a-z0-9]+", "-", f"{fleet}-{bundle}".lower())[:_SLUG].strip("-")
    for attempt in range(len(taken) + 1):
        hashed = hashlib.sha256(f"{fleet}\0{bundle}\0{attempt}".encode()).hexdigest()[:10]
        name = f"roadstead-{slug}-{hashed}"
        if name not in taken:
            break
    return name


def fleet_label(fleet: str) -> str:
    """The fleet as a label's value; the parent's annotation holds it in full."""
    if len(fleet) <= 63 and re.fullmatch(r"[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?", fleet):
        return fleet
    return f"fleet-{hashlib.sha256(fleet.encode()).hexdigest()[:32]}"


def fleet_selector(fleet: str) -> str:
    """Selects parents and shards of all the fleet's bundles."""
    return f"{FLEET_LABEL}={fleet_label(fleet)}"
