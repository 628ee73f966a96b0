"""Charts from chart repositories and OCI registries, as packed files in the cache, named by their sha256."""
