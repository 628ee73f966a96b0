"""What to tell whom, and what of it not: pure, over events that wait and what was told before.

`matching` finds the Alerts that an event concerns, `subjects` what is over when, `deciding` groups what waits into
messages and leaves out what is known, `limiting` keeps a receiver from being flooded, `wording` finds the words,
`progress` judges how a commit stands. Clocks, the store and sending are the engine's and world/notify's.
"""
