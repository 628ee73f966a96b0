"""The reference page is what the models say."""

from pathlib import Path

from roadstead.stages.fleet import documents, reference

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "documents.md"


def test_the_page_is_current():
    written = PAGE.read_text()
    assert written == reference.render(), (
        "write it anew: python -m roadstead.stages.fleet.reference > docs/reference/documents.md"
    )


def test_every_kind_has_its_section():
    page = reference.render()
    assert [kind for kind in documents.KINDS if f"\n## {kind}\n" not in page] == []
