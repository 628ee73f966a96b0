"""Every reason that a problem can have: one name each, never renamed, all documented.

A reason says into which of four categories a problem falls, and with it what the engine does:
transient problems are retried with backoff, stalled ones wait until a person changes something,
conflicts are planned again, usage problems end the command. `docs/reference/reasons.md` lists them
all; a test holds the two together.
"""

from enum import StrEnum

from msgspec import Struct


class Category(StrEnum):
    TRANSIENT = "transient"
    STALLED = "stalled"
    CONFLICT = "conflict"
    USAGE = "usage"


class Reason(Struct, frozen=True):
    name: str
    category: Category
    meaning: str
    remedy: str

    def __str__(self) -> str:
        return self.name


REASONS: dict[str, Reason] = {}


def _reason(name: str, category: Category, meaning: str, remedy: str) -> Reason:
    reason = Reason(name, category, meaning, remedy)
    if REASONS.setdefault(name, reason) is not reason:
        raise ValueError(f"reason {name} is defined twice")
    return reason


_T, _S, _C, _U = Category.TRANSIENT, Category.STALLED, Category.CONFLICT, Category.USAGE

# The command line and this machine
BAD_ARGUMENT = _reason("BadArgument", _U, "an argument or flag has no sense here", "see the verb's --help")
INTERRUPTED = _reason("Interrupted", _T, "stopped by a signal before the end", "run the same command again")
DISK_FULL = _reason("DiskFull", _T, "this machine's disk or quota is full", "free space and run again")
INTERNAL_FAULT = _reason(
    "InternalFault", _S, "Roadstead itself failed on this", "report it with the text shown"
)
TOOL_MISSING = _reason(
    "ToolMissing", _U, "a command this needs is not on the machine", "install it, or set its path"
)

# Reading what people wrote
BAD_YAML = _reason(
    "BadYaml", _U, "a file is not YAML or JSON as Kubernetes reads it", "correct the file at the line named"
)
BAD_DOCUMENT = _reason(
    "BadDocument", _U, "a fleet document breaks the schema of its kind", "correct the field named"
)
UNKNOWN_KIND = _reason(
    "UnknownKind", _U, "no kind of fleet document has this name", "use a kind that `roadstead schema` lists"
)
UNKNOWN_FIELD = _reason(
    "UnknownField", _U, "the kind has no field of this name", "use the field that the message suggests"
)
UNKNOWN_REFERENCE = _reason(
    "UnknownReference",
    _U,
    "a document names another that does not exist",
    "correct the name or add the document",
)
DUPLICATE = _reason(
    "Duplicate", _U, "two documents have the same kind and name", "rename or remove one of them"
)
NOT_ALLOWED = _reason(
    "NotAllowed",
    _U,
    "a Source's documents go beyond what the Source allows",
    "widen `allow` in the Source, or change the document",
)
BAD_VARIABLE = _reason(
    "BadVariable",
    _U,
    "a variable is missing, of another type, or not declared",
    "declare it as a parameter, or set it in a layer",
)
BAD_SELECTOR = _reason(
    "BadSelector",
    _U,
    "a selector is missing or cannot be read",
    "write matchLabels, matchExpressions, names or all: true",
)
BAD_LABEL = _reason(
    "BadLabel",
    _U,
    "a label is not one of the fleet's vocabulary",
    "correct it, or add it to spec.labels of the Fleet",
)
CONTRADICTION = _reason(
    "Contradiction",
    _U,
    "two documents say different things about one thing",
    "change one of the two, or narrow its selector",
)
DEPENDENCY_CYCLE = _reason(
    "DependencyCycle",
    _U,
    "things wait for each other in a circle",
    "remove one of the dependencies named",
)
HOLD_ENDED = _reason(
    "HoldEnded", _U, "the end of a Hold has passed: it has no effect", "remove it, or set a new end"
)
SELECTS_NOTHING = _reason(
    "SelectsNothing",
    _U,
    "a selector matches no cluster",
    "check the labels with `roadstead get clusters --labels`",
)
NO_EFFECT_YET = _reason(
    "NoEffectYet",
    _U,
    "the document is checked, but this version does nothing with it",
    "keep it; nothing else is needed",
)
COVERAGE = _reason(
    "Coverage",
    _U,
    "a cluster falls in no wave, or a wave can hold no cluster",
    "correct the waves' selectors",
)
LIMIT_EXCEEDED = _reason(
    "LimitExceeded",
    _S,
    "more would be lost than the limits allow",
    "approve it with --allow-loss, or restore what is missing",
)
FROZEN = _reason(
    "Frozen", _S, "a hold or an unreadable source freezes this", "lift the hold, or repair the source"
)

