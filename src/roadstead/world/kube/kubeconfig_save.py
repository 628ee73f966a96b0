"""Write new tokens of the auth provider `oidc` into the kubeconfig they came from. Nothing else is changed:
comments, order and the file's rights stay."""

import io
import os
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem


def tokens(file: Path, user: str, *, id_token: str, refresh_token: str) -> None:
    """Under kubectl's own lock (`<file>.lock`), replaced in one step. Raises UsageError(KubeconfigInvalid)
    when it cannot be: the new tokens are then good for this process only."""
    path = Path(os.path.realpath(file))
    lock = path.with_name(path.name + ".lock")
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            _replace(path, _edited(path.read_text(), user, id_token, refresh_token))
        finally:
            lock.unlink()
    except (OSError, YAMLError, KeyError, StopIteration, TypeError) as cause:
        found = getattr(cause, "strerror", None) or type(cause).__name__
        problem = Problem(
            reasons.KUBECONFIG_INVALID,
            f"the refreshed tokens of user {user} cannot be saved: {found.lower()}",
            hint="make the file writable; if a .lock beside it is left over, remove it; then log in again",
            place=Place(str(file)),
        )
        raise errors.error(problem) from cause


def _edited(text: str, user: str, id_token: str, refresh_token: str) -> str:
    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 1 << 30  # never fold certificates
    document = editor.load(text)
    entry = next(one for one in document["users"] if one["name"] == user)
    config = entry["user"]["auth-provider"]["config"]
    config["id-token"] = id_token
    config["refresh-token"] = refresh_token
    out = io.StringIO()
    editor.dump(document, out)
    return out.getvalue()


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.touch(mode=0o600)
    try:
        new.write_text(text)
        new.chmod(path.stat().st_mode & 0o777)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
