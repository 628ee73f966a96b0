"""Tell why git failed: its messages as problems with our reasons, credentials removed.

git's exit status says nothing but "failed", so its English messages (it always runs with LC_ALL=C) are the
only source. What no row knows is SourceUnreadable with git's own last words.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.reasons import Reason

_LOGIN = "let a credential helper or an ssh key give access: `git ls-remote` on it must work without a prompt"
_USERINFO = re.compile(r"(?<=://)[^/@\s'\"]+@")
_NOISE = re.compile(r"^(remote:\s*|fatal:\s*|error:\s*|ERROR:\s*|hint:\s*|warning:\s*)+")


class _Row(NamedTuple):
    pattern: re.Pattern[str]
    reason: Reason
    cause: str
    hint: str = ""


def _row(pattern: str, reason: Reason, cause: str, hint: str = "") -> _Row:
    return _Row(re.compile(pattern, re.IGNORECASE), reason, cause, hint)


_ROWS = (
    _row("no space left on device|disk quota exceeded", reasons.DISK_FULL, "the disk is full"),
    _row(
        "dubious ownership",
        reasons.SOURCE_UNREADABLE,
        "the repository belongs to another user",
        "trust it as git asks: git config --global --add safe.directory FOLDER",
    ),
    _row(
        "host key verification failed",
        reasons.SOURCE_UNREADABLE,
        "the ssh host key is unknown or has changed",
        "compare the key and add it to known_hosts",
    ),
    _row(
        "could not read (username|password)|terminal prompts disabled|authentication failed|access denied"
        r"|permission denied \(|returned error: 40[13]|invalid username or",
        reasons.SOURCE_UNREADABLE,
        "the credentials are missing or not accepted",
        _LOGIN,
    ),
    _row(
        "ssl certificate|certificate (verif|subject|has expired)|server certificate|self.signed certificate",
        reasons.SOURCE_UNREADABLE,
        "the server's certificate is not accepted",
        "make its authority known to git: http.sslCAInfo",
    ),
    _row(
        "could not resolve|connection (refused|timed out|reset|closed)|operation timed out|failed to connect"
        r"|couldn't connect|network is unreachable|no route to host|returned error: (429|5\d\d)|rpc failed"
        "|kex_exchange_identification|unexpected disconnect|early eof",
        reasons.SOURCE_UNREACHABLE,
        "the server does not answer properly",
    ),
    _row(
        r"repository .*not found|returned error: 404|does not appear to be a git repository|does not exist"
        "|no such file or directory|project you were looking for",
        reasons.SOURCE_UNREADABLE,
        "there is no repository, or these credentials may not see it",
        f"check the address; {_LOGIN}",
    ),
    _row(
        "remote end hung up|could not read from remote",
        reasons.SOURCE_UNREACHABLE,
        "the server ended the connection",
    ),
    _row(
        "transport .* not allowed",
        reasons.SOURCE_UNREADABLE,
        "the repository is led to by a protocol that is not allowed here",
        "use https or ssh",
    ),
    _row(
        r"object [0-9a-f]{40}: \w+:|fsck error|index-pack failed|object corrupt|unpack-objects",
        reasons.SOURCE_UNREADABLE,
        "the repository holds damaged or crafted objects",
        "run `git fsck` in it",
    ),
)


def problem(action: str, stderr: str) -> Problem:
    """What a failed git command means; `action` says what was tried, with the address."""
    written = [line.strip() for line in stderr.splitlines() if line.strip()]
    lines = [clean(_NOISE.sub("", line)) for line in written]
    for row in _ROWS:
        for line in lines:
            if row.pattern.search(line):
                return Problem(row.reason, clean(f"{action}: {row.cause}: {line}"), row.hint)
    told = [line for line, raw in zip(lines, written, strict=True) if raw.startswith(("fatal:", "error:"))]
    last = (told or lines or ["git said nothing"])[-1]
    return Problem(reasons.SOURCE_UNREADABLE, clean(f"{action}: {last}"))


def clean(text: str) -> str:
    """The text without what stands before the @ of any address in it."""
    return _USERINFO.sub("", text)


@contextmanager
def of_files(action: str) -> Iterator[None]:
    """Errors of the file system as problems."""
    try:
        yield
    except OSError as cause:
        found = f"{action}: {cause.strerror or cause}"
        if cause.errno in (errno.ENOSPC, errno.EDQUOT):
            raise errors.error(Problem(reasons.DISK_FULL, found)) from cause
        hint = "check the folder's rights; the cache lies below HOME, or in XDG_CACHE_HOME"
        raise errors.error(Problem(reasons.SOURCE_UNREADABLE, found, hint)) from cause
