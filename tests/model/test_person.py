"""Who may do what: roles that include each other, on rectangles of bundles and clusters."""

import pytest

from roadstead.language import selectors
from roadstead.model.person import Grant, Person, Rectangle, Role, Scope, Subject

PRODUCTION = selectors.parse({"matchLabels": {"tier": "production"}})
SHOP = selectors.parse({"names": ["shop", "checkout"]})
CLUSTERS = {"prod-1": {"tier": "production"}, "prod-2": {"tier": "production"}, "dev-1": {"tier": "dev"}}
BUNDLES = {"shop": {}, "checkout": {}, "monitoring": {}}


def on(cluster):
    return Subject(cluster, CLUSTERS[cluster])


def test_each_role_includes_those_before_it():
    for index, role in enumerate(Role):
        assert [role.includes(other) for other in Role] == [at <= index for at in range(len(Role))]


@pytest.mark.parametrize(
    ("grants", "role", "bundle", "cluster", "expected"),
    [
        pytest.param([], Role.VIEWER, "shop", "dev-1", False, id="nobody may anything without a grant"),
        pytest.param([Grant(Role.ADMIN)], Role.OPERATOR, "shop", "dev-1", True, id="more includes less"),
        pytest.param([Grant(Role.VIEWER)], Role.OPERATOR, "shop", "dev-1", False, id="less is not enough"),
        pytest.param(
            [Grant(Role.OPERATOR, SHOP, PRODUCTION)], Role.OPERATOR, "shop", "prod-1", True, id="within"
        ),
        pytest.param(
            [Grant(Role.OPERATOR, SHOP, PRODUCTION)],
            Role.OPERATOR,
            "shop",
            "dev-1",
            False,
            id="wrong cluster",
        ),
        pytest.param(
            [Grant(Role.OPERATOR, SHOP)], Role.OPERATOR, "monitoring", "dev-1", False, id="wrong bundle"
        ),
        pytest.param(
            [Grant(Role.OPERATOR, SHOP), Grant(Role.OPERATOR, None, PRODUCTION)],
            Role.OPERATOR,
            "monitoring",
            "dev-1",
            False,
            id="two grants are not their product",
        ),
        pytest.param(
            [Grant(Role.OPERATOR, SHOP)], Role.OPERATOR, "shop", None, True, id="one bundle on all clusters"
        ),
        pytest.param(
            [Grant(Role.OPERATOR, SHOP, PRODUCTION)],
            Role.OPERATOR,
            "shop",
            None,
            False,
            id="all clusters takes a grant over all of them",
        ),
    ],
)
def test_a_role_holds_on_what_its_grant_selects(grants, role, bundle, cluster, expected):
    person = Person("ann", tuple(grants))
    assert (
        person.may(role, bundle=Subject(bundle, BUNDLES[bundle]), cluster=on(cluster) if cluster else None)
        is expected
    )
    assert person.may_somewhere(role) is any(grant.role.includes(role) for grant in grants)


def test_a_scope_is_the_union_of_rectangles_and_agrees_with_single_questions():
    person = Person("ann", (Grant(Role.VIEWER, SHOP, PRODUCTION), Grant(Role.OPERATOR, None, PRODUCTION)))
    scope = person.scope(bundles=BUNDLES, clusters=CLUSTERS)
    assert scope.rectangles == (
        Rectangle(frozenset({"shop", "checkout"}), frozenset({"prod-1", "prod-2"})),
        Rectangle(None, frozenset({"prod-1", "prod-2"})),
    )
    assert (scope.bundles, scope.clusters) == (None, {"prod-1", "prod-2"})
    for bundle, labels in BUNDLES.items():
        for cluster in CLUSTERS:
            asked = person.may(Role.VIEWER, bundle=Subject(bundle, labels), cluster=on(cluster))
            assert scope.holds(bundle, cluster) is asked


def test_a_grant_over_everything_makes_the_scope_everything_and_none_makes_it_empty():
    everything = Person("ann", (Grant(Role.VIEWER, SHOP), Grant(Role.ADMIN)))
    assert everything.scope(bundles=BUNDLES, clusters=CLUSTERS) == Scope()
    assert everything.scope(bundles={}, clusters={}).is_everything
    nobody = Person("bob").scope(bundles=BUNDLES, clusters=CLUSTERS)
    assert (nobody, nobody.bundles, nobody.clusters) == (Scope(()), frozenset(), frozenset())
    operators = Person("eve", (Grant(Role.VIEWER),)).scope(
        bundles=BUNDLES, clusters=CLUSTERS, role=Role.OPERATOR
    )
    assert operators == Scope(())


def test_a_selection_of_nothing_that_exists_makes_no_rectangle():
    person = Person("ann", (Grant(Role.VIEWER, selectors.parse({"names": ["gone"]})),))
    assert person.scope(bundles=BUNDLES, clusters=CLUSTERS) == Scope(())
