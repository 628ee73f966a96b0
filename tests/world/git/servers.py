"""Git servers on loopback: smart HTTP through `git http-backend` with basic auth, and sshd."""

import base64
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.world.git.repositories import ENVIRONMENT


@dataclass
class HttpServer:
    """Serves the bare repositories below `root`; change the fields to make it worse."""

    root: Path
    login: str = ""  # "user:password" that every request must bring
    delay: float = 0.0
    status: int = 0  # answer this instead
    plain: bool = False  # serve files as they lie there, as any web server would
    environment: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    at_once: int = 0  # the most requests that were open at the same time
    together: int = 0  # no request is answered before so many were

    @contextmanager
    def counting(self) -> Iterator[None]:
        with self._counted:
            self._open += 1
            self.at_once = max(self.at_once, self._open)
            self._counted.notify_all()
            self._counted.wait_for(lambda: self.at_once >= self.together, timeout=60)
        yield
        with self._counted:
            self._open -= 1

    def start(self) -> None:
        self._counted, self._open = threading.Condition(), 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def url_as(self, login: str) -> str:
        return self.url.replace("://", f"://{login}@")


def _handler(server: HttpServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests.append(f"{self.command} {self.path}")
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else self._chunks()
            with server.counting():
                time.sleep(server.delay)
            scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
            login = base64.b64decode(encoded).decode() if scheme == "Basic" else ""
            if login:
                server.logins.append(login)
            if server.status:
                self._answer(server.status, {}, b"")
            elif server.login and login != server.login:
                self._answer(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"")
            else:
                self._backend(body)

        do_POST = do_GET

        def _chunks(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return b""
            body = b""
            while size := int(self.rfile.readline().strip(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            return body

        def _backend(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            if server.plain:
                file = server.root / path.lstrip("/")
                self._answer(200, {}, file.read_bytes()) if file.is_file() else self._answer(404, {}, b"")
                return
            environment = ENVIRONMENT | {
                "GIT_PROJECT_ROOT": str(server.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REMOTE_USER": "somebody",
                "REMOTE_ADDR": "127.0.0.1",
                "CONTENT_LENGTH": str(len(body)),
            }
            command = ["git", "-c", "safe.directory=*", "http-backend"]
            result = subprocess.run(
                command, env=environment | server.environment, input=body, capture_output=True, check=False
            )
            head, _, content = result.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
            self._answer(int(headers.pop("Status", "200").split()[0]), headers, content)

        def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client was ended on purpose

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class SshServer:
    """sshd that lets one key in, as the user who runs the tests; `command` is what reaches it with that key."""

    def __init__(self, folder: Path, sshd: str) -> None:
        folder.mkdir(mode=0o700)
        self._folder = folder
        for name in ("host", "user"):
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
        (folder / "authorized").write_text((folder / "user.pub").read_text())
        self.port = _free_port()
        self._known = folder / "known_hosts"
        self._known.write_text(f"[127.0.0.1]:{self.port} {(folder / 'host.pub').read_text()}")
        config = folder / "config"
        config.write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
            f"PidFile {folder}/pid\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\n"
            "AcceptEnv GIT_PROTOCOL\n"
        )
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen([sshd, "-D", "-e", "-f", str(config)], stderr=self._log)
        self._wait()

    def command(self, *, key: bool = True, known: bool = True) -> str:
        """For GIT_SSH_COMMAND."""
        hosts = self._known if known else os.devnull
        identity = self._folder / "user" if key else os.devnull
        return (
            f"ssh -F none -i {identity} -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes"
            f" -o UserKnownHostsFile={hosts} -o GlobalKnownHostsFile={os.devnull}"
        )

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()

    def _wait(self) -> None:
        for _ in range(200):
            assert self._process.poll() is None, (self._folder / "log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("sshd does not listen")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
