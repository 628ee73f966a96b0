"""Runs lines of kubectl against a server and makes what they print comparable."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path

FILES = Path(__file__).with_name("files")
TIMEOUT = 240.0
SETTLING = 1.0  # seconds
AS_USUAL = {"as": "admin", "editor": "false", "input": ""}


@dataclass(frozen=True, slots=True)
class Side:
    """One server. `kubeconfig` has the contexts admin and viewer; beside it is what kubectl remembers."""

    kubectl: Path
    kubeconfig: Path
    url: str

    async def run(self, lines: list[str], namespace: str) -> str:
        """A transcript: what was asked, printed and how it ended, without what differs from run to run."""
        told, said = "", dict(AS_USUAL)
        for line in lines:
            option, _, value = line.partition(": ")
            if option in AS_USUAL:
                said[option] = value.replace("NAMESPACE", namespace)
                continue
            words = shlex.split(line.replace("NAMESPACE", namespace))
            code, output, complaint = await self._run(words, namespace, said)
            complaint = "".join(f"! {each}\n" for each in _in_order(complaint.splitlines()))
            output = _sorted(output) if "--raw" in words else output
            told += f"$ kubectl {line}\n{self._plain(output + complaint, namespace)}= {code}\n"
            said = dict(AS_USUAL)
        return told

    async def watched(self, line: str, name: str, changes: list[str], namespace: str) -> str:
        """What a watch prints of the object `name`, once for each of the lines that run meanwhile."""
        process = await self._started([*shlex.split(line), "-v=6"], namespace, AS_USUAL)
        assert process.stdout is not None and process.stderr is not None
        told, mention = b"", re.compile(rf"\b{name}\b".encode())
        try:
            async with asyncio.timeout(TIMEOUT):
                while not {b"watch=true", b"200"} <= _words(await process.stderr.readline()):
                    assert process.returncode is None, "it ended"
                for number, change in enumerate(changes, 1):
                    await self.run([change], namespace)
                    while len(mention.findall(told)) < number:
                        piece = await process.stdout.read(1 << 16)
                        assert piece, "it ended"
                        told += piece
                await asyncio.sleep(SETTLING)  # whatever else it would print
        finally:
            process.terminate()
            rest, _ = await process.communicate()
        return self._plain((told + rest).decode(), namespace)

    async def _run(self, words: list[str], namespace: str, said: dict[str, str]) -> tuple[int, str, str]:
        process = await self._started(words, namespace, said)
        try:
            async with asyncio.timeout(TIMEOUT):
                output, complaint = await process.communicate(said["input"].encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode is not None
        return process.returncode, output.decode(), complaint.decode()

    async def _started(
        self, words: list[str], namespace: str, said: dict[str, str]
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            self.kubectl,
            f"--context={said['as']}",
            f"--namespace={namespace}",
            *words,
            cwd=FILES,
            env={
                **{key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ},
                "HOME": str(self.kubeconfig.parent),
                "KUBECONFIG": str(self.kubeconfig),
                "KUBE_EDITOR": said["editor"],
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    def _plain(self, text: str, namespace: str) -> str:
        for found, name in (
            (self.url, "URL"),
            (str(self.kubeconfig.parent), "HOME"),
            (namespace, "NAMESPACE"),
        ):
            text = text.replace(found, name)
        for pattern, name in VARYING:
            text = pattern.sub(name, text)
        return text


def _sorted(text: str) -> str:
    """JSON in one order: that of its fields says nothing."""
    try:
        return json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"
    except ValueError:
        return text


def _in_order(lines: list[str]) -> list[str]:
    """The causes of a refusal come as they like."""
    causes = iter(sorted(line for line in lines if line.startswith("* ")))
    return [next(causes) if line.startswith("* ") else line for line in lines]


def _words(said: bytes) -> set[bytes]:
    return set(re.findall(rb"watch=true|\b200\b", said))


def _pattern(written: str) -> re.Pattern[str]:
    return re.compile(written, re.MULTILINE)


VARYING = [
    (_pattern(r"^! [IWE]\d{4} [\d:.]+ +\d+ [\w.]+:\d+\]"), "! LOG"),
    (_pattern(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC"), "TIME"),
    (_pattern(r"(?<=Resource Version:) +\d+"), " VERSION"),
    (_pattern(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UID"),
    (_pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (_pattern(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4}"), "TIME"),
    (_pattern(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "TIME"),
    (_pattern(r'(resourceVersion"?: ?)"\d+"'), r'\1"VERSION"'),
    (_pattern(r"\b10(\.\d+){3}\b"), "ADDRESS"),
    (_pattern(r"\b3[0-2]\d{3}\b"), "PORT"),
    (_pattern(r"(?<![\w:=])(\d+(s|m\d+s|m)|\d+d(\d+h)?)\b"), "AGE"),
    (_pattern(re.escape(tempfile.gettempdir()) + r"/\S+"), "FILE"),
    (_pattern(r"(?<=web-)[bcdfghjklmnpqrstvwxz2456789]{6,10}\b"), "HASH"),
    (_pattern(r"(?<=pod-template-hash[:=])( ?)\w+"), r"\1HASH"),
    (_pattern(r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b"), "-RANDOM"),
    (_pattern(r" {2,}"), "  "),
    (_pattern(r"[ \t]+$"), ""),
]


def table(name: str) -> dict[str, list[str]]:
    """The lines of each sentence of a file beside this one."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in Path(__file__).with_name(name).read_text().splitlines():
        if line.startswith("    "):
            lines.append(line.strip())
        elif line and not line.startswith("#"):
            assert line not in found, line
            lines = found[line] = []
    return found
