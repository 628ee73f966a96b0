"""The certificate that the hub shows: read anew at the first handshake after its files changed.

Streams that are open go on with what they began with. Files that do not fit together (the certificate was replaced
and the key not yet) change nothing: the one before is shown until they do, and that is told once.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from roadstead.hub.access.file import Tell
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError

_Mark = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Certificate:
    """`certificate` is a chain in PEM, the server's own first. `tell` as of the --access file."""

    certificate: Path
    key: Path
    tell: Tell
    _mark: _Mark = ()
    _shown: ssl.SSLContext | None = field(default=None, repr=False)

    def context(self) -> ssl.SSLContext:
        """For a server, for as long as it lives. Raises UsageError where the files are wrong now."""
        self._mark = self._now()
        made = self._shown = self._read()
        made.sni_callback = self._at_handshake
        return made

    def _at_handshake(self, handshake: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        mark = self._now()
        if mark != self._mark:
            self._mark = mark
            try:
                self._shown = self._read()
            except RoadsteadError as error:
                self.tell("the certificate is wrong; the one before goes on to be shown", error.problems)
            else:
                self.tell("the certificate was read anew", ())
        if self._shown is not None:
            handshake.context = self._shown

    def _read(self) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            made.load_cert_chain(self.certificate, self.key, password="")  # else a locked key asks
        except (OSError, ssl.SSLError) as cause:
            found = getattr(cause, "reason", None) or cause.strerror or "found no PEM"
            where = f"--tls-cert {self.certificate}, --tls-key {self.key}: {found}"
            hint = "give a certificate and its key, both as PEM, the key without a password"
            raise errors.error(Problem(reasons.BAD_ARGUMENT, where, hint)) from cause
        return made

    def _now(self) -> _Mark:
        try:
            found = [path.stat() for path in (self.certificate, self.key)]
        except OSError:
            return ()
        return tuple((one.st_mtime_ns, one.st_ino) for one in found)
