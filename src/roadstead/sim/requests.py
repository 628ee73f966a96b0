"""Reading what a request asks for: its path and its query."""

from collections.abc import Mapping

from msgspec import Struct

from roadstead.sim import status
from roadstead.sim.schema import requiring

MANAGER_LENGTH = 128
VALIDATIONS = ("Ignore", "Strict", "Warn")


class Target(Struct, frozen=True):
    """A path below /api or /apis: `plural` empty for a group or version itself, `name` for all objects."""

    group: str
    version: str
    namespace: str = ""
    plural: str = ""
    name: str = ""
    subresource: str = ""


def target(path: str) -> Target | None:
    """None for paths that name no resource."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) >= 3:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if (
        rest[0] == "namespaces"
        and len(rest) >= 3
        and not (group == "" and len(rest) == 3 and rest[2] in ("status", "finalize"))
    ):
        namespace, rest = rest[1], rest[2:]
    elif rest[0] == "namespaces" and group == "" and len(rest) >= 2:
        return Target(group, version, "", "namespaces", rest[1], "/".join(rest[2:]))
    plural, name, below = rest[0], *(rest[1:2] or [""]), "/".join(rest[2:])
    return Target(group, version, namespace, plural, name, below)


class Options(Struct, frozen=True):
    query: Mapping[str, str]

    def text(self, name: str) -> str:
        return self.query.get(name, "")

    def flag(self, name: str) -> bool:
        written = self.text(name)
        if written in ("", "false", "0", "False", "F", "f"):
            return name in self.query and written == ""
        return True

    def number(self, name: str) -> int:
        written = self.text(name)
        if not written:
            return 0
        try:
            return int(written)
        except ValueError as error:
            message = f'strconv.ParseInt: parsing "{written}": invalid syntax'
            raise status.bad_request(message) from error

    @property
    def dry_run(self) -> bool:
        return bool(self.text("dryRun"))

    def check_write(self, sort: str, *, apply: bool = False) -> None:
        """Raises ApiError(422) for options of a write that mean nothing, and for a missing manager of an apply."""
        found, manager, dry = [], self.text("fieldManager"), self.text("dryRun")
        if apply and not manager:
            found.append(requiring.required("fieldManager", "is required for apply patch"))
        if sort == "PatchOptions" and not apply and self.text("force"):
            found.append(requiring.forbidden("force", "may not be specified for non-apply patch"))
        if len(manager.encode()) > MANAGER_LENGTH:
            why = f"Too long: may not be more than {MANAGER_LENGTH} bytes"
            found.append(requiring.Cause("FieldValueTooLong", why, "fieldManager"))
        for place, character in enumerate(manager):
            if not character.isprintable():
                why = f"invalid character U+{ord(character):04X} (at position {place})"
                found.append(requiring.invalid("fieldManager", manager, why))
        if dry and dry != "All":
            found.append(requiring.unsupported("dryRun", [dry], ("All",)))
        if self.text("fieldValidation") not in ("", *VALIDATIONS):
            found.append(requiring.unsupported("fieldValidation", self.text("fieldValidation"), VALIDATIONS))
        if found:
            raise status.invalid("meta.k8s.io", sort, "", found)

    @property
    def field_validation(self) -> str:
        return self.text("fieldValidation") or "Warn"
