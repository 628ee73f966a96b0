"""Who asks a hub, and what they may do: tokens, logins by OpenID Connect, sessions, roles.

document.py has the form of the --access file, rules.py what it means, file.py keeps it current; tokens.py, oidc.py
and sessions.py each tell who shows something; identity.py asks them in turn and gate.py stands before all routes.
What a role allows is model/person.py's; which role an act takes is said where the act is.
"""
