"""Names are deterministic, distinct, fit for Kubernetes, and the ids are ApplySet's."""

import re

import pytest

from roadstead.world.inventory import names

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@pytest.mark.parametrize(
    ("fleet", "bundle"),
    [
        pytest.param("shop", "storefront", id="a bundle of the fleet repository"),
        pytest.param("shop", "payments/api", id="a bundle of a Source"),
        pytest.param("Shop_1", "Ünïcode!", id="odd characters"),
        pytest.param("f" * 253, "b" * 507, id="the longest names"),
        pytest.param("-", "-", id="nothing that can be shown"),
    ],
)
def test_a_parent_name_is_valid_and_leaves_room_for_shards(fleet, bundle):
    name = names.parent_name(fleet, bundle)
    assert SUBDOMAIN.fullmatch(name)
    assert len(name) <= 253 - len("-s00000-") - 8
    assert name == names.parent_name(fleet, bundle)
    assert re.fullmatch(r"[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?", names.fleet_label(fleet))
    assert len(names.fleet_label(fleet)) <= 63


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("shop", "a-b"), ("shop", "a/b")),
        (("shop-a", "b"), ("shop", "a-b")),
        (("shop", "A"), ("shop", "a")),
    ],
)
def test_names_that_look_alike_stay_apart(one, other):
    assert names.parent_name(*one) != names.parent_name(*other)


def test_a_name_that_a_renamed_bundle_kept_is_not_used_again():
    first = names.parent_name("shop", "web")
    second = names.parent_name("shop", "web", taken={first})
    third = names.parent_name("shop", "web", taken={first, second, "another"})
    assert len({first, second, third}) == 3


def test_the_id_is_made_as_kep_3659_says():
    # base64url(sha256("a.roadstead-system.Secret.")), worked out with openssl
    assert names.applyset_id("a") == "applyset-TRSckgJW2d4L9O8Wf71ehcsom6mLK8O34WLKQsdCrTI-v1"
    assert len(names.applyset_id("x" * 200)) <= 63
