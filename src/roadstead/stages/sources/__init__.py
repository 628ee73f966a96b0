"""From addresses to a snapshot: which commit each repository is at, and all of its files at hand.

How Git is spoken to is world/git's; what the files say is stages/fleet's.
"""
