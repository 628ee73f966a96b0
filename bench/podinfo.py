"""The workload of `suites/flux-benchmark`: N times one application of four objects.

As objects for the bare loop, and as a fleet repository in which each application is a bundle of its own
that fills INDEX and MCPU in; MCPU is a variable of the Fleet, so that one line changes all of them.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from roadstead.language import yaml

SUITE = Path(__file__).parents[2] / "shared" / "suites" / "flux-benchmark" / "podinfo.yaml"
KINDS = ("serviceaccounts", "services", "deployments", "ingresses")

_HEAD = "apiVersion: roadstead.dev/v1alpha1\nkind:"


def text() -> str:
    if not SUITE.is_file():
        raise SystemExit("the suite flux-benchmark is not beside this checkout")
    return SUITE.read_text().replace("${PODS:=0}", "0")


def objects(count: int, *, cpu: str) -> Iterator[dict[str, Any]]:
    source = text().replace("${MCPU}", cpu)
    for index in range(1, count + 1):
        yield from yaml.load_all(source.replace("${INDEX}", str(index)))


def write_fleet(folder: Path, *, name: str, count: int, context: str, namespace: str, cpu: str) -> None:
    files = {
        "roadstead.yaml": f"{_HEAD} Fleet\nmetadata: {{name: {name}}}\nspec: {{variables: {{MCPU: {cpu}}}}}\n",
        "fleet/cluster.yaml": f"{_HEAD} Cluster\nmetadata: {{name: {context}}}\nspec: {{}}\n",
        "apps/podinfo/podinfo.yaml": text(),
    }
    for index in range(1, count + 1):
        files[f"fleet/bundles/podinfo-{index}.yaml"] = f"""{_HEAD} Bundle
metadata: {{name: podinfo-{index}}}
spec:
  source: {{path: ../../apps/podinfo}}
  clusters: {{all: true}}
  namespace: {{name: {namespace}}}
  parameters:
    INDEX: {{type: string, default: "{index}"}}
    MCPU: {{type: string}}
"""
    commit(folder, files)


def change_cpu(folder: Path, cpu: str) -> None:
    path = folder / "roadstead.yaml"
    line = path.read_text().partition("MCPU: ")[0] + f"MCPU: {cpu}}}}}\n"
    commit(folder, {"roadstead.yaml": line})


def commit(folder: Path, files: dict[str, str]) -> None:
    """The files with this content, in a new commit of the repository in `folder`, made when it is not there."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    if not (folder / ".git").exists():
        _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message=bench")


def _git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)
