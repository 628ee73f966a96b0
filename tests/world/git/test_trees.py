"""Reading a tree: files, links, mounts; and that nothing outside of it can be read."""

import hashlib
from pathlib import Path

import pytest

from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError
from roadstead.model.snapshot import Mount
from roadstead.world.git import objects, trees
from tests.world.git.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def tree_of(repository: Repository, *mounts: Mount) -> trees.Tree:
    repository.commit()
    return trees.open(repository.store, repository.tree, mounts)


def reason_of(action, *arguments) -> str:
    with pytest.raises(RoadsteadError) as caught:
        result = action(*arguments)
        list(result or ())
    return str(caught.value.problem.reason)


def test_files_and_folders_are_read_as_committed(repository):
    repository.write({"apps/web/a.yaml": "a: 1\n", "apps/web/run.sh": "#!/bin/sh\n", "top.txt": "top"})
    (repository.folder / "apps/web/run.sh").chmod(0o755)
    tree = tree_of(repository)
    repository.write({"apps/web/a.yaml": "a: changed on disk only\n"})
    assert tree.read("apps/web/a.yaml") == b"a: 1\n"
    assert tree.read("./apps//web/../web/a.yaml") == b"a: 1\n"
    assert [(file.path, oct(file.mode)) for file in tree.walk("apps/")] == [
        ("apps/web/a.yaml", "0o100644"),
        ("apps/web/run.sh", "0o100755"),
    ]
    assert [file.path for file in tree.walk("top.txt")] == ["top.txt"]
    assert tree.exists("apps") and tree.is_folder("apps/web") and not tree.is_folder("top.txt")
    assert not tree.exists("apps/none") and not tree.exists("top.txt/below")
    assert tree.oid("apps") == repository.git("rev-parse", "HEAD:apps")
    assert tree.oid() == repository.tree


def test_names_that_are_not_ascii_are_kept(repository):
    repository.write({"größe/日本.yaml": "x"})
    assert [file.path for file in tree_of(repository).walk()] == ["größe/日本.yaml"]


@pytest.mark.parametrize(
    ("patterns", "under", "expected"),
    [
        pytest.param(["fleet/**/*.yaml"], "", ["fleet/a.yaml", "fleet/x/b.yaml", "fleet/x/y/c.yaml"], id="any depth, none included"),
        pytest.param(["fleet/*.yaml"], "", ["fleet/a.yaml"], id="a star stays within a name"),
        pytest.param(["**/c.yaml", "fleet/x/**"], "", ["fleet/x/b.yaml", "fleet/x/y/c.yaml"], id="each file once"),
        pytest.param(["**/*.yaml"], "fleet/x", ["fleet/x/b.yaml", "fleet/x/y/c.yaml"], id="relative to a folder"),
        pytest.param(["./[a-b]?yaml"], "fleet", ["fleet/a.yaml"], id="classes and question marks"),
        pytest.param(["fleet/*/*.yaml"], "", ["fleet/link/b.yaml", "fleet/x/b.yaml"], id="a link is entered where the pattern names its level"),
        pytest.param(["fleet/.hidden.yaml"], "", ["fleet/.hidden.yaml"], id="a hidden file when written"),
        pytest.param(["**/**/**/c.yaml"], "", ["fleet/x/y/c.yaml"], id="repeated stars are one"),
        pytest.param(["fleet/x"], "", [], id="folders are no files"),
        pytest.param(["none/*.yaml"], "nowhere", [], id="nothing"),
    ],
)  # fmt: skip
def test_glob(repository, patterns, under, expected):
    repository.write(
        {"fleet/a.yaml": "1", "fleet/x/b.yaml": "2", "fleet/x/y/c.yaml": "3", "fleet/.hidden.yaml": "4"}
    )
    repository.link("fleet/link", "x")
    assert tree_of(repository).glob(patterns, under=under) == expected


@pytest.mark.parametrize("pattern", ["../*.yaml", "/etc/*", "a/../../b"])
def test_a_pattern_cannot_leave_its_folder(repository, pattern):
    assert reason_of(tree_of(repository).glob, [pattern]) == "OutsideSnapshot"


