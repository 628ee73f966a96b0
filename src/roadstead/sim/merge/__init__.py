"""Server-side apply: typed merging of objects and who owns which of their fields.

Pure. `types` says how lists and maps merge; `fields` are sets of paths in the form that managedFields stores;
`pathing`, `contents`, `comparing`, `combining`, `removing` and `checking` walk objects; `managing` puts them
together into the two operations of an API server, apply and update.
"""
