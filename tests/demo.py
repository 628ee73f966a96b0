"""The guided story of `make demo`: a fleet repository and three real API servers, on this machine.

Everything shown really happens: the commands run against kube-apiserver, etcd and the controller manager.
There are no nodes, so Pods stay pending; what is shown is what the control plane knows.

    python -m tests.demo            tells the story; on a terminal it stays up until Ctrl-C
    python -m tests.demo --script   tells the story and ends
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.controlplane import build
from tests.controlplane.kubectl import kubectl
from tests.controlplane.plane import running
from tests.end_to_end.story import Story, config_map, namespace

CLUSTERS = {"dev": "development", "prod-eu": "production", "prod-us": "production"}


class Teller:
    """Says what is done, runs it, shows what came of it."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.failed: list[str] = []

    def say(self, *lines: str) -> None:
        print("\n" + "\n".join(f"# {line}" for line in lines), flush=True)

    async def run(self, *arguments: str, expect: str, code: int = 0) -> None:
        """Run and show the command; what the story claims must be in its output."""
        print(f"$ roadstead {' '.join(arguments)}", flush=True)
        ended = await self.story.ask(*arguments)
        print(ended.err + ended.out, end="", flush=True)
        if ended.code != code or expect not in ended.out + ended.err:
            self.failed.append(
                f"roadstead {' '.join(arguments)}: exit code {ended.code}, wanted {code} and {expect!r}"
            )

    def git(self, *arguments: str) -> None:
        print(f"$ git {' '.join(arguments)}", flush=True)
        self.story.git(*arguments)


def repository(story: Story, contexts: list[str]) -> None:
    story.fleet(labels={"tier": ["development", "production"]}, variables={"greeting": "Ahoy"})
    for (name, tier), context in zip(CLUSTERS.items(), contexts, strict=True):
        story.cluster(name, context, tier=tier)
    web = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "storefront", "namespace": "shop"},
        "spec": {
            "replicas": "${replicas}",
            "selector": {"matchLabels": {"app": "storefront"}},
            "template": {
                "metadata": {"labels": {"app": "storefront"}},
                "spec": {"containers": [{"name": "web", "image": "registry.example/storefront:1.4.2"}]},
            },
        },
    }
    page = config_map("page", "shop", greeting="${greeting} from ${cluster.name}")
    story.bundle(
        "storefront",
        files={"storefront.yaml": [namespace("shop"), page, web]},
        parameters={"replicas": {"type": "integer", "default": 1}, "greeting": {"type": "string"}},
        overrides=[{"clusters": {"matchLabels": {"tier": "production"}}, "variables": {"replicas": 3}}],
    )


async def tell(teller: Teller) -> None:
    story = teller.story
    teller.say(
        f"A fleet repository lies in {story.repository}:", "three clusters, one bundle, tailored by a label."
    )
    await teller.run("validate", expect="no problems")
    await teller.run("get", "clusters", "--labels", expect="tier=production")

    teller.say("What would happen? The same change on many clusters is shown once.")
    await teller.run("plan", expect="9 to create")
    teller.say("Make it so. A second time there is nothing to do, and nothing is written.")
    await teller.run("apply", expect="9 created on 3 clusters")
    await teller.run("apply", expect="9 unchanged on 3 clusters")

    teller.say("At night somebody edits a Deployment behind Git's back …")
    print("$ kubectl --context prod-eu -n shop set image deployment/storefront web=registry.example/hotfix:0")
    context = story.contexts["prod-eu"]
    await kubectl(
        story.kubeconfig,
        context,
        "-n",
        "shop",
        "set",
        "image",
        "deploy/storefront",
        "web=registry.example/hotfix:0",
    )
    teller.say("… which is drift: what, where, who, when. It is put back.")
    await teller.run("drift", expect="kubectl-set")
    await teller.run("drift", "--correct", expect="1 updated")
    await teller.run("drift", expect="no drift on 3 clusters")

    teller.say("A pull request greets differently. What it changes is known without any cluster.")
    path = "roadstead.yaml"
    story.write(path, (story.repository / path).read_text().replace("Ahoy", "Good morning"))
    await teller.run("plan", "--from", "HEAD", expect="Good morning from prod-us")
    teller.git("commit", "--all", "--quiet", "--message", "Greet politely")
    await teller.run("apply", expect="3 updated")

    teller.say("Nobody liked it. Going back is a Git revert.")
    teller.git("revert", "--no-edit", "HEAD")
    await teller.run("apply", expect="3 updated")
    await teller.run("status", expect="in sync")


async def main(*, script: bool) -> int:
    build.ensure()
    with tempfile.TemporaryDirectory(prefix="roadstead-demo-") as folder:
        print("starting three Kubernetes API servers …", flush=True)
        async with running(3, controllers=True, audit=False) as plane:
            story = Story(Path(folder), plane.kubeconfig, "shop")
            story.contexts |= dict(zip(CLUSTERS, (one.name for one in plane.clusters), strict=True))
            repository(story, list(story.contexts.values()))
            story.commit("A storefront")
            teller = Teller(story)
            await tell(teller)
            if teller.failed:
                print("\nthe story went wrong:\n" + "\n".join(teller.failed))
                return 1
            if not script:
                teller.say(
                    "That was the story. The clusters stay up until Ctrl-C; play with them in another terminal:",
                    f"  cd {story.repository}",
                    f"  export KUBECONFIG={plane.kubeconfig}",
                    f"  export PATH={Path(sys.executable).parent}:$PATH",
                    "  roadstead drift --watch     # and edit something with kubectl --context c2",
                )
                await asyncio.Event().wait()
    return 0


if __name__ == "__main__":
    try:
        code = asyncio.run(main(script="--script" in sys.argv or not sys.stdout.isatty()))
    except KeyboardInterrupt:
        code = 0
    sys.exit(code)
