"""The functions that Kubernetes adds to CEL, one file a library. Their declarations are plain data: nothing
here imports the CEL library. What is missing, and why, stands in cel.py."""
