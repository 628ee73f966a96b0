"""Turn assignments into manifests.

`render.render` is the stage. A render has two keys (design.md section 5): *build* runs a renderer
(plain files, Kustomize, Helm) on the files it can reach, *bind* fits the built objects to a cluster.
Both run in worker processes and are cached; objects without placeholders are shared over the fleet.
"""
