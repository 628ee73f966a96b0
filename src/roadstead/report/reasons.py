"""The reasons as text for `roadstead explain` and as the reference page."""

from collections.abc import Iterator

from roadstead.model.reasons import REASONS, Category, Reason
from roadstead.report.lines import Line, Style

CATEGORIES = {
    Category.USAGE: "What was asked or written makes no sense; nothing was tried.",
    Category.STALLED: "A person must change something first; trying again does not help.",
    Category.CONFLICT: "The world moved meanwhile; plan again.",
    Category.TRANSIENT: "It may pass by itself and is tried again.",
}


def lines(reason: Reason) -> Iterator[Line]:
    yield Line(f"{reason.name} ({reason.category})", Style.TITLE)
    yield Line(f"  {reason.meaning}")
    yield Line(f"  what to do: {reason.remedy}")
    yield Line(f"  {CATEGORIES[reason.category]}", Style.FAINT)


def markdown() -> str:
    """docs/reference/reasons.md."""
    parts = [
        "# Reasons",
        "",
        "Every problem that Roadstead tells has one of these reasons. Names stay as they are.",
        "`roadstead explain NAME` prints one. Messages have one of two forms:",
        "",
        "    <cluster> <Kind/namespace/name>: <action> failed (<Reason>): <cause>",
        "    <file>:<line>:<column>: <field>: <Reason>: <cause>",
    ]
    for category, meaning in CATEGORIES.items():
        parts += [
            "",
            f"## {category}",
            "",
            meaning,
            "",
            "| reason | meaning | what to do |",
            "| --- | --- | --- |",
        ]
        parts += [
            f"| {reason.name} | {reason.meaning} | {reason.remedy} |"
            for reason in sorted(REASONS.values(), key=lambda reason: reason.name)
            if reason.category is category
        ]
    return "\n".join(parts) + "\n"
