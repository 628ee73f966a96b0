"""The documents that people write, one class per kind: the only place that knows their form.

Pydantic models, so that JSON Schema and the reference page come from the same text as the checks.
Which documents fit together is check's business, what they mean for clusters resolve's.
"""

from roadstead.stages.fleet.documents.alert import Alert
from roadstead.stages.fleet.documents.bundle import Bundle, Deletion, Drift, HealthRule, Namespace, Values
from roadstead.stages.fleet.documents.cluster import Cluster, Profile
from roadstead.stages.fleet.documents.fields import API_VERSION, FORMATS, Spec
from roadstead.stages.fleet.documents.fleet import DeletionDefaults, DriftDefaults, Fleet
from roadstead.stages.fleet.documents.governance import Policy, Team
from roadstead.stages.fleet.documents.hold import Hold
from roadstead.stages.fleet.documents.parts import Clusters, OtherVersion
from roadstead.stages.fleet.documents.rollout import Rollout
from roadstead.stages.fleet.documents.source import Allow, Pin, Source

AnyDocument = Fleet | Cluster | Profile | Bundle | Source | Pin | Rollout | Hold | Policy | Team | Alert

KINDS: dict[str, type[AnyDocument]] = {
    "Fleet": Fleet,
    "Cluster": Cluster,
    "Profile": Profile,
    "Bundle": Bundle,
    "Source": Source,
    "Pin": Pin,
    "Rollout": Rollout,
    "Hold": Hold,
    "Policy": Policy,
    "Team": Team,
    "Alert": Alert,
}

__all__ = [
    "API_VERSION",
    "FORMATS",
    "KINDS",
    "Alert",
    "Allow",
    "AnyDocument",
    "Bundle",
    "Cluster",
    "Clusters",
    "Deletion",
    "DeletionDefaults",
    "Drift",
    "DriftDefaults",
    "Fleet",
    "HealthRule",
    "Hold",
    "Namespace",
    "OtherVersion",
    "Pin",
    "Policy",
    "Profile",
    "Rollout",
    "Source",
    "Spec",
    "Team",
    "Values",
]
