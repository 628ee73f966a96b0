"""Broken worlds: one clear message each, an exit code, and nothing lost.

A shop runs on two clusters before each of these. Something breaks, the command runs, and afterwards
everything of the shop is still there, untouched.
"""

import base64
import os
import secrets
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from tests.controlplane.authority import Authority
from tests.end_to_end import access, fronting, hooking
from tests.end_to_end.standing import Base, more
from tests.end_to_end.story import Story, config_map, deployment, namespace


def altered(base: Base, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Another kubeconfig, in which prod's cluster and user are changed."""
    config = yaml.safe_load(base.dev.kubeconfig.read_text())
    [cluster] = [one["cluster"] for one in config["clusters"] if one["name"] == base.prod.name]
    [user] = [one["user"] for one in config["users"] if one["name"] == base.prod.name]
    change(cluster, user)
    path = base.story.folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    base.story.environment["KUBECONFIG"] = str(path)


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def stranger(cluster, user):
    pair = Authority("stranger").client("admin", "system:masters")
    user["client-certificate-data"] = encoded(pair.certificate)
    user["client-key-data"] = encoded(pair.key)


def bad_token(cluster, user):
    user.clear()
    user["token"] = "a-token-of-old"


def wrong_authority(cluster, user):
    cluster["certificate-authority-data"] = encoded(Authority("stranger").certificate)


UNREACHED = [
    pytest.param(bad_token, "(Unauthorized): ", "renew the token", id="a token that is not accepted"),
    pytest.param(stranger, "(Unauthorized): ", "certificate", id="a client certificate that is not accepted"),
    pytest.param(wrong_authority, "(CertificateInvalid): ", "set certificate-authority", id="a server that another authority signed"),
    pytest.param(lambda cluster, user: cluster.update(server="https://127.0.0.1:9"), "(Unreachable): https://127.0.0.1:9: connection refused", "check the network", id="a server that is gone"),
    pytest.param(lambda cluster, user: cluster.update(server="https://nowhere.invalid"), "(Unreachable): https://nowhere.invalid: the name does not resolve", "check the name and DNS", id="a name that does not resolve"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected", "hint"), UNREACHED)
async def test_a_cluster_that_lets_nobody_in_is_told_and_costs_the_others_nothing(
    base, shop, change, expected, hint
):
    altered(base, change)
    name = f"new-{secrets.token_hex(2)}"
    more(shop, config_map(name, shop.name))
    found = await shop.ask("apply")
    assert found.code == 1
    assert "a-token-of-old" not in found.told
    lines = found.out.splitlines()
    [line] = [number for number, text in enumerate(lines) if "error: " in text]
    assert lines[line].startswith("error: prod: get /version failed ") and expected in lines[line]
    assert lines[line + 1].startswith("  hint: ") and hint in lines[line + 1]
    assert f"dev shop: created ConfigMap/{shop.name}/{name}" in found.err
    assert "on 1 cluster" in lines[-1]


async def test_a_context_that_is_missing_is_told_with_the_nearest_name(base, shop):
    shop.cluster("prod", f"{base.prod.name}x", tier="production")
    found = await shop.ask("apply")
    assert found.code == 1
    assert f"error: prod: ContextMissing: no context '{base.prod.name}x' in " in found.out
    assert f"hint: did you mean {base.prod.name}?" in found.out
    assert "3 unchanged on 1 cluster" in found.out


async def test_a_server_that_hangs_is_given_up_in_time_and_costs_the_others_nothing(base, shop, own_clusters):
    """Before it hangs: a client certificate that the server's own authority signed, and that has expired."""
    plane = own_clusters(1)
    [own] = plane.clusters

    def expired(cluster, user):
        pair = plane.shared.authority.client("admin", "system:masters", lifetime=timedelta(hours=-1))
        cluster |= {"server": own.url, "certificate-authority-data": encoded(own.authority)}
        user |= {
            "client-certificate-data": encoded(pair.certificate),
            "client-key-data": encoded(pair.key),
        }

    def valid(cluster, user):
        expired(cluster, user)
        user |= {
            "client-certificate-data": encoded(own.admin.certificate),
            "client-key-data": encoded(own.admin.key),
        }

    altered(base, expired)
    refused = await shop.ask("apply", "-c", "prod")
    assert refused.code == 1
    assert "error: prod: get /version failed (Unauthorized)" in refused.out
    altered(base, valid)
    own.pause()
    more(shop, config_map("while-it-hangs", shop.name))
    found = await shop.ask_until(lambda ended: "(Unreachable): " in ended.out, "apply")
    own.resume()
    assert found.code == 1
    assert "error: prod: " in found.out and "(Unreachable): " in found.out and " within " in found.out
    assert await base.dev.request("GET", f"/api/v1/namespaces/{shop.name}/configmaps/while-it-hangs")


async def test_a_right_that_is_missing_for_one_kind_is_named_and_the_rest_is_applied(base, shop):
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": shop.name},
        "rules": [],
    }
    more(shop, role, config_map("beside", shop.name))
    shop.cluster("dev", f"{base.dev.name}-limited", tier="development")
    found = await shop.ask("apply", "-c", "dev")
    assert found.code == 1
    assert f"error: dev ClusterRole/{shop.name}: get failed (Forbidden): " in found.out
    assert "hint: grant get on clusterroles to limited" in found.out
    assert f"dev shop: created ConfigMap/{shop.name}/beside" in found.err


async def acting_as(base: Base, section: str) -> None:
    """The shop's commands have the rights that a section of docs/access.md grants, and no others."""
    user = f"ci-{secrets.token_hex(4)}"
    await access.grant(base.dev, section, user)
    config = yaml.safe_load(base.dev.kubeconfig.read_text())
    for one in config["users"]:
        one["user"]["as"] = user
    path = base.story.folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    base.story.environment["KUBECONFIG"] = str(path)


async def test_who_may_only_read_gets_a_plan_that_says_it_is_predicted(base, shop):
    await acting_as(base, "To read")
    assert "no drift on 1 cluster" in (await shop.roadstead("drift", "-c", "dev")).out
    assert "in sync" in (await shop.roadstead("status", "-c", "dev")).out
    changed = config_map("settings", shop.name, colour="red")
    shop.write("apps/shop/all.yaml", [namespace(shop.name), deployment("web", shop.name), changed])
    more(shop, config_map("further", shop.name))
    planned = await shop.roadstead("plan", "-c", "dev")
    assert f"create ConfigMap/{shop.name}/further  on dev" in planned.out
    assert f"update ConfigMap/{shop.name}/settings  (predicted)" in planned.out
    assert "our identity may not ask for a dry run" in planned.out
    found = await shop.ask("apply", "-c", "dev")
    assert found.code == 1
    assert "(Forbidden): " in found.out
    assert "as the ClusterRole roadstead-apply in docs/access.md does" in found.out


async def test_the_least_rights_that_are_documented_are_enough_to_apply_and_prune(base, shop):
    await acting_as(base, "To write")
    more(shop, config_map("for-a-while", shop.name), deployment("another", shop.name))
    created = await shop.roadstead("apply", "-c", "dev", "-o", "json")
    assert created.data()["summary"]["created"] == 2
    shop.write("apps/shop/more.yaml", [])
    pruned = await shop.roadstead("apply", "-c", "dev", "-o", "json")
    assert pruned.data()["summary"]["deleted"] == 2


async def test_who_may_not_see_the_inventories_is_told_which_role_does(base, shop):
    shop.cluster("dev", f"{base.dev.name}-viewer", tier="development")
    found = await shop.ask("plan", "-c", "dev")
    assert found.code == 1
    assert "error: dev: list Secret failed (Forbidden): " in found.out
    assert "hint: grant list on secrets to viewer, as the ClusterRole roadstead-read" in found.out


async def test_all_that_is_invalid_is_told_at_once_and_the_rest_is_applied(shop):
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "wrong", "namespace": shop.name},
        "spec": {"ports": [{"port": 70000}]},
    }
    selects_others = deployment("wrong", shop.name)
    selects_others["spec"]["selector"]["matchLabels"] = {"app": "other"}
    more(shop, service, selects_others, config_map("fine", shop.name))
    found = await shop.ask("apply", "-c", "dev")
    assert found.code == 1
    assert f"error: dev Service/{shop.name}/wrong: apply failed (Invalid): spec.ports[0].port: " in found.out
    assert (
        f"error: dev Deployment/{shop.name}/wrong: apply failed (Invalid): spec.template.metadata.labels: "
        in found.out
    )
    assert found.out.count("apply failed (Invalid)") == 2
    assert f"dev shop: created ConfigMap/{shop.name}/fine" in found.err


