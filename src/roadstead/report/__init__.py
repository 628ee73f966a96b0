"""Plans, problems, outcomes and statuses as text, markdown and data for JSON or YAML.

Pure: lines with a style name go out, the edge decides about colour and width.
"""
