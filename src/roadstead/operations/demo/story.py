"""What the demo tells: scenes of a few words and the commands in them, with what has to come of each.

Only data; who tells it is `teller`. What is claimed in a scene is in its commands' `shows`, which tests check.
"""

from msgspec import Struct

from roadstead.operations.demo import playground


class Command(Struct, frozen=True):
    """As a person types it. `shows` has to be in what it prints, `code` is how it ends."""

    line: str
    shows: tuple[str, ...] = ()
    code: int = 0


class Edit(Struct, frozen=True):
    """Somebody changes a file of the repository."""

    path: str
    before: str
    after: str


class Hub(Struct, frozen=True):
    """A hub that serves while somebody does the `steps`: they begin when it said `ready`, and it is stopped when it
    said all that it `shows`, in that order."""

    line: str
    ready: str
    steps: tuple[Command, ...]
    shows: tuple[str, ...]


Step = Command | Edit | Hub


class Scene(Struct, frozen=True):
    title: str
    text: str
    steps: tuple[Step, ...]
    look: str  # at what, in what was just printed


SCENES = (
    Scene(
        "A fleet",
        "A web shop runs on six clusters: on two clouds, and in a store in Hamburg. A Git repository says what "
        "runs where: a file per cluster, three profiles, three bundles (YAML, a Kustomization, a Helm chart).",
        (
            Command("roadstead validate", ("no problems",)),
            Command("roadstead get clusters --labels", ("tier=store", "provider=gcp")),
        ),
        "Labels come from profiles; the store's cluster has its provider from there, too.",
    ),
    Scene(
        "What would happen?",
        "The clusters are empty. A plan asks them what would change, and changes nothing.",
        (Command("roadstead plan", ("to create", "6 clusters")),),
        "What is the same on many clusters is shown once. The clusters run two versions of Kubernetes.",
    ),
    Scene(
        "Make it so",
        "All clusters at once; on each, the storefront waits until the cache that it needs is ready.",
        (
            Command("roadstead apply --wait", ("created on 6 clusters", "18 of 18 ready")),
            Command("roadstead apply", ("unchanged on 6 clusters",)),
            Command("kubectl --context aws-eu --namespace shop get deployments", ("front", "3/3")),
        ),
        "Applying again writes nothing at all.",
    ),
    Scene(
        "At night",
        "Somebody with good intentions goes around Git.",
        (
            Command(
                "kubectl --context aws-eu --namespace shop set image deployment/front "
                "front=aws.registry.market.example/front:hotfix"
            ),
            Command("kubectl --context gcp-eu --namespace shop scale deployment/cart --replicas=9"),
            Command("roadstead drift", ("front:hotfix", "kubectl-set", "spec.replicas")),
        ),
        "What was changed, from what to what, by which tool, and when.",
    ),
    Scene(
        "Put back",
        "Drift can be reported, corrected once, or corrected as it happens (`roadstead drift --watch`).",
        (
            Command("roadstead drift --correct", ("2 updated",)),
            Command("roadstead drift", ("no drift on 6 clusters",)),
        ),
        "Nothing else was touched.",
    ),
    Scene(
        "One more store",
        "Rotterdam opens. Its cluster is asked who it is, gets the profile of stores, and nothing else is to be "
        "written.",
        (
            Command(
                "roadstead cluster add rotterdam --profile store",
                ("fleet/clusters/rotterdam.yaml",),
            ),
            Command("roadstead validate", ("rotterdam", "domain"), code=1),
            Edit(
                "fleet/clusters/rotterdam.yaml",
                "  profiles:",
                "  variables:\n    domain: rotterdam.market.example\n  profiles:",
            ),
            Command("git add --all"),
            Command("git commit --quiet --message 'Rotterdam opens'"),
            Command("roadstead apply --wait", ("created", "on 7 clusters", "21 of 21 ready")),
        ),
        "The variable that only this cluster can know was missed before anything was rolled out. The baseline, "
        "the monitoring agent, came first; the other clusters were not written to.",
    ),
    Scene(
        "A release",
        "Version 1.5.0 of the front goes out. Nobody noticed that its image was never pushed to the registry of "
        "the stores.",
        (
            Edit("apps/storefront/front.yaml", "front:1.4.2", "front:1.5.0"),
            Command("roadstead plan --from HEAD", ("front:1.5.0", "7 clusters")),
            Command("git commit --all --quiet --message 'Release front 1.5.0'"),
            Command(
                "roadstead apply --wait --timeout 25s",
                ("hamburg", "rotterdam", "ImagePullBackOff", playground.NEVER_PUSHED),
                code=1,
            ),
        ),
        "It is said which clusters, which image, and why; the clouds have the new version. The old pods in the "
        "stores go on serving.",
    ),
    Scene(
        "Back",
        "Going back is a Git revert.",
        (
            Command("git revert --no-edit HEAD"),
            Command("roadstead apply --wait", ("7 updated", "21 of 21 ready")),
            Command("roadstead status", ("in sync",)),
        ),
        "Git, and every cluster, are as they were.",
    ),
    Scene(
        "Nobody at the keyboard",
        "A hub does all of this by itself: it follows the branch and watches the clusters. It has just been started, "
        "when the night comes again.",
        (
            Hub(
                "roadstead serve --listen 127.0.0.1:0 --log-format text",
                ready="HEAD is at",
                steps=(
                    Command(
                        "kubectl --context aws-us --namespace shop set image deployment/front "
                        "front=aws.registry.market.example/front:hotfix"
                    ),
                ),
                shows=("front:1.4.2 -> aws.registry.market.example/front:hotfix", "drift-resolved"),
            ),
            Command(
                "kubectl --context aws-us --namespace shop get deployment front --output "
                "'jsonpath={.spec.template.spec.containers[0].image}'",
                ("front:1.4.2",),
            ),
            Command("roadstead audit show --cluster aws-us --limit 3", ("drift",)),
        ),
        "Who, what, from which value, within moments of the edit, and put back; all of it is on the record. Stop the "
        "hub, and the next one goes on where it was.",
    ),
)