class TestAnswers:
    """What real servers answer now and then, put in by a server in between."""

    @pytest.fixture
    async def front(self, base, shop):
        async with fronting.interfering(base.dev) as front:
            config = {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "front", "cluster": {"server": front.url}}],
                "users": [{"name": "front", "user": {"username": "any", "password": "any"}}],
                "contexts": [{"name": "front", "context": {"cluster": "front", "user": "front"}}],
            }
            path = shop.folder / "front"
            path.write_text(yaml.safe_dump(config))
            shop.environment["KUBECONFIG"] = str(path)
            shop.cluster("dev", "front", tier="development")
            yield front

    async def test_a_server_that_asks_to_wait_is_asked_again_when_it_says(self, shop, front):
        front.answer("PATCH", "/configmaps/later", status=429, headers={"Retry-After": "1"})
        more(shop, config_map("later", shop.name))
        begun = time.monotonic()
        found = await shop.roadstead("apply", "-c", "dev")
        assert len(front.told) == 1
        assert time.monotonic() - begun > 1.0
        assert f"created ConfigMap/{shop.name}/later" in found.err

    async def test_a_server_that_fails_for_a_moment_is_asked_again(self, shop, front):
        front.answer("PATCH", "/configmaps/flaky", status=500, times=2)
        front.answer("GET", "/api/v1/configmaps", status=503)
        more(shop, config_map("flaky", shop.name))
        found = await shop.ask("apply", "-c", "dev")
        assert found.code == 0, found.told
        assert len(front.told) == 3

    async def test_a_conflict_is_told_and_gone_when_run_again(self, shop, front):
        front.answer("PATCH", "/configmaps/contested", status=409)
        more(shop, config_map("contested", shop.name))
        found = await shop.ask("apply", "-c", "dev")
        assert found.code == 1
        assert (
            f"error: dev ConfigMap/{shop.name}/contested: apply failed (Conflict): the front says 409"
            in found.out
        )
        assert "hint: plan again" in found.out
        assert (await shop.roadstead("apply", "-c", "dev")).err.count("created") == 1

    async def test_a_conflict_about_what_is_announced_touches_no_object(self, shop, front):
        front.answer("POST", "/namespaces/roadstead-system/secrets", status=409, times=9)
        more(shop, config_map("untouched", shop.name))
        found = await shop.ask("apply", "-c", "dev")
        assert found.code == 1
        assert "(Conflict): the front says 409" in found.out
        assert "created" not in found.told

    async def test_a_conflict_about_the_inventory_is_told_and_the_next_run_knows_what_was_written(
        self, shop, front
    ):
        front.answer("PUT", "/secrets/roadstead-", status=409)
        more(shop, config_map("written", shop.name))
        found = await shop.ask("apply", "-c", "dev")
        assert found.code == 1
        assert "write inventory failed (Conflict)" in found.out
        more(shop)
        again = await shop.roadstead("apply", "-c", "dev")
        assert f"deleted ConfigMap/{shop.name}/written" in again.err


