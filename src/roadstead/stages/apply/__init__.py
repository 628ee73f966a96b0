"""The only stage that writes to clusters: `preview` asks by dry runs, `step` does what a plan says."""

from roadstead.stages.apply.cluster import Cluster
from roadstead.stages.apply.keeping import mark, remember
from roadstead.stages.apply.previewing import AtHand, preview
from roadstead.stages.apply.run import Rules
from roadstead.stages.apply.stepping import announce, due, is_idle, step

__all__ = ["AtHand", "Cluster", "Rules", "announce", "due", "is_idle", "mark", "preview", "remember", "step"]