# Git and other sources
SOURCE_UNREADABLE = _reason(
    "SourceUnreadable",
    _S,
    "a repository or revision cannot be read",
    "check the address, the ref and your credentials",
)
SOURCE_UNREACHABLE = _reason(
    "SourceUnreachable", _T, "a repository does not answer", "check the network; it is tried again"
)
HISTORY_REWRITTEN = _reason(
    "HistoryRewritten",
    _S,
    "a ref was moved to a commit that does not follow the one seen before",
    "make sure that the force push was meant",
)
NO_FLEET = _reason(
    "NoFleet",
    _U,
    "no roadstead.yaml was found at the place named, nor above it",
    "run `roadstead init`, or name the folder of the fleet",
)
FILE_MISSING = _reason(
    "FileMissing",
    _U,
    "a file or folder that is needed is not in its repository",
    "correct the path, or add the file",
)
OUTSIDE_SNAPSHOT = _reason(
    "OutsideSnapshot",
    _U,
    "a file outside the snapshot was asked for",
    "move the file into the repository, or name its repository as a Source",
)
SIGNATURE_INVALID = _reason(
    "SignatureInvalid",
    _S,
    "a revision is not signed by a key that is trusted",
    "sign the commit or tag, or correct `verify`",
)

# Rendering
RENDER_FAILED = _reason(
    "RenderFailed", _S, "the renderer refused the input", "run the renderer by hand on the path named"
)
RENDER_TIMEOUT = _reason(
    "RenderTimeout", _S, "the renderer did not end in time", "make the build smaller, or raise the deadline"
)
NOT_REPRODUCIBLE = _reason(
    "NotReproducible",
    _S,
    "two renders of the same input differ",
    "remove random values or clocks from the templates",
)
BAD_PATCH = _reason(
    "BadPatch", _S, "a patch does not fit the object it is for", "correct the patch at the field named"
)
BAD_EXPRESSION = _reason(
    "BadExpression", _U, "a CEL expression cannot be compiled", "correct the expression at the column named"
)
EXPRESSION_FAILED = _reason(
    "ExpressionFailed",
    _S,
    "a CEL expression gave an error, or another type than is wanted",
    "guard optional fields with has(), and return the type wanted",
)
INVALID_OBJECT = _reason(
    "InvalidObject",
    _S,
    "a rendered object is not a Kubernetes object, or breaks its schema",
    "correct the field named",
)
LEFT_OUT = _reason(
    "LeftOut", _S, "a part of the source is not rendered", "nothing, if it is not missed on the cluster"
)
MATCHES_NOTHING = _reason(
    "MatchesNothing",
    _S,
    "a patch, exclusion or pinned image fits no rendered object",
    "correct the target or name, or remove it",
)
SCOPE_UNKNOWN = _reason(
    "ScopeUnknown",
    _S,
    "whether objects of a custom kind live in namespaces is not known",
    "write metadata.namespace, render the definition beside it, or run `roadstead facts`",
)
DUPLICATE_OBJECT = _reason("DuplicateObject", _S, "an object is rendered twice", "remove one of the two")
FACTS_MISSING = _reason(
    "FactsMissing",
    _U,
    "nothing is recorded about a cluster and nothing is assumed",
    "run `roadstead facts`, or set spec.kubernetes in its Cluster",
)

