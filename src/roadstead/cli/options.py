"""Flags that several verbs share, spelled once; those that come together as groups (groups.py)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from roadstead.cli import settings
from roadstead.cli.console import Output, PlanOutput

if TYPE_CHECKING:
    from roadstead.engine.bundle_plan import Wishes

FleetOption = Annotated[
    str,
    typer.Option(
        "--fleet",
        "-f",
        envvar="ROADSTEAD_FLEET",
        metavar="PATH|URL",
        help="The fleet repository: a folder (with its uncommitted changes), or a Git URL.",
    ),
]
RevisionOption = Annotated[
    str | None,
    typer.Option("--revision", "-r", metavar="REV", help="Read this commit, branch or tag instead."),
]
ClusterOption = Annotated[
    list[str] | None,
    typer.Option("--cluster", "-c", metavar="NAME", help="Only this cluster; may be given again."),
]
BundleOption = Annotated[
    list[str] | None,
    typer.Option("--bundle", "-b", metavar="NAME", help="Only this bundle; may be given again."),
]
SelectorOption = Annotated[
    str | None,
    typer.Option(
        "--selector", "-l", metavar="LABELS", help="Only clusters with these labels (tier=production,…)."
    ),
]
BundleSelectorOption = Annotated[
    str | None,
    typer.Option(
        "--bundle-selector", "-L", metavar="LABELS", help="Only bundles with these labels (team=shop,…)."
    ),
]
KubeconfigOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--kubeconfig", metavar="FILE", help="Use this kubeconfig instead of KUBECONFIG or ~/.kube/config."
    ),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="ROADSTEAD_DATABASE",
        metavar="URL",
        help="The database of the process that serves: a path, sqlite:///… or postgresql://…",
    ),
]
DatabaseInstead = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="The hub's database, where Git cannot be reached."),
]
_HUB = typer.Option(
    "--hub",
    envvar="ROADSTEAD_HUB",
    metavar="URL",
    help="Ask the hub at this address (see `roadstead login`).",
)
HubOption = Annotated[str | None, _HUB]
HubArgument = Annotated[str, _HUB]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; an incident's number is best.")
]
UntilOption = Annotated[
    str, typer.Option("--until", metavar="TIME", help="Its end: 4h, 2d, or 2026-12-01T18:00Z.")
]
EverythingOption = Annotated[bool, typer.Option("--all", help="Without names: the whole fleet.")]
LeaveDriftOption = Annotated[
    bool, typer.Option("--leave-drift", help="Go on with what Git says, but correct no drift.")
]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to print the answer.")]
PlanOutputOption = Annotated[PlanOutput, typer.Option("--output", "-o", help="How to print the plan.")]
TimeoutOption = Annotated[
    str, typer.Option("--timeout", metavar="TIME", help="How long the whole may take (90s, 10m, 1h).")
]
BundlesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[BUNDLE]…", help="Only these bundles; all without.")
]
DetailedExitCode = Annotated[
    bool, typer.Option("--detailed-exitcode", help="Leave with 3 when something would change (0: nothing).")
]
FactsOption = Annotated[
    Path | None,
    typer.Option("--facts", metavar="FOLDER", help="Recorded facts, as `roadstead facts --into` wrote them."),
]
PruneOption = Annotated[
    bool, typer.Option("--prune/--no-prune", help="Delete what was removed from Git on purpose.")
]
DeletePreciousOption = Annotated[
    bool,
    typer.Option(
        "--delete-precious", help="Delete namespaces, CRDs and volume claims, too, when Git drops them."
    ),
]
AllowPruneOption = Annotated[
    bool, typer.Option("--allow-prune", help="Go beyond the bundles' deletion.limit this time.")
]
AllowLossOption = Annotated[
    bool, typer.Option("--allow-loss", help="Go beyond the Fleet's limits for lost assignments this time.")
]
SecretsOption = Annotated[
    Path | None,
    typer.Option(
        "--secrets",
        metavar="DIR",
        envvar="ROADSTEAD_SECRETS",
        help="The secrets that documents name, a file each; default: secrets in Roadstead's configuration folder.",
    ),
]


class Chosen(Struct, frozen=True):
    """What a run looks at, and how it gets there."""

    bundles: BundlesArgument = None
    fleet: FleetOption = "."
    revision: RevisionOption = None
    cluster: ClusterOption = None
    selector: SelectorOption = None
    bundle_selector: BundleSelectorOption = None
    kubeconfig: KubeconfigOption = None

    def given(self, timeout: str, *, facts: Path | None = None) -> settings.Given:
        return settings.Given(
            self.fleet,
            self.revision,
            self.kubeconfig,
            facts,
            self.cluster,
            self.selector,
            self.bundles,
            timeout,
            self.bundle_selector,
        )


class Named(Struct, frozen=True):
    """Bundles on clusters, for which something is asked of a hub."""

    bundles: BundlesArgument = None
    cluster: ClusterOption = None
    selector: SelectorOption = None
    bundle_selector: BundleSelectorOption = None

    @property
    def is_all(self) -> bool:
        return not (self.bundles or self.cluster or self.selector or self.bundle_selector)

    @property
    def body(self) -> dict[str, list[str] | str]:
        """As the API takes it."""
        return {
            "bundles": self.bundles or [],
            "clusters": self.cluster or [],
            "selector": self.selector or "",
            "bundleSelector": self.bundle_selector or "",
        }


class Deleting(Struct, frozen=True):
    """What a run may delete."""

    prune: PruneOption = True
    delete_precious: DeletePreciousOption = False
    allow_prune: AllowPruneOption = False
    allow_loss: AllowLossOption = False

    def wishes(self, *, take_over: bool = False) -> "Wishes":
        from roadstead.engine.bundle_plan import Wishes

        return Wishes(
            delete_precious=self.delete_precious,
            ignore_prune_limit=self.allow_prune,
            ignore_loss_limit=self.allow_loss,
            prune=self.prune,
            take_over=take_over,
        )
