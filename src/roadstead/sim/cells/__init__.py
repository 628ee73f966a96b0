"""What stands in the cells of tables, by kind and column, worded as the real server words it.

Each cell is computed from the object and the time now. A column that nobody computes is left to `tables`.
"""

from roadstead.sim.cells import access, objects, places, pods, workloads
from roadstead.sim.cells.parts import Cell, age, field

EVERY: dict[str, Cell] = {
    "Name": field("metadata", "name"),
    "Age": lambda value, now: age(value["metadata"].get("creationTimestamp"), now),
    "Created At": field("metadata", "creationTimestamp"),
}
BY_KIND: dict[str, dict[str, Cell]] = {
    **workloads.CELLS,
    **pods.CELLS,
    **objects.CELLS,
    **places.CELLS,
    **access.CELLS,
}
