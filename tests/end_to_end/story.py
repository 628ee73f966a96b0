"""A fleet repository and the installed command, for stories told in a few lines.

story = Story(folder, clusters, name)
story.cluster("dev", first, tier="development")
story.bundle("web", files={"web.yaml": deployment("web")}, clusters={"all": True})
await story.roadstead("apply")
"""

import asyncio
import json
import os
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

VERSION = "roadstead.dev/v1alpha1"


class CommandFailed(Exception):
    def __init__(self, ended: "Ended") -> None:
        super().__init__(f"exit code {ended.code}\n{ended.problems}{ended.err}\n{ended.out}")
        self.ended = ended


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def problems(self) -> str:
        """Those of a `-o json` answer, a line each: the first thing to look at in a long one."""
        if not self.out.startswith("{"):
            return ""
        return "".join(f"{one}\n" for one in self.data().get("problems", ()))

    @property
    def told(self) -> str:
        return self.out + self.err

    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Story:
    folder: Path
    kubeconfig: Path
    name: str
    environment: dict[str, str] = field(default_factory=dict)
    contexts: dict[str, str] = field(default_factory=dict)  # by cluster, where the names differ

    def __post_init__(self) -> None:
        self.repository = self.folder / "fleet"
        self.repository.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.fleet()

    def git(self, *arguments: str) -> str:
        import subprocess

        line = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@shop.example", *arguments]
        found = subprocess.run(line, cwd=self.repository, check=True, capture_output=True, text=True)
        return found.stdout.strip()

    def commit(self, message: str = "change") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def write(self, path: str, content: str | list[dict[str, Any]] | dict[str, Any]) -> Path:
        place = self.repository / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            place.write_text(textwrap.dedent(content))
        else:
            documents = content if isinstance(content, list) else [content]
            place.write_text(yaml.safe_dump_all(documents, sort_keys=False))
        return place

    def remove(self, path: str) -> None:
        (self.repository / path).unlink()

    def fleet(self, **spec: Any) -> None:
        limits = {"lostClusters": 1, "lostAssignments": "100%"}
        self.document("Fleet", self.name, {"limits": limits, **spec}, path="roadstead.yaml")

    def cluster(self, name: str, context: str, *, spec: dict[str, Any] | None = None, **labels: str) -> None:
        self.document("Cluster", name, {"access": {"context": context}, **(spec or {})}, labels=labels)

    def bundle(
        self,
        name: str,
        *,
        files: dict[str, Any] | None = None,
        labels: dict[str, str] | None = None,
        **spec: Any,
    ) -> None:
        for path, content in (files or {}).items():
            self.write(f"apps/{name}/{path}", content)
        whole = {"source": {"path": f"../apps/{name}"}, "clusters": {"all": True}, **spec}
        self.document("Bundle", name, whole, labels=labels)

    def document(
        self,
        kind: str,
        name: str,
        spec: dict[str, Any],
        *,
        path: str = "",
        labels: dict[str, str] | None = None,
        **metadata: Any,
    ) -> None:
        whole = {"name": name, **({"labels": labels} if labels else {}), **metadata}
        document = {"apiVersion": VERSION, "kind": kind, "metadata": whole, "spec": spec}
        self.write(path or f"fleet/{kind.lower()}-{name}.yaml", document)

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "roadstead", *arguments),
            cwd=self.repository,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder / "home"),
                "XDG_CACHE_HOME": str(self.folder.parent / "cache"),
                "XDG_STATE_HOME": str(self.folder / "state"),
                "KUBECONFIG": str(self.kubeconfig),
                "COLUMNS": "200",
                **self.environment,
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def ask(self, *arguments: str) -> Ended:
        """Run the command, however it ends."""
        process = await self.start(*arguments)
        out, err = await process.communicate()
        return Ended(process.returncode or 0, out.decode(), err.decode())

    async def ask_until(self, enough: Callable[[Ended], bool], *arguments: str, seconds: int = 8) -> Ended:
        """Run what ends with its `--timeout` only, with more time until that was enough: on a busy machine
        the first may be over before the command came to what the test is about."""
        for patience in (seconds, 4 * seconds, 16 * seconds):
            ended = await self.ask(*arguments, "--timeout", f"{patience}s")
            if enough(ended):
                break
        return ended

    async def roadstead(self, *arguments: str) -> Ended:
        """Run the command; anything but success is an error of the test."""
        ended = await self.ask(*arguments)
        if ended.code:
            raise CommandFailed(ended)
        return ended


def config_map(name: str, namespace: str, **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def deployment(name: str, namespace: str, *, replicas: int = 1, image: str = "web:1") -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "main", "image": image}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }
