"""Which kinds a cluster serves, asked anew when one seems to be missing."""

from roadstead.model.ids import GroupKind
from roadstead.stages.observe import serving as kinds_served
from tests.world.kube.serving import answer, serving

NAMESPACE, WIDGET = GroupKind("", "Namespace"), GroupKind("example.com", "Widget")
METRICS, NOTHING = GroupKind("metrics.example.com", "Metric"), GroupKind("example.com", "Nothing")


def groups(**names):
    """Discovery: plural to kind, by group; a group of no kinds does not answer."""
    items = []
    for group, kinds in names.items():
        resources = [
            {"resource": plural, "responseKind": {"kind": kind}, "scope": "Cluster"}
            for plural, kind in kinds.items()
        ]
        version = {"version": "v1", "resources": resources} | ({} if kinds else {"freshness": "Stale"})
        items.append(
            {"metadata": {"name": group.replace("_", ".")} if group != "core" else {}, "versions": [version]}
        )
    return answer({"kind": "APIGroupDiscoveryList", "items": items})


class Discovery:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, request):
        if request.path == "/api":
            return groups(core={"namespaces": "Namespace"})
        self.asked += 1
        return groups(**(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]))


async def ask(discovery, *kinds):
    async with serving(discovery) as server, server.client() as client:
        await client.resources()
        return await kinds_served.ask(client, kinds)


async def test_what_is_known_costs_no_further_request():
    discovery = Discovery({"example_com": {"widgets": "Widget"}})
    found = await ask(discovery, NAMESPACE, WIDGET)
    assert found.resources.keys() == {NAMESPACE, WIDGET}
    assert discovery.asked == 1


async def test_what_is_missing_is_asked_for_once_more():
    discovery = Discovery({"example_com": {}}, {"example_com": {"widgets": "Widget"}})
    found = await ask(discovery, WIDGET, NOTHING)
    assert found.resources.keys() == {WIDGET}
    assert not found.unknown
    assert discovery.asked == 2


async def test_kinds_of_a_group_that_does_not_answer_are_unknown_and_not_missing():
    discovery = Discovery({"example_com": {"widgets": "Widget"}, "metrics_example_com": {}})
    found = await ask(discovery, WIDGET, METRICS)
    assert found.resources.keys() == {WIDGET}
    assert found.unknown.keys() == {METRICS}
