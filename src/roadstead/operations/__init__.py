"""A person's verbs: what the command line calls, and later the hub and the agent."""
