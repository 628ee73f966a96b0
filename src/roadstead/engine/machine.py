"""What is configured on this machine and may only be named in Git: providers of access, signing keys.

Under $XDG_CONFIG_HOME/roadstead (else ~/.config/roadstead):

    providers.yaml      NAME: {kubeconfig: FILE, context: "prefix-{cluster}"}
    keys/NAME/          files with OpenPGP or SSH public keys, for `verify: {keys: NAME}`

Whoever can open a pull request must not run code here, so no document holds a command; a kubeconfig
named here may hold exec plugins, for its owner put it there.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from roadstead.language import nearest, yaml
from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem, RoadsteadError


def folder() -> Path:
    given = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(given) if given.startswith("/") else Path.home() / ".config") / "roadstead"


def provider(name: str, cluster: str) -> tuple[Path, str]:
    """The kubeconfig and context that the provider `name` has for a cluster."""
    path = folder() / "providers.yaml"
    known = _providers(path)
    if name not in known:
        hint = nearest.hint(name, known) or f"configure it in {path}"
        raise _unusable(path, f"there is no provider {name}", hint)
    entry = known[name]
    if not isinstance(entry, Mapping) or not isinstance(entry.get("kubeconfig"), str):
        raise _unusable(path, f"{name}: kubeconfig is required", "write the path of a kubeconfig")
    context = str(entry.get("context", "{cluster}")).replace("{cluster}", cluster)
    return Path(entry["kubeconfig"]).expanduser(), context


def keys(name: str) -> tuple[str, ...]:
    """The public keys of the set `name`; none is an error, or anything signed by nobody would pass."""
    place = folder() / "keys" / name
    found = tuple(path.read_text() for path in sorted(place.glob("*")) if path.is_file())
    if not found:
        hint = "put files with OpenPGP or SSH public keys there"
        raise errors.error(Problem(reasons.SIGNATURE_INVALID, f"no keys called {name} in {place}", hint))
    return found


def _providers(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    found = yaml.load_all(path.read_bytes(), file=str(path))
    return found[0] if found and isinstance(found[0], Mapping) else {}


def _unusable(path: Path, cause: str, hint: str) -> RoadsteadError:
    return errors.error(Problem(reasons.PROVIDER_UNKNOWN, cause, hint, place=Place(str(path))))
