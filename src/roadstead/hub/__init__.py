"""The edge of a process that serves: HTTP, logs, metrics. What it serves is operations/serve.

app.py puts the routes together, each file here brings its own; nothing here decides or writes to clusters.
"""
