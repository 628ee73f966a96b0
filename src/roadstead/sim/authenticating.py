"""Who asks: by a token of the cluster's users, one of a service account, and as whom he wants to act."""

from aiohttp import web

from roadstead.sim import authorising, status, tokens
from roadstead.sim.authorising import Identity, Wish
from roadstead.sim.cluster import Cluster

CONSTRAINED = 36  # the minor from which the server says for which action somebody may act as another


def user(cluster: Cluster, request: web.BaseRequest, token: str) -> str:
    """`token`: of the path, for clients that send none without TLS, as kubectl does. Raises ApiError(401)."""
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    given = [each for each in (token, sent if scheme == "Bearer" else "") if each]
    found = next((name for name, known in cluster.tokens.items() if known in given), "")
    found = found or next(filter(None, (tokens.user(cluster, each) for each in given)), "")
    if not found:
        raise status.ApiError(401, "Unauthorized", "Unauthorized")
    return found


def acting(cluster: Cluster, request: web.BaseRequest, user: str, wish: Wish | None) -> Identity:
    """The user, or whom he acts as; `wish` is what for. Raises ApiError(403) where he may not."""
    who, other = authorising.identity(user), request.headers.get("Impersonate-User", "")
    if not other:
        return who
    groups = request.headers.getall("Impersonate-Group", [])
    namespace, name = authorising.account(other)
    asked = [Wish("impersonate", "", "groups", "", group) for group in groups]
    if name:
        asked.append(Wish("impersonate", "", "serviceaccounts", namespace, name))
    else:
        asked.append(Wish("impersonate", "", "users", "", other))
    for each in asked:
        _demand(cluster, who, each, wish)
    if not groups:
        return authorising.impersonated(other)
    everybody = () if authorising.AUTHENTICATED in groups else (authorising.AUTHENTICATED,)
    return Identity(other, (*groups, *everybody))


def _demand(cluster: Cluster, who: Identity, impersonation: Wish, wish: Wish | None) -> None:
    if wish is None or int(cluster.minor.partition(".")[2]) < CONSTRAINED:
        authorising.demand(cluster, who, impersonation)
    elif not authorising.allowed(cluster, who, impersonation):
        verb = f"impersonate-on:user-info:{wish.verb}"
        raise authorising.refused(who, Wish(verb, wish.group, wish.resource, wish.namespace), named=wish.name)
