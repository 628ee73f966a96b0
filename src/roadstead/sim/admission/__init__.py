"""What the API server asks of a write beside validation: LimitRanges, admission policies, ResourceQuotas.

`changing` says what admission makes of an object before it is validated, `checking` who refuses it afterwards; each
other module is one of those who are asked. Nothing here stores anything, and where a cluster has none of their
objects they cost a look into the store.
"""