# Clusters
PROVIDER_UNKNOWN = _reason(
    "ProviderUnknown",
    _U,
    "a provider of access is not configured on this machine",
    "configure it in providers.yaml",
)
KUBECONFIG_INVALID = _reason(
    "KubeconfigInvalid", _U, "the kubeconfig cannot be read or used", "correct the kubeconfig entry named"
)
CONTEXT_MISSING = _reason(
    "ContextMissing",
    _U,
    "the kubeconfig has no context of this name",
    "add the context, or set access.context in the Cluster",
)
IDENTITY_CHANGED = _reason(
    "IdentityChanged",
    _S,
    "the cluster is not the one that its document names",
    "check the context; if it was rebuilt, run `roadstead cluster add` again",
)
UNREACHABLE = _reason(
    "Unreachable", _T, "the cluster's API server does not answer", "check the network and the server"
)
CERTIFICATE_INVALID = _reason(
    "CertificateInvalid",
    _S,
    "the server's or our certificate is not accepted",
    "renew or correct the certificate or its authority",
)
UNAUTHORIZED = _reason(
    "Unauthorized",
    _S,
    "the server does not accept our credentials",
    "renew the token, certificate or plugin login",
)
FORBIDDEN = _reason(
    "Forbidden", _S, "our identity may not do this", "grant the right named to the identity named"
)
THROTTLED = _reason(
    "Throttled", _T, "the server asks to wait (429)", "nothing: it is tried again when the server says"
)
SERVER_ERROR = _reason(
    "ServerError",
    _T,
    "the server failed on this request",
    "it is tried again; see the server's log if it stays",
)
API_WARNING = _reason(
    "ApiWarning",
    _S,
    "the server did what was asked, and warned of it",
    "do as the text says; what is deprecated is refused by a later Kubernetes",
)
NO_SUCH_KIND = _reason(
    "NoSuchKind", _S, "the cluster serves no such kind", "install the definition first, or correct apiVersion"
)
WEBHOOK_UNAVAILABLE = _reason(
    "WebhookUnavailable",
    _T,
    "an admission webhook that must be asked does not answer",
    "see whether the webhook's service runs; it is tried again",
)
EXPIRED = _reason(
    "Expired", _C, "the server no longer knows the version that was asked for", "nothing: it is read anew"
)
NOT_FOUND = _reason("NotFound", _C, "the object or its namespace does not exist", "plan again")

# Planning and applying
INVALID = _reason("Invalid", _S, "the server refuses the object's content", "correct the field named")
REJECTED = _reason(
    "Rejected",
    _S,
    "an admission webhook or policy refuses the object",
    "satisfy the rule named, or change it",
)
TOO_LARGE = _reason("TooLarge", _S, "the object is larger than the server stores", "split it")
IMMUTABLE = _reason(
    "Immutable", _S, "the field cannot be changed on a live object", "delete the object by hand, or rename it"
)
CONFLICT = _reason(
    "Conflict", _C, "the object changed meanwhile, or another manager owns a field", "plan again"
)
UNSERVED_ENTRY = _reason(
    "UnservedEntry",
    _S,
    "a manager's entry on the object is at a version that is no longer served, so every apply fails",
    "set the entry's apiVersion in metadata.managedFields to a version that is served",
)
OWNED_BY_OTHER = _reason(
    "OwnedByOther",
    _S,
    "another bundle, fleet or tool owns the object",
    "remove it there, or set adopt in the Bundle",
)
TERMINATING = _reason(
    "Terminating",
    _T,
    "the object or its namespace is being deleted",
    "nothing: it is created when the old one is gone",
)
STUCK_DELETING = _reason(
    "StuckDeleting", _S, "finalizers keep the object", "let their controller finish, or remove them by hand"
)
PROTECTED = _reason(
    "Protected",
    _S,
    "the object takes other people's data with it and is deleted only when asked",
    "delete it by hand, or ask for it with --delete-precious",
)
PRUNE_LIMITED = _reason(
    "PruneLimited",
    _S,
    "more objects would be deleted than deletion.limit allows",
    "approve with --allow-prune, or raise the limit",
)
PLAN_STALE = _reason(
    "PlanStale",
    _C,
    "the world is not as it was when the plan was saved",
    "plan again and approve the new plan",
)
INVENTORY_BROKEN = _reason(
    "InventoryBroken",
    _S,
    "what a bundle owns on a cluster cannot be read from its inventory there",
    "restore the Secret named; only if that is impossible delete it: objects are then found by their labels",
)
FENCED = _reason(
    "Fenced",
    _C,
    "another writer took over this bundle on this cluster",
    "let that writer finish and run again; a hub keeps what it writes: commit what you want, and it does it; "
    "--take-over is for a writer that is gone, or that you stop",
)
DEPENDENCY_NOT_READY = _reason(
    "DependencyNotReady", _T, "something this depends on is not ready", "look at the dependency named"
)
NOT_READY = _reason("NotReady", _T, "applied, but not ready in the time given", "look at the object named")
UNHEALTHY = _reason("Unhealthy", _S, "applied, but failed to become ready", "look at the object named")

