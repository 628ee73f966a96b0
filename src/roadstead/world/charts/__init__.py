"""What chart repositories and OCI registries keep: packed charts, as blobs in the cache, and artifacts of
manifests, as Git trees in it."""
