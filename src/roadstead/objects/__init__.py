"""Kubernetes objects as plain values: what they are, who owns them, how they do, how they differ.

Pure: no I/O, no clock. Values come in as the API server or a renderer gave them and are never changed in
place. Asking and writing is world/kube; what follows from all this is decided in the stages.
"""
