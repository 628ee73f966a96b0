"""Helm itself, in two forms with equal results: the library in this process, or the helm command.

Both render a chart that lies in a folder or archive with the values given, and ask no cluster. Which of the
texts are objects, hooks or tests is helm.py's business.
"""

import functools
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from roadstead.model import errors
from roadstead.model.errors import Problem
from roadstead.model.reasons import RENDER_FAILED, TOOL_MISSING, Reason
from roadstead.stages.render import commands
from roadstead.world.blobs import Blobs

_SOURCE = re.compile(r"^# Source: (.+)$", re.MULTILINE)
_UNKNOWN_VERSION = "1.37.0"  # for charts that ask for none


class Release(Struct, frozen=True):
    """`version` is the cluster's, "1.37.2"; `apis` are "apps/v1" and "apps/v1/Deployment"."""

    name: str
    namespace: str
    values: Mapping[str, Any]
    version: str = ""
    apis: Sequence[str] = ()


class Engine(Protocol):
    @property
    def version(self) -> str: ...

    def render(self, chart: Path, release: Release) -> list[tuple[str, str]]:
        """(path in the chart, text) of each template that gave any, and of each file in crds/."""


def find(pin: str, blobs: Blobs) -> Engine:
    """The engine of the pinned version; the library where nothing is pinned."""
    library = _library_version(blobs)
    if pin.removeprefix("v") in ("", library):
        return Library(library)
    command = commands.helm(pin, blobs)
    if command:
        return Program(command)
    cause = f"the fleet pins helm {pin.removeprefix('v')}, found {library}"
    hint = f"install helm {pin.removeprefix('v')} on this machine, or set spec.renderers.helm in the Fleet"
    raise errors.error(Problem(TOOL_MISSING, cause, hint))


def _library_version(blobs: Blobs) -> str:
    """Loading the library takes 0.1 s and 55 MB: not for a chart that is in the cache."""
    from importlib import metadata  # here, as it takes a tenth of a worker's start

    key = f"helm in helm-python-sdk {metadata.version('helm-python-sdk')}"
    known = blobs.kept(key)
    if known is None:
        import helm_python

        known = helm_python.helm_sdk_version().removeprefix("v").encode()
        blobs.keep(key, known)
    return known.decode()


class Library(Struct, frozen=True):
    version: str

    def render(self, chart: Path, release: Release) -> list[tuple[str, str]]:
        import helm_python

        try:
            with helm_python.Chart.load(chart) as loaded:
                self._check(loaded, release)
                rendered = _render(loaded, release)
                crds = [(crd["filename"], crd["data"]) for crd in loaded.crds]
        except helm_python.HelmError as cause:
            raise _failed(str(cause)) from cause
        return crds + [
            (name, text) for name, text in rendered.items() if text.strip() and not name.endswith("NOTES.txt")
        ]

    def _check(self, chart: Any, release: Release) -> None:
        """What Helm checks outside of its engine."""
        metadata = chart.metadata
        if metadata.get("type") == "library":
            raise _failed("a library chart is no application: it can only be part of another chart")
        missing = {one["name"] for one in metadata.get("dependencies") or ()}
        missing -= {one["name"] for one in chart.dependencies}
        if missing:
            cause = (
                f"dependencies are not in the chart's folder charts/, missing {', '.join(sorted(missing))}"
            )
            hint = "run `helm dependency build` in the chart's folder and commit what it writes to charts/"
            raise _failed(cause, hint)
        wanted = metadata.get("kubeVersion")
        version = release.version or _UNKNOWN_VERSION
        if wanted and not _satisfies(version, wanted):
            hint = "use another version of the chart for this cluster"
            raise _failed(f"the chart needs Kubernetes {wanted}, found {version}", hint)


def _render(chart: Any, release: Release) -> dict[str, str]:
    """As Chart.render, whose signature lacks what the library knows of clusters."""
    from helm_python import _native

    options = {
        "name": release.name,
        "namespace": release.namespace,
        "is_install": True,
        "kube_version": release.version or _UNKNOWN_VERSION,
        "api_versions": list(release.apis),
    }
    written = _native.call_string(
        "helm_render", chart._raw(), json.dumps(dict(release.values)), json.dumps(options)
    )
    rendered: dict[str, str] = json.loads(written)
    return rendered


@functools.cache
def _satisfies(version: str, constraint: str) -> bool:
    """Asked from the library by a chart of one line, so that both understand the same."""
    import helm_python

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "templates").mkdir()
        (Path(folder) / "Chart.yaml").write_text('{"apiVersion": "v2", "name": "ask", "version": "1.0.0"}')
        template = '{{ semverCompare .Values.constraint (printf "v%s" .Values.version) }}'
        (Path(folder) / "templates/answer.yaml").write_text(template)
        with helm_python.Chart.load(folder) as chart:
            answer = chart.render({"constraint": constraint, "version": version.removeprefix("v")})
    return "true" in answer["ask/templates/answer.yaml"]


class Program(Struct, frozen=True):
    command: commands.Command

    @property
    def version(self) -> str:
        return self.command.version

    def render(self, chart: Path, release: Release) -> list[tuple[str, str]]:
        with tempfile.TemporaryDirectory() as folder:
            values = Path(folder) / "values.json"
            values.write_text(json.dumps(dict(release.values)))
            options = ["--namespace", release.namespace, "--values", str(values), "--include-crds"]
            options += ["--kube-version", release.version or _UNKNOWN_VERSION]
            options += [word for api in release.apis for word in ("--api-versions", api)]
            written = self.command.run("template", release.name, str(chart), *options, cwd=Path(folder))
        return list(_sources(written))


def _sources(written: str) -> Iterator[tuple[str, str]]:
    starts = [*_SOURCE.finditer(written)]
    ends = [start.start() for start in starts[1:]] + [len(written)]
    for start, end in zip(starts, ends, strict=True):
        yield start[1].strip(), written[start.end() : end].removesuffix("---\n")


def _failed(cause: str, hint: str = "", reason: Reason = RENDER_FAILED) -> errors.RoadsteadError:
    return errors.error(Problem(reason, cause.strip(), hint or reason.remedy))
