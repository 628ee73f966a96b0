"""The whole way: push, webhook, applied, edited by kubectl, alerted, corrected, on the record."""

import base64
import hashlib
import hmac
import subprocess

from tests.controlplane.kubectl import kubectl
from tests.end_to_end import hubs
from tests.end_to_end.story import Story, config_map, namespace
from tests.world.notify import receiving

KEY = b"0123456789abcdef0123456789abcdef"


def is_signed(got):
    body = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    expected = base64.b64encode(hmac.new(KEY, body, hashlib.sha256).digest()).decode()
    return got.headers["webhook-signature"] == f"v1,{expected}"


async def test_an_edit_behind_gits_back_is_told_to_a_receiver_corrected_and_on_the_record(
    clusters, tmp_path, unique
):
    [cluster] = clusters(1)
    story = Story(tmp_path, cluster.kubeconfig, unique)
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
    (tmp_path / "secrets").mkdir()
    async with receiving.receiver() as receiver:
        (tmp_path / "secrets/hook-url").write_text(f"{receiver.address}/alerts")
        (tmp_path / "secrets/hook-key").write_text(f"whsec_{base64.b64encode(KEY).decode()}")
        story.cluster("only", cluster.name)
        to = [{"webhook": {"url": {"secret": "hook-url"}, "key": {"secret": "hook-key"}}}]
        story.document(
            "Alert", "drift", {"on": ["drift"], "clusters": {"all": True}, "gather": "1s", "to": to}
        )
        story.bundle("web", files={"all.yaml": [namespace(unique)]})
        story.commit()
        story.git("push", "--quiet", str(remote), "main")
        flags = ("--interval", "1h", "--branch", "main", "--secrets", str(tmp_path / "secrets"))
        database = f"sqlite:///{tmp_path / 'alerts.db'}"
        async with hubs.running(story, *flags, "--database", database, fleet=f"file://{remote}") as hub:
            await hub.event("applied", bundle="web")

            story.write("apps/web/all.yaml", [namespace(unique), config_map("a", unique, x="1")])
            commit = story.commit()
            story.git("push", "--quiet", str(remote), "main")
            mark = hub.mark
            assert await hub.hook() == 202
            assert commit.startswith((await hub.event("applied", mark, bundle="web"))["commit"])
            assert await value(cluster, unique) == "1"

            await kubectl(cluster.kubeconfig, cluster.name, "-n", unique, "patch", "cm", "a",
                          "--type=merge", "-p", '{"data":{"x":"mine"}}')  # fmt: skip
            await hub.event("drift-resolved", mark)
            assert await value(cluster, unique) == "1"

            [got] = await receiver.until(1)
            assert is_signed(got)
            told = got.json["data"]
            assert (got.path, told["kind"], told["over"], told["count"]) == ("/alerts", "drift", True, 1)
            [item] = told["items"]
            assert (item["cluster"], item["object"]) == ("only", f"ConfigMap/{unique}/a")
            assert (item["actor"], item["data"]["fields"][0]["live"]) == ("kubectl-patch", "mine")
            assert await hub.end() == 0

        verified = await story.roadstead("audit", "verify", "--database", database)
        assert verified.code == 0
        shown = await story.roadstead(
            "audit", "show", "--database", database, "--object", f"ConfigMap/{unique}/a"
        )
        assert "kubectl-patch" in shown.out


async def value(cluster, space):
    return await kubectl(
        cluster.kubeconfig, cluster.name, "-n", space, "get", "cm", "a", "-o", "jsonpath={.data.x}"
    )