class TestLinks:
    def test_links_inside_are_followed(self, repository):
        repository.write({"shared/base/b.yaml": "b", "apps/web/own.yaml": "o"})
        repository.link("apps/web/base", "../../shared/base")
        repository.link("apps/web/b.yaml", "base/b.yaml")
        tree = tree_of(repository)
        assert tree.read("apps/web/base/b.yaml") == tree.read("apps/web/b.yaml") == b"b"
        assert [file.path for file in tree.walk("apps")] == [
            "apps/web/b.yaml",
            "apps/web/base/b.yaml",
            "apps/web/own.yaml",
        ]
        assert tree.read("apps/web/base/../base/b.yaml") == b"b"

    @pytest.mark.parametrize(
        ("target", "reason"),
        [
            pytest.param("/etc/passwd", reasons.OUTSIDE_SNAPSHOT, id="absolute"),
            pytest.param("../../../../etc/passwd", reasons.OUTSIDE_SNAPSHOT, id="above the root"),
            pytest.param("../../repository/top", reasons.OUTSIDE_SNAPSHOT, id="out of the root and in again"),
            pytest.param("../.git/config", reasons.FILE_MISSING, id="into the .git folder"),
            pytest.param("nowhere", reasons.FILE_MISSING, id="dangling"),
            pytest.param("bad", reasons.FILE_MISSING, id="to itself"),
        ],
    )
    def test_a_link_that_leads_elsewhere_is_never_followed(self, repository, tmp_path, target, reason):
        repository.write({"top": "t", "apps/good": "g"})
        repository.link("apps/bad", target)
        tree = tree_of(repository)
        assert reason_of(tree.read, "apps/bad") == reason.name
        assert reason_of(tree.copy_out, ["apps"], tmp_path / "out") == reason.name
        assert {file.path: file.mode for file in tree.walk("apps")} == {
            "apps/bad": objects.LINK,
            "apps/good": objects.FILE,
        }

    def test_links_in_circles_end(self, repository, tmp_path):
        repository.write({"a/x/file": "f", "b/file": "g"})
        repository.link("a/x/up", "../..")
        repository.link("a/x/to-b", "../../b")
        repository.link("b/to-a", "../a")
        tree = tree_of(repository)
        assert [(file.path, file.mode == objects.LINK) for file in tree.walk("a")] == [
            ("a/x/file", False),
            ("a/x/to-b/file", False),
            ("a/x/to-b/to-a", True),
            ("a/x/up", True),
        ]
        assert tree.oid("a") != tree.oid("b")

    def test_links_that_multiply_are_stopped(self, repository, monkeypatch):
        monkeypatch.setattr(trees, "MOST_ENTRIES", 1000)
        repository.write({"l9/file": "f"})
        for level in range(9):
            for number in range(10):
                repository.link(f"l{level}/n{number}", f"../l{level + 1}")
        assert reason_of(tree_of(repository).walk, "l0") == "SourceUnreadable"

    def test_a_digest_covers_what_links_lead_to(self, repository):
        repository.write({"shared/s.yaml": "1", "apps/web/own.yaml": "o", "other/file": "1"})
        repository.link("apps/web/base", "../../shared")
        first = tree_of(repository).oid("apps/web")
        repository.write({"other/file": "2"})
        assert tree_of(repository).oid("apps/web") == first
        repository.write({"shared/s.yaml": "2"})
        assert tree_of(repository).oid("apps/web") != first


class TestMounts:
    def test_a_submodule_reads_as_a_folder(self, repository, tmp_path):
        inner = Repository(tmp_path / "inner")
        inner.commit("inner", {"base/b.yaml": "b"})
        repository.link("app", "vendor/inner/base")
        repository.git("update-index", "--add", "--cacheinfo", f"160000,{inner.head},vendor/inner")
        repository.git("add", "app")
        repository.git("commit", "--quiet", "--message", "with a submodule")
        mount = Mount("vendor/inner", inner.store, inner.tree)
        tree = trees.open(repository.store, repository.tree, [mount])
        assert tree.read("vendor/inner/base/b.yaml") == tree.read("app/b.yaml") == b"b"
        assert [file.path for file in tree.walk()] == ["app/b.yaml", "vendor/inner/base/b.yaml"]
        assert tree.glob(["**/*.yaml"]) == ["vendor/inner/base/b.yaml"]
        inner.commit("changed", {"base/b.yaml": "changed, not committed above"})
        changed = trees.open(
            repository.store, repository.tree, [Mount("vendor/inner", inner.store, inner.tree)]
        )
        assert changed.oid() != tree.oid() and changed.oid("vendor") != tree.oid("vendor")

    def test_an_unreadable_submodule_fails_only_what_needs_it(self, repository, tmp_path):
        repository.write({"a.yaml": "a"})
        repository.git("add", "--all")
        repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/inner")
        repository.git("commit", "--quiet", "--message", "with a submodule")
        tree = trees.open(
            repository.store,
            repository.tree,
            [Mount("vendor/inner", "", "", error="no access", reason="SourceUnreadable")],
        )
        assert tree.read("a.yaml") == b"a"
        assert [file.path for file in tree.walk()] == ["a.yaml", "vendor/inner"]
        with pytest.raises(RoadsteadError, match="vendor/inner cannot be read: no access"):
            tree.read("vendor/inner/b.yaml")
        assert reason_of(tree.copy_out, ["vendor"], tmp_path / "out") == "SourceUnreadable"


