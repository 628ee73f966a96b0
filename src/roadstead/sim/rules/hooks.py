"""How the API server is told to reach a webhook, and which of them converts the versions of a custom kind."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from roadstead.sim.schema.requiring import Cause, forbidden, invalid, required

Value = dict[str, Any]
FORM = "desired format: https://host[/path]"


def client(config: Value, at: str) -> Iterator[Cause]:
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        yield required(at, "exactly one of url or service is required")
    elif url is not None:
        yield from _url(url, f"{at}.url")
    if service is not None:
        for key in ("name", "namespace"):
            if not service.get(key):
                yield required(f"{at}.service.{key}")
        if not 0 < service.get("port", 443) < 65536:
            yield invalid(
                f"{at}.service.port", service["port"], "port is not valid: must be between 1 and 65535"
            )
        path = service.get("path", "/")
        if not path.startswith("/"):
            yield invalid(f"{at}.service.path", path, "must start with a '/'")


def _url(written: str, at: str) -> Iterator[Cause]:
    found = urlsplit(written)
    if found.scheme != "https":
        yield invalid(at, found.scheme, f"'https' is the only allowed URL scheme; {FORM}")
    if not found.netloc:
        yield invalid(at, found.netloc, f"host must be specified; {FORM}")
    if found.username is not None:
        yield invalid(at, found.username, "user information is not permitted in the URL")
    if found.fragment:
        yield invalid(at, found.fragment, "fragments are not permitted in the URL")
    if found.query:
        yield invalid(at, found.query, "query parameters are not permitted in the URL")


def conversion(said: Value, at: str) -> Iterator[Cause]:
    webhook, config = said.get("webhook") or {}, f"{at}.webhookClientConfig"
    found, wanted = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    if said.get("strategy") != "Webhook":
        for place, given in ((config, found), (f"{at}.conversionReviewVersions", wanted)):
            if given:
                yield forbidden(place, "should not be set when strategy is not set to Webhook")
        return
    if found is None:
        yield required(config, "required when strategy is set to Webhook")
    else:
        yield from client(found, config)
    if not wanted:
        yield required(f"{at}.conversionReviewVersions")
    elif not {"v1", "v1beta1"} & set(wanted):
        yield invalid(f"{at}.conversionReviewVersions", wanted, "must include at least one of v1, v1beta1")
