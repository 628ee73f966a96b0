"""What a person asks by `demo`: a fleet of simulated clusters, its repository (tree/), and a story told with both.

`playground` makes it and takes it away, `story` says what is told, `teller` tells it. Everything that is shown
really happens: the commands are those that a person would type.
"""
