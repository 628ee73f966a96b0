"""The made-up nodes of a cluster, how long their pods take to be ready, and which images fail there.

Without nodes pods stay pending, as on an API server whose cluster has none.
"""

import itertools
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct, field

Value = dict[str, Any]

NODES = ("", "nodes")


class Way(StrEnum):
    """How an image fails."""

    PULL = "pull"  # it cannot be pulled
    CRASH = "crash"  # its process ends at once, again and again
    UNREADY = "unready"  # it runs and never gets ready


class Failing(Struct, frozen=True):
    """Images whose name matches the pattern: `*:broken`, `registry.example.com/shop/*`."""

    pattern: str
    way: Way = Way.PULL


class Machines(Struct):
    nodes: int = 3
    ready_after: float = 2.0  # seconds from a pod's creation
    failing: tuple[Failing, ...] = ()
    begun: dict[str, datetime] = field(default_factory=dict)  # by uid: since when a pod is on its node
    ends: dict[str, datetime] = field(default_factory=dict)  # by uid: since when it is told to end
    waiting: set[tuple[str, str]] = field(default_factory=set)  # pods that need what is not there
    _places: Iterator[int] = field(default_factory=itertools.count)
    _addresses: Iterator[int] = field(default_factory=itertools.count)
    _balancers: Iterator[int] = field(default_factory=itertools.count)

    def names(self) -> list[str]:
        return [f"node-{number}" for number in range(1, self.nodes + 1)]

    def fails(self, image: str) -> Way | None:
        return next((each.way for each in self.failing if fnmatchcase(image, each.pattern)), None)

    def place(self) -> str:
        """A node for the next pod, in turns."""
        number = next(self._places)
        return f"node-{number % self.nodes + 1}"

    def balancer(self) -> int:
        return next(self._balancers)

    def address(self) -> str:
        number = next(self._addresses)
        return f"10.{244 + number // 62500 % 10}.{number // 250 % 250}.{number % 250 + 2}"


def node(name: str, number: int, *, version: str, now: str) -> Value:
    amounts = {"cpu": "8", "memory": "32Gi", "ephemeral-storage": "100Gi", "pods": "110"}
    told = {
        "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
    }
    conditions = [
        {
            "type": sort,
            "status": said,
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }
        for sort, (said, reason, message) in told.items()
    ]
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
    }
    info = {
        "architecture": "amd64",
        "containerRuntimeVersion": "simulated://1",
        "kernelVersion": "simulated",
        "kubeletVersion": version,
        "kubeProxyVersion": "",
        "machineID": name,
        "operatingSystem": "linux",
        "osImage": "simulated",
        "bootID": name,
        "systemUUID": name,
    }
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"podCIDR": f"10.244.{number}.0/24", "podCIDRs": [f"10.244.{number}.0/24"]},
        "status": {
            "capacity": amounts,
            "allocatable": amounts,
            "conditions": conditions,
            "addresses": [
                {"type": "InternalIP", "address": host_address(name)},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": info,
        },
    }


def host_address(name: str) -> str:
    return f"192.168.0.{int(name.rpartition('-')[2]) + 1}"
