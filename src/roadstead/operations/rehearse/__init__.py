"""What a person asks by `rehearse`: carry a change out on simulated copies of the fleet's own clusters.

`taking` reads what a copy needs, `snapshot` keeps it in a file, `copies` makes clusters of it, `running` lets the
engine work on them while time is turned forward. To the real clusters nothing is sent but reads, by `taking`.
"""
