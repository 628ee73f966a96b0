"""Prove that a commit, or the tag that leads to it, was signed by one of the keys given: OpenPGP or SSH.

git verifies, with a keyring made for this one question: neither the user's own keys nor what he trusts count.
Keys come as text, so that they can lie in a repository. A key that has expired or was revoked vouches for
nothing, also not for what it signed before (newer gits differ on that from older ones, so git is not asked).
"""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.world.git import failures, objects
from roadstead.world.git.command import Git

_OPENPGP = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
_SSH = re.compile(r"(sk-)?(ssh|ecdsa)-\S+ \S")
_PRINCIPAL = "trusted"  # whoever signs with one of the keys
_ACTION = "verifying the signature"


async def verify(
    store: Path, commit: str, *, keys: Sequence[str], until: float, tag: str = "", ref: str = ""
) -> None:
    """An error unless the commit is signed by one of the keys, or else the tag object named `ref`."""
    with failures.of_files(_ACTION), tempfile.TemporaryDirectory(prefix="roadstead-keys-") as name:
        git = await _keyring(Path(name), store, keys, until)
        found = await _lacking(git, "verify-commit", commit)
        if found and tag:
            found = await _lacking(git, "verify-tag", tag)
            if not found:
                _check_name(store, tag, ref)
    if found:
        raise _invalid(f"{commit[:12]} is not signed by a trusted key, found {found}")


async def _lacking(git: Git, verb: str, oid: str) -> str:
    """What is there in place of a good signature; empty when there is one."""
    answer = await git.ask(verb, "--raw", oid, action=_ACTION)
    expired = re.search(r"^\[GNUPG:\] (EXP|REV)KEYSIG ", answer.errors, re.MULTILINE)
    if expired:
        return "a key that has expired" if expired[1] == "EXP" else "a key that was revoked"
    if answer.status == 0:
        return ""
    if re.search(r"^\[GNUPG:\] (NO_PUBKEY|ERRSIG) ", answer.errors, re.MULTILINE):
        return "the signature of another key"
    lines = [line for line in answer.errors.splitlines() if line.strip()]
    return lines[-1].removeprefix("[GNUPG:] ").strip() if lines else "no signature"


async def _keyring(folder: Path, store: Path, keys: Sequence[str], until: float) -> Git:
    """git with these keys and no others."""
    signers = folder / "signers"
    lines = [line.strip() for key in keys if _OPENPGP not in key for line in key.splitlines()]
    with failures.of_files(_ACTION):
        signers.write_text("".join(f"{_signer(line)}\n" for line in lines if line and line[0] != "#"))
    git = Git(
        until,
        store=store,
        config={"gpg.ssh.allowedSignersFile": str(signers), "gpg.minTrustLevel": "undefined"},
        environment={"GNUPGHOME": str(folder)},
    )
    for key in keys:
        if _OPENPGP in key:
            line = ["gpg", "--batch", "--quiet", "--no-autostart", "--import"]
            answer = await git.process(line).answer(key.encode(), until=until, action=_ACTION)
            if answer.status:
                raise _invalid(f"a key cannot be read, found {answer.errors.strip()}")
    return git


def _signer(line: str) -> str:
    """A public key as a line of ssh's allowed signers; such a line stays as it is."""
    return f'{_PRINCIPAL} namespaces="git" {line}' if _SSH.match(line) else line


def _check_name(store: Path, tag: str, ref: str) -> None:
    """A signed tag must be the one asked for, or an old one could be served under a new name."""
    header = objects.Store(str(store)).tag(tag).partition(b"\n\n")[0].decode(errors="replace")
    name = re.search("^tag (.*)$", header, re.MULTILINE)
    if name is None or not ref.endswith(f"/{name[1]}"):
        raise _invalid(f"the tag {ref} is signed under another name, found {name[1] if name else 'none'}")


def _invalid(cause: str) -> RoadsteadError:
    hint = "sign it with one of the keys; for SSH signatures git 2.34 and ssh-keygen are needed"
    return errors.error(Problem(reasons.SIGNATURE_INVALID, cause, hint))
