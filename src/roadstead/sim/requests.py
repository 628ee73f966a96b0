"""Reading what a request asks for: its path and its query."""

from collections.abc import Mapping
from dataclasses import dataclass

from roadstead.sim import status


@dataclass(frozen=True, slots=True)
class Target:
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


@dataclass(frozen=True, slots=True)
class Options:
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
        found = self.text("dryRun")
        if found and found != "All":
            message = f' "" is invalid: dryRun: Unsupported value: "{found}": supported values: "All"'
            raise status.ApiError(422, "Invalid", message, {})
        return bool(found)

    @property
    def field_validation(self) -> str:
        found = self.text("fieldValidation")
        if found not in ("", "Ignore", "Warn", "Strict"):
            message = f'fieldValidation: Unsupported value: "{found}": supported values: "", "Ignore", "Strict", "Warn"'
            raise status.ApiError(422, "Invalid", f' "" is invalid: {message}', {})
        return found or "Warn"