# The database and the record
DATABASE_BUSY = _reason(
    "DatabaseBusy",
    _T,
    "the database is locked by another process or has no connection free",
    "nothing: it is tried again; if it stays, see who holds the database",
)
DATABASE_UNREACHABLE = _reason(
    "DatabaseUnreachable",
    _T,
    "the database does not answer, or cannot be written",
    "nothing: it is tried again; if it stays, check the server, the folder and the login of its URL",
)
DATABASE_DAMAGED = _reason(
    "DatabaseDamaged",
    _S,
    "the database is damaged, or no database of Roadstead",
    "restore a copy, or move it away: statuses and decisions come back from clusters and Git, history does not",
)
DATABASE_NEWER = _reason(
    "DatabaseNewer",
    _S,
    "a newer version of Roadstead has changed the tables of this database",
    "run that version, or restore the copy made before it",
)
RECORD_BROKEN = _reason(
    "RecordBroken",
    _S,
    "records were changed, removed, reordered or cut off",
    "keep the database as evidence, and compare it with a copy or an export",
)
DECISION_UNREADABLE = _reason(
    "DecisionUnreadable",
    _S,
    "a file in refs/roadstead/decisions is no decision",
    "correct or remove the file; until then nothing that it may concern moves forward",
)

# A process that serves, and who asks it
LOGIN_NEEDED = _reason(
    "LoginNeeded",
    _U,
    "the hub does not know who asks, or what was shown to it has ended",
    "run `roadstead login --hub URL`",
)
ROLE_MISSING = _reason(
    "RoleMissing",
    _U,
    "who asks does not have the role that this takes",
    "ask for the role named, in the hub's --access file",
)
TOO_MANY_ATTEMPTS = _reason(
    "TooManyAttempts", _T, "too many logins failed from this address", "wait, and see which login is wrong"
)
REQUEST_TOO_LARGE = _reason(
    "RequestTooLarge", _U, "the hub does not take a request of this size", "ask for less at once"
)
REQUEST_REUSED = _reason(
    "RequestReused",
    _U,
    "an idempotency key was used again for something else",
    "use a new key for each thing that is asked",
)
FORGED_REQUEST = _reason(
    "ForgedRequest",
    _U,
    "a write came from a browser without proof that the hub's own page asked for it",
    "send the header X-CSRF-Token as /api/v1/me tells it, or a bearer token instead of the cookie",
)
LOGIN_FAILED = _reason(
    "LoginFailed",
    _U,
    "a login by OpenID Connect did not come to its end",
    "try again; if it stays, compare the provider's settings with the hub's --access file",
)
LOGIN_PROVIDER_SILENT = _reason(
    "LoginProviderSilent",
    _T,
    "the provider of OpenID Connect does not answer the hub",
    "try again; if it stays, check from the hub's machine that the issuer can be reached",
)
HUB_UNREACHABLE = _reason(
    "HubUnreachable", _T, "the hub does not answer", "check the address, the network and that it runs"
)
HUB_VERSION = _reason(
    "HubVersion",
    _U,
    "what answers is no hub that this command understands",
    "check the address, and use the same version of roadstead as the hub",
)

# Who is told
RECEIVER_FAILED = _reason(
    "ReceiverFailed",
    _T,
    "a receiver of alerts does not take messages at the moment",
    "look at the receiver; messages wait a day for it",
)
RECEIVER_REFUSED = _reason(
    "ReceiverRefused",
    _S,
    "a receiver of alerts refuses what it is sent",
    "check its address and secret; try `roadstead alert test`",
)
SECRET_MISSING = _reason(
    "SecretMissing",
    _S,
    "a document names a secret that this machine does not have",
    "put it into a file of that name in --secrets",
)
