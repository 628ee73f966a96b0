"""The renderers, in the order in which they are asked whether a folder is theirs.

A further one is a module with the names of `source.Renderer`, and a row here.
"""

from roadstead.stages.render import helm, kustomize, plain
from roadstead.stages.render.source import Renderer
from roadstead.world.git import trees

TABLE: tuple[Renderer, ...] = (kustomize, helm, plain)
BY_NAME = {renderer.NAME: renderer for renderer in TABLE}


def of(tree: trees.Tree, path: str) -> Renderer:
    return next(renderer for renderer in TABLE if renderer.detects(tree, path))
