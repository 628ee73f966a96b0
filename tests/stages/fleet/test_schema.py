"""The JSON Schemas accept what the models accept."""

import functools
import json

import jsonschema_rs
import pytest

from roadstead.language import yaml
from roadstead.stages.fleet import documents, schema

# One document of each kind with every field that a person would write.
FULL = """
kind: Fleet
metadata: {name: shop}
spec:
  documents: ["fleet/**/*.yaml"]
  labels: {tier: [development, production], provider: [aws, gcp]}
  variables: {orgDomain: shop.example}
  renderers: {kustomize: "5.8.1", helm: "4.3.1"}
  defaults: {rollout: careful, drift: {mode: correct}, deletion: {policy: prune}}
  limits: {lostClusters: 0, lostAssignments: "2%"}
---
kind: Cluster
metadata: {name: prod-eu-1, labels: {region: eu-west-1, canary: "true"}, formerNames: []}
spec:
  profiles: [production, aws]
  kubernetes: "1.36"
  identity: 3f0c0000-0000-0000-0000-000000000000
  state: active
  variables: {domain: eu.shop.example}
  bundles: {storefront: {variables: {replicas: 6}}}
  access: {context: prod-eu-1}
---
kind: Profile
metadata: {name: production}
spec:
  labels: {tier: production}
  variables: {replicas: 3, logLevel: warn}
  baseline: {bundles: [namespaces, ingress], gate: join}
---
kind: Bundle
metadata: {name: storefront, formerNames: []}
spec:
  source: {path: ../apps/storefront}
  clusters: {matchLabels: {tier: production}, except: {names: [prod-us-9]}}
  parameters: {replicas: {type: integer, default: 2}, domain: {type: string}}
  overrides: [{clusters: {matchLabels: {provider: gcp}}, variables: {}, path: overlays/gcp, patches: [], source: {version: "1.5.0"}}]
  values: [{file: values/base.yaml}, {file: "values/${cluster.labels.provider}.yaml", optional: true}, {inline: {}}]
  namespace: {name: shop, mode: default, create: true}
  exclude: [{kind: apiextensions.k8s.io/CustomResourceDefinition}]
  group: shop
  dependsOn: [{bundle: ingress}]
  rollout: careful
  drift: {mode: correct, additions: ignore, ignore: [{kind: apps/Deployment, path: /spec/replicas}]}
  deletion: {policy: prune, limit: "20%"}
  health: [{kind: databases.example.com/Database, ready: "object.status.phase == 'Running'"}]
  actAs: {serviceAccount: shop/deployer}
---
kind: Source
metadata: {name: payments}
spec:
  git: {url: "https://git.example/payments/deploy", ref: main, verify: {keys: payments-keys}}
  documents: ["roadstead/*.yaml"]
  team: payments
  allow: {kinds: [Bundle, Pin], clusters: {all: true}, namespaces: ["payments", "payments-*"], clusterScoped: [], rollouts: [careful], actAs: payments/deployer}
---
kind: Pin
metadata: {name: storefront-production}
spec: {bundle: storefront, clusters: {matchLabels: {tier: production}}, images: {storefront: "ghcr.io/shop/storefront:1.4.2"}, source: {revision: 4be1c0de}, variables: {}}
---
kind: Rollout
metadata: {name: careful}
spec:
  waves:
    - {name: canary, clusters: {matchLabels: {canary: "true"}}, readyWithin: 10m, after: [{soak: 10m}]}
    - {name: europe, clusters: {matchLabels: {region: eu-west-1}}, maxConcurrent: "25%", budgets: {failed: 1, unreachable: "20%"}}
    - {name: rest, clusters: {all: true}, before: [{approval: {team: sre}}], windows: [{days: [Mon-Thu], hours: "08:00-16:00", timezone: Europe/Berlin}]}
  supersede: atWaveEnd
  onFailure: rollback
---
kind: Hold
metadata: {name: inc-4711}
spec: {clusters: {names: [prod-gcp-3]}, bundles: [monitoring], do: freeze, until: "2026-12-01T18:00Z", owner: sre, reason: INC-4711}
---
kind: Policy
metadata: {name: limits-required}
spec:
  clusters: {matchLabels: {tier: production}}
  match: {kinds: [apps/Deployment, apps/StatefulSet], excludeNamespaces: [kube-system]}
  enforcement: deny
  rollout: careful
  validations: [{expression: "object.spec.template.spec.containers.all(c, has(c.resources))", message: "needs limits"}]
---
kind: Team
metadata: {name: shop}
spec:
  members: [{group: "oidc:shop-developers"}]
  grants:
    - {clusters: {matchLabels: {tier: production}}, namespaces: [shop], role: view}
  roadstead: {bundles: [storefront], may: [plan, approve, rollback]}
---
kind: Alert
metadata: {name: drift-to-slack}
spec: {"on": [drift, run-halted, cluster-unreachable], clusters: {all: true}, to: [{url: {secret: slack-url}}]}
"""
VALUES = {value["kind"]: {"apiVersion": documents.API_VERSION, **value} for value in yaml.load_all(FULL)}


@functools.cache
def of_kind(kind):
    return jsonschema_rs.validator_for(schema.schema(kind))


@functools.cache
def of_every_kind():
    return jsonschema_rs.validator_for(schema.every_kind())


@pytest.mark.parametrize("kind", documents.KINDS)
def test_a_full_document_is_valid_in_the_model_and_in_both_schemas(kind):
    documents.KINDS[kind].model_validate_json(json.dumps(VALUES[kind]))
    of_kind(kind).validate(VALUES[kind])
    of_every_kind().validate(VALUES[kind])


BROKEN = {
    "an unknown field": ("Cluster", ["spec", "stat"], "active"),
    "an unknown word": ("Cluster", ["spec", "state"], "activ"),
    "a number for a version": ("Cluster", ["spec", "kubernetes"], 1.36),
    "a name with capitals": ("Cluster", ["metadata", "name"], "Prod"),
    "two ways to a cluster": ("Cluster", ["spec", "access"], {"context": "a", "provider": "b"}),
    "a variable with a strange name": ("Fleet", ["spec", "variables"], {"a-b": 1}),
    "a share beyond everything": ("Bundle", ["spec", "deletion", "limit"], "110%"),
    "a missing selector": ("Pin", ["spec", "clusters"], None),
    "a parameter of an unknown type": ("Bundle", ["spec", "parameters", "domain", "type"], "text"),
    "no waves": ("Rollout", ["spec", "waves"], []),
    "another apiVersion": ("Team", ["apiVersion"], "v1"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_document_is_invalid_in_both_schemas(case):
    kind, path, value = BROKEN[case]
    document = json.loads(json.dumps(VALUES[kind]))
    target = document
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = value
    assert not of_kind(kind).is_valid(document)
    assert not of_every_kind().is_valid(document)


def test_nothing_in_a_schema_says_null():
    assert "null" not in json.dumps(schema.every_kind())


def test_every_field_has_a_meaning():
    def silent(found, path=""):
        for name, field in found.get("properties", {}).items():
            if not field.get("description") and "$ref" not in field:
                yield f"{path}.{name}"

    every = schema.every_kind()["$defs"]
    assert [one for name, part in every.items() for one in silent(part, name)] == []


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("roadstead.yaml", "# yaml-language-server: $schema=.roadstead/schema.json"),
        ("fleet/clusters/a.yaml", "# yaml-language-server: $schema=../../.roadstead/schema.json"),
    ],
)
def test_the_editors_hint_leads_to_the_schema(file, expected):
    assert schema.hint(file) == expected
