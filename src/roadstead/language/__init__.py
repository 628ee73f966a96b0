"""The languages of the field, pure: YAML and JSON as Kubernetes reads them, CEL, selectors, patches, variables.

Values in, values out: no clock, no file, no network, and no knowledge of what an object is (objects/) or of
fleet documents (stages/fleet). Values are shared between inputs and results, so nobody edits them in place.
"""
