"""Real Git repositories for tests: `Repository(folder).commit("first", {"a.yaml": "a: 1"})`."""

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ann Author",
    "GIT_AUTHOR_EMAIL": "ann@shop.example",
    "GIT_AUTHOR_DATE": "2026-03-01T10:00:00+01:00",
    "GIT_COMMITTER_NAME": "Cy Committer",
    "GIT_COMMITTER_EMAIL": "cy@shop.example",
    "GIT_COMMITTER_DATE": "2026-03-01T10:00:00+01:00",
    "GIT_ALLOW_PROTOCOL": "file",
}
GIT = tuple(map(int, subprocess.check_output(["git", "version"], text=True).split()[2].split(".")[:2]))

NO_COLLECTION = ("gc.auto", "0")  # of garbage: it would go on in the background after the test


@functools.cache
def _empty(branch: str) -> Path:
    """What `git init` makes: once, for it takes as long as three commits."""
    folder = Path(tempfile.mkdtemp(prefix="empty-repository-"))
    atexit.register(shutil.rmtree, folder)
    line = ["git", "init", "--quiet", "--template=", f"--initial-branch={branch}", str(folder)]
    subprocess.run(line, env=ENVIRONMENT, check=True)
    subprocess.run(["git", "-C", folder, "config", *NO_COLLECTION], env=ENVIRONMENT, check=True)
    return folder / ".git"


class Repository:
    """A repository with a working tree; `git` runs any command in it."""

    def __init__(self, folder: Path, *, branch: str = "main") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / ".git").exists():
            self.git("config", *NO_COLLECTION)
        else:
            shutil.copytree(_empty(branch), folder / ".git")

    def git(self, *arguments: str, stdin: bytes = b"", **environment: str) -> str:
        result = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=ENVIRONMENT | environment,
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr.decode()
        return result.stdout.decode().strip()

    def write(self, files: dict[str, str | bytes | None]) -> None:
        """Text and bytes are written, None removes."""
        for path, content in files.items():
            target = self.folder / path
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    def link(self, path: str, target: str) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    def commit(self, subject: str = "change", files: dict[str, str | bytes | None] | None = None) -> str:
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    @property
    def tree(self) -> str:
        return self.git("rev-parse", "HEAD^{tree}")

    @property
    def store(self) -> str:
        return str(self.folder / ".git")

    def crafted_tree(self, *entries: tuple[str, str, str]) -> str:
        """A tree object that git itself would refuse to make: (mode, name, hash) in the order given."""
        data = b"".join(f"{mode} {name}".encode() + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
        return self.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=data)

    def blob(self, content: str) -> str:
        return self.git("hash-object", "-w", "--stdin", stdin=content.encode())
