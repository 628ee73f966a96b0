"""What no schema says: defaults and draws that depend on other fields, and the rules that users meet.

`names` for names and labels, `pods` for everything with a pod template, `services` for Services; `table` says
which apply to which kind.
"""
