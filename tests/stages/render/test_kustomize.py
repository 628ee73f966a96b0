import shutil
from pathlib import Path

import pytest

from roadstead.model.assignment import Layer, Parameter
from roadstead.model.reasons import OUTSIDE_SNAPSHOT, RENDER_FAILED, TOOL_MISSING
from roadstead.stages.render import build, commands
from tests.stages.render.reading import errors, objects

WEB = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
FILES = {
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": WEB,
    "app/kustomization.yaml": "resources: [../base]\nnamePrefix: my-\n",
}


async def test_a_base_beside_the_folder_is_built(rendering):
    assert list(objects(await rendering(FILES))) == ["Service/default/my-web"]


async def test_a_kustomization_at_the_root_is_built(rendering):
    files = {"kustomization.yaml": "resources: [web.yaml]\n", "web.yaml": WEB}
    assert list(objects(await rendering(files, source=""))) == ["Service/default/web"]


async def test_variables_are_put_in_after_the_build(rendering):
    files = {**FILES, "base/web.yaml": WEB.replace("80", '"${port}"')}
    found = await rendering(
        files, parameters={"port": Parameter("integer")}, layers=(Layer("Fleet", {"port": 81}),)
    )
    assert objects(found)["Service/default/my-web"]["spec"]["ports"] == [{"port": 81}]


async def test_a_file_above_the_kustomizations_folder_is_read_if_it_is_in_the_repository(rendering):
    files = {"app/kustomization.yaml": "resources: [../web.yaml]\n", "web.yaml": WEB}
    assert list(objects(await rendering(files))) == ["Service/default/web"]


async def test_nothing_of_this_machine_gets_into_the_result(rendering, tmp_path):
    secret = tmp_path / "secret.yaml"
    secret.write_text(WEB)
    config = f"apiVersion: builtin\nkind: PatchTransformer\nmetadata: {{name: x}}\npath: {secret}\n"
    files = {
        "app/kustomization.yaml": "resources: [web.yaml, ../more.yaml]\ntransformers: [t.yaml]\n",
        "app/web.yaml": WEB,
        "app/t.yaml": config,
        "more.yaml": WEB.replace("web", "more"),
    }
    (problem,) = errors(await rendering(files))
    assert problem.reason is RENDER_FAILED
    assert "security; file" in problem.cause


async def test_the_message_of_a_failed_build_names_files_of_the_repository_only(rendering):
    (problem,) = errors(await rendering({**FILES, "base/web.yaml": "kind: Service\n"}))
    assert problem.reason is RENDER_FAILED
    assert "missing metadata.name" in problem.cause
    assert "tmp" not in problem.cause


async def test_remote_bases_are_refused(rendering):
    files = {"app/kustomization.yaml": "resources: ['https://github.com/org/repo//deploy?ref=v1']\n"}
    (problem,) = errors(await rendering(files))
    assert problem.reason is OUTSIDE_SNAPSHOT
    assert "https://github.com/org/repo//deploy?ref=v1" in problem.cause


async def test_executables_are_never_run(rendering, tmp_path):
    mark = tmp_path / "was-run"
    config = (
        "apiVersion: v1\nkind: Mine\nmetadata:\n  name: x\n  annotations:\n"
        "    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n"
    )
    files = {
        "app/kustomization.yaml": "generators: [g.yaml]\n",
        "app/g.yaml": config,
        "app/run.sh": f"#!/bin/sh\ntouch {mark}\n",
    }
    assert errors(await rendering(files))
    assert not mark.exists()


async def test_an_unchanged_kustomization_is_not_built_again(rendering, monkeypatch):
    first = await rendering(FILES)
    monkeypatch.setattr("roadstead.stages.render.commands.Command.run", None)
    again = await rendering({**FILES, "unrelated.yaml": "x"})
    assert again.digest == first.digest
    assert objects(again)


async def test_a_changed_base_is_built_again(rendering):
    first = await rendering(FILES)
    changed = await rendering({**FILES, "base/web.yaml": WEB.replace("80", "81")})
    assert changed.digest != first.digest


async def test_the_pinned_version_is_used_or_nothing(rendering):
    assert objects(await rendering(FILES, renderers={"kustomize": "v5.8.1"}))
    (problem,) = errors(await rendering(FILES, renderers={"kustomize": "4.0.0"}))
    assert problem.reason is TOOL_MISSING
    assert problem.cause.startswith("the fleet pins kustomize 4.0.0, found 5.8.1 (")


async def test_a_pinned_version_can_be_the_one_on_the_path(rendering, tmp_path, monkeypatch):
    bundled = next(commands._kustomizes())[0]
    program = tmp_path / "bin" / "kustomize"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo v5.0.1 && exit\nshift\nexec {bundled} kustomize "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    assert objects(await rendering(FILES, renderers={"kustomize": "5.0.1"}))


@pytest.mark.skipif(not shutil.which("kustomize"), reason="no kustomize command on this machine")
async def test_the_users_own_kustomize_gives_the_same(rendering):
    path = Path(shutil.which("kustomize") or "")
    version = commands._kustomize_version(str(path))
    own = await rendering(FILES, renderers={"kustomize": version})
    assert own.digest == (await rendering(FILES)).digest


def test_the_job_is_named_as_it_is_found():
    assert f"{build.job.__module__}:{build.job.__name__}" == build.JOB
