"""The roles that docs/access.md tells people to copy, given to a user of a test's cluster."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.cluster import Cluster
from tests.controlplane.direct import RequestFailed

_PAGE = Path(__file__).parents[2] / "docs" / "access.md"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_PLURALS = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "Role": "roles",
    "RoleBinding": "rolebindings",
}


async def grant(cluster: Cluster, section: str, user: str) -> None:
    """What the section's YAML grants. No controller fills the role `view` here, so its part stands for it."""
    text = _PAGE.read_text().split(f"## {section}")[1]
    found = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert found
    for document in yaml.safe_load_all(found[1]):
        if document["kind"] == "Namespace":
            path = "/api/v1/namespaces"
        else:
            namespace = document["metadata"].get("namespace")
            place = f"{_RBAC}/namespaces/{namespace}" if namespace else _RBAC
            path = f"{place}/{_PLURALS[document['kind']]}"
            _for(document, user)
        try:
            await cluster.request("POST", path, document)
        except RequestFailed as error:
            if error.status != 409:  # of another test
                raise


def _for(document: dict[str, Any], user: str) -> None:
    if "subjects" in document:
        document["metadata"]["name"] += f"-{user}"
        document["subjects"][0]["name"] = user
    if document.get("roleRef", {}).get("name") == "view":
        document["roleRef"]["name"] = "system:aggregate-to-view"
