"""`roadstead render`: the manifests as they would be sent."""

import asyncio

from roadstead.cli import console, options, running, settings


def render(
    bundles: options.BundlesArgument = None,
    fleet: options.FleetOption = ".",
    revision: options.RevisionOption = None,
    cluster: options.ClusterOption = None,
    selector: options.SelectorOption = None,
    bundle_selector: options.BundleSelectorOption = None,
    facts: options.FactsOption = None,
    timeout: options.TimeoutOption = "10m",
) -> None:
    """Print the rendered manifests of bundles, without any cluster, on recorded facts.

    Secrets are printed as they stand in Git, with their values taken out.

    \b
    Examples:
      roadstead render storefront -c prod-eu-1
      roadstead render -l tier=production | less
    """
    asked = settings.Given(fleet, revision, None, facts, cluster, selector, bundles, timeout, bundle_selector)

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import world
        from roadstead.operations import render as rendering
        from roadstead.report import manifests

        async with world.local(asked.settings()) as opened:
            found = await rendering.fleet(opened)
        console.show_raw(manifests.yaml_text(found.manifests))
        console.show_problems(found.problems)
        return running.code(failed=found.failed)

    running.run(work)
