"""The headers by which a request asks to be judged as somebody else."""

from urllib.parse import quote

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.world.kube.access import Impersonation


def headers(who: Impersonation) -> tuple[tuple[str, str], ...]:
    """The user comes first. Keys of `extra` are percent-encoded where a header's name cannot hold them."""
    found = [("Impersonate-User", who.user)]
    if who.uid:
        found.append(("Impersonate-Uid", who.uid))
    found += (("Impersonate-Group", group) for group in who.groups)
    found += ((f"Impersonate-Extra-{quote(key, safe='')}", value) for key, value in who.extra)
    if not all(value.isprintable() for _, value in found):
        cause = "a name to impersonate holds a line break or the like"
        raise errors.error(Problem(reasons.KUBECONFIG_INVALID, cause, hint="correct `as` and its companions"))
    return tuple(found)


def service_account(which: str) -> tuple[tuple[str, str], ...]:
    """`namespace/name`, with the groups that its own token would carry."""
    namespace, slash, name = which.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise errors.error(
            Problem(
                reasons.BAD_DOCUMENT,
                f"a service account is written namespace/name, found {which!r}",
                hint="write the namespace before the name",
            )
        )
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return headers(Impersonation(f"system:serviceaccount:{namespace}:{name}", groups=groups))
