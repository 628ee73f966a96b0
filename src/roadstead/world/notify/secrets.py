"""Secrets that documents name: a file each in one folder, or variables of the environment. Read when needed.

A folder suits what mounts secrets as files (Kubernetes, systemd, containers), and can be changed while the process
runs. The environment is for where only that is at hand.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem

_PREFIX = "ROADSTEAD_SECRET_"


@dataclass(frozen=True, slots=True)
class Secrets:
    """A name is one of a document, checked there: it holds no slash and no dot."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def read(self, name: str) -> str:
        """Without white space at its ends. Raises StalledError where there is none, or it is empty."""
        try:
            found = (self.folder / name).read_text().strip()
        except FileNotFoundError:
            found = self.environment.get(variable(name), "").strip()
        except (OSError, ValueError) as failure:
            cause = f"the secret {name} cannot be read: {type(failure).__name__}"
            raise errors.error(Problem(reasons.SECRET_MISSING, cause, self._hint(name))) from failure
        if not found:
            cause = f"there is no secret {name}"
            raise errors.error(Problem(reasons.SECRET_MISSING, cause, self._hint(name)))
        return found

    def _hint(self, name: str) -> str:
        return f"put it into {self.folder / name}, or into {variable(name)}"


def variable(name: str) -> str:
    return _PREFIX + name.upper().replace("-", "_")