class TestAdmission:
    async def test_a_policy_that_refuses_is_quoted(self, base, shop):
        await hooking.deny_by_policy(base.dev, shop.name)
        more(shop, config_map("denied", shop.name), config_map("let-through", shop.name))
        found = await shop.ask("apply", "-c", "dev")
        assert found.code == 1
        assert f"error: dev ConfigMap/{shop.name}/denied: apply failed (Rejected): " in found.out
        assert "nothing may be called denied" in found.out
        assert f"created ConfigMap/{shop.name}/let-through" in found.err

    async def test_a_webhook_that_refuses_is_quoted_and_one_that_is_gone_is_named(self, base, shop):
        async def refuse(request: web.Request) -> web.Response:
            review = await request.json()
            status = {"message": "the webhook does not like it", "code": 403}
            answer = {"uid": review["request"]["uid"], "allowed": False, "status": status}
            return web.json_response(review | {"response": answer})

        async with hooking.webhook(base.dev, shop.name, refuse) as name:
            more(shop, config_map("hooked", shop.name))
            found = await shop.ask("apply", "-c", "dev")
            assert found.code == 1
            assert f"error: dev ConfigMap/{shop.name}/hooked: " in found.out
            assert "(Rejected): " in found.out and "the webhook does not like it" in found.out
            await hooking.silence(base.dev, shop.name)
            found = await shop.ask("apply", "-c", "dev")
            assert found.code == 1
            assert "(WebhookUnavailable): " in found.out and name in found.out


