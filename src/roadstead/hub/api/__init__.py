"""The reading side of the API, under /api/v1: one file a resource, all of them listed in routes.py.

A resource says once what may be asked (a struct of parameters) and what is answered (a struct): requests are checked
by it and the description at /api/v1/openapi.json is made of it. resource.py answers requests, parameters.py reads
what was asked, answering.py writes; what went wrong is hub/problems. Nobody is answered about what lies outside of
their scope, which every question to the store takes along. Acts are actions.py.
"""
