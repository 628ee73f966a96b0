"""Reads the merge schemas of the external suite into our types."""

from typing import Any

from roadstead.sim.merge.types import ListType, MapType, Type


def load(document: dict[str, Any], version: str) -> Type:
    named = {each["name"]: each for each in document["schema"]["types"]}
    made: dict[tuple[str, str], Type] = {}

    def reference(ref: dict[str, Any]) -> Type:
        relationship = ref.get("elementRelationship", "")
        if "namedType" not in ref:
            return fill(Type(), ref.get("type", ref), relationship)
        key = (ref["namedType"], relationship)
        if key not in made:
            made[key] = Type()
            fill(made[key], named[ref["namedType"]], relationship)
        return made[key]

    def fill(kind: Type, atom: dict[str, Any], relationship: str) -> Type:
        kind.scalar = atom.get("scalar", "")
        if "list" in atom:
            part = atom["list"]
            element = reference(part["elementType"])
            atomic = (relationship or part["elementRelationship"]) == "atomic"
            kind.list = ListType(element, atomic, tuple(part.get("keys", ())), defaults(part))
        if "map" in atom:
            part = atom["map"]
            fields = {each["name"]: reference(each["type"]) for each in part.get("fields", ())}
            element = reference(part["elementType"]) if "elementType" in part else None
            kind.map = MapType(fields, element, (relationship or part.get("elementRelationship")) == "atomic")
        return kind

    def defaults(part: dict[str, Any]) -> dict[str, Any]:
        element = part["elementType"]
        element = named[element["namedType"]] if "namedType" in element else element
        known = {each["name"]: each for each in element.get("map", {}).get("fields", ())}
        keys = part.get("keys", ())
        return {key: known[key]["default"] for key in keys if "default" in known.get(key, {})}

    root = document["type"]
    return reference({"namedType": root if root in named else version})