class TestOutside:
    @pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "//x", "a\0b"])
    def test_no_path_leads_out(self, repository, path):
        repository.write({"a/file": "f"})
        tree = tree_of(repository)
        assert reason_of(tree.read, path) == "OutsideSnapshot"
        assert reason_of(tree.oid, path) == "OutsideSnapshot"

    @pytest.mark.parametrize(
        "name", ["..", ".", ".git", ".GIT", ".Git ", "git~1", ".g\u200cit", "a/b", ".git::$INDEX_ALLOCATION"]
    )
    def test_a_crafted_name_makes_its_folder_unreadable(self, repository, tmp_path, name):
        blob = repository.blob("stolen")
        inner = repository.crafted_tree(("100644", name, blob))
        root = repository.crafted_tree(("40000", "folder", inner), ("100644", "good", blob))
        tree = trees.open(repository.store, root)
        assert tree.read("good") == b"stolen"
        assert reason_of(tree.walk) == "OutsideSnapshot"
        assert reason_of(tree.copy_out, [""], tmp_path / "out") == "OutsideSnapshot"
        assert not (tmp_path / "stolen").exists()

    @pytest.mark.parametrize("name", [".gitignore", ".github", "git", "a:b", "größe", "..a", "git~10"])
    def test_harmless_names_are_read(self, repository, name):
        repository.write({f"folder/{name}": "x"})
        assert tree_of(repository).read(f"folder/{name}") == b"x"


def test_copy_out_writes_plain_files_only(repository, tmp_path):
    repository.write({"shared/run.sh": "#!/bin/sh\n", "apps/web/a.yaml": "a", "apps/other/o.yaml": "o"})
    (repository.folder / "shared/run.sh").chmod(0o755)
    repository.link("apps/web/run", "../../shared/run.sh")
    tree = tree_of(repository)
    tree.copy_out(["apps/web", "apps/web/a.yaml"], tmp_path / "out")
    written = sorted(path for path in (tmp_path / "out").rglob("*") if not path.is_dir())
    assert [str(path.relative_to(tmp_path / "out")) for path in written] == [
        "apps/web/a.yaml",
        "apps/web/run",
    ]
    assert not written[1].is_symlink() and written[1].stat().st_mode & 0o111


def test_objects_that_are_not_there_are_a_problem_with_the_store_named(repository):
    tree = trees.open(repository.store, "1" * 40)
    assert reason_of(tree.read, "a") == "SourceUnreadable"
    assert reason_of(trees.open("/nonexistent", "1" * 40).read, "a") == "SourceUnreadable"


class TestFilesOfLfs:
    CONTENT = b"a: large\n"
    DIGEST = hashlib.sha256(CONTENT).hexdigest()
    POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{DIGEST}\nsize {len(CONTENT)}\n"

    def kept(self, repository: Repository) -> Path:
        """Where git-lfs keeps the content in a checkout."""
        path = repository.folder / ".git/lfs/objects" / self.DIGEST[:2] / self.DIGEST[2:4] / self.DIGEST
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def test_a_pointer_is_never_taken_for_content(self, repository, tmp_path):
        repository.write({"a.yaml": self.POINTER})
        tree = tree_of(repository)
        assert reason_of(tree.read, "a.yaml") == "SourceUnreadable"
        assert reason_of(tree.copy_out, ["a.yaml"], tmp_path / "out") == "SourceUnreadable"

    def test_content_that_the_checkout_has_is_read(self, repository, tmp_path):
        self.kept(repository).write_bytes(self.CONTENT)
        repository.write({"a.yaml": self.POINTER})
        assert tree_of(repository).read("a.yaml") == self.CONTENT
        borrowing = Repository(tmp_path / "borrowing")
        borrowing.git("fetch", "--quiet", str(repository.folder), "HEAD")
        lender = repository.folder / ".git/objects\n"
        (borrowing.folder / ".git/objects/info/alternates").write_text(str(lender))
        tree = trees.open(borrowing.store, repository.tree)
        assert tree.read("a.yaml") == self.CONTENT

    def test_damaged_content_is_none(self, repository):
        self.kept(repository).write_bytes(b"something else")
        repository.write({"a.yaml": self.POINTER})
        assert reason_of(tree_of(repository).read, "a.yaml") == "SourceUnreadable"

    def test_a_text_about_lfs_is_a_text(self, repository):
        repository.write({"a.txt": f"{self.POINTER}\nis what a pointer looks like\n"})
        assert tree_of(repository).read("a.txt").endswith(b"looks like\n")