class TestDeleting:
    async def test_a_volume_claim_that_is_in_use_is_named_with_its_finalizer(self, shop):
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        claim = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": shop.name},
            "spec": spec,
        }
        more(shop, claim)
        await shop.roadstead("apply", "-c", "dev")
        shop.write("apps/shop/more.yaml", [])
        kept = await shop.roadstead("apply", "-c", "dev")
        assert "1 kept" in kept.out
        told = "waits for its finalizers kubernetes.io/pvc-protection"
        stuck = await shop.ask_until(
            lambda ended: told in ended.out, "apply", "-c", "dev", "--delete-precious"
        )
        assert stuck.code == 1
        assert told in stuck.out
        assert (
            f"error: dev PersistentVolumeClaim/{shop.name}/data: delete failed (StuckDeleting): " in stuck.out
        )

    async def test_a_namespace_that_does_not_go_says_what_is_left_in_it(self, clusters, unique, tmp_path):
        [cluster] = clusters(1, controllers=True)
        story = Story(tmp_path, cluster.kubeconfig, unique)
        story.cluster("only", cluster.name)
        story.bundle("shop", files={"all.yaml": namespace(unique)})
        story.commit()
        await story.roadstead("apply")
        held = config_map("held", unique)
        held["metadata"]["finalizers"] = ["example.com/backup"]
        await cluster.request("POST", f"/api/v1/namespaces/{unique}/configmaps", held)
        story.remove("fleet/bundle-shop.yaml")
        told = "example.com/backup in 1 resource instances"
        stuck = await story.ask_until(lambda ended: told in ended.out, "apply", "--delete-precious")
        assert stuck.code == 1
        assert told in stuck.out
        assert (
            f"error: only Namespace/{unique}: delete failed (Terminating): it is being deleted since"
            in stuck.out
        )


class TestMachine:
    @pytest.fixture
    def small(self, tmp_path, size):
        """A file system that holds next to nothing."""
        if os.geteuid() != 0:
            pytest.skip("only root may mount a small file system")
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(tmp_path)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("nothing can be mounted here")
        yield Path(tmp_path)
        subprocess.run(["umount", str(tmp_path)], check=True)

    @pytest.mark.parametrize(("variable", "size"), [("XDG_CACHE_HOME", "64k"), ("XDG_STATE_HOME", "4k")])
    async def test_a_full_disk_is_told_and_nothing_is_touched(self, shop, small, variable):
        shop.environment[variable] = str(small)
        more(shop, config_map("unwritten", shop.name))
        found = await shop.ask("apply")
        assert found.code == 1
        assert f"DiskFull: no space left to write below {small}" in found.told
        assert "hint: free space and run again" in found.told
        assert "created" not in found.told
