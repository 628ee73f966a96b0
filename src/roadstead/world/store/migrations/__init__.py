"""Steps from one version of the tables to the next: a file each in versions/, never changed once released."""

KNOWN = ("0001", "0002")  # in order
HEAD = KNOWN[-1]
