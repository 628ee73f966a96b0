"""One Git repository: the git command for everything that goes over a network or into a working tree, pygit2
for reading objects.

Knows nothing of fleets. Nothing here writes to a repository of the user's: what is fetched or hashed goes to
bare repositories of our own in the cache folder.
"""
