"""Traces by OTLP over HTTP, for who installed `roadstead[otel]`: a span for each commit, render, step and request.

What opens spans knows only world/tracing; here they become OpenTelemetry's. They are sent by a thread of its SDK,
which holds up nobody; a collector that does not answer loses them. The SDK reads its usual variables (OTEL_…), such
as the sampler and more headers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from roadstead import __version__
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.objects import redact
from roadstead.world import tracing
from roadstead.world.tracing import Value

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import Span, Tracer

_PATIENCE = 1.0  # seconds for one batch; the last one is sent while the process ends
_MOST = 2048  # spans that wait


@contextmanager
def sent(address: str, *, name: str) -> Iterator[None]:
    """While the context is open, spans go to the collector at this address; without one, there are none. `name` is
    who serves. Raises UsageError where the extra is not installed."""
    if not address:
        yield
        return
    with told(_sender(address), name=name):
        yield


@contextmanager
def told(processor: "SpanProcessor", *, name: str) -> Iterator[None]:
    """Likewise, to this processor, which is shut down at the end."""
    provider = _provider(processor, name)
    tracer, before = provider.get_tracer("roadstead"), tracing.span

    @contextmanager
    def span(what: str, /, **attributes: Value) -> Iterator[tracing.Span]:
        with _opened(tracer, what, attributes) as opened:
            yield opened

    tracing.span = span
    try:
        yield
    finally:
        tracing.span = before
        provider.shutdown()


def _sender(address: str) -> "SpanProcessor":
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as cause:
        problem = Problem(
            reasons.TOOL_MISSING, "--traces: OpenTelemetry is not there", "install roadstead[otel]"
        )
        raise errors.error(problem) from cause
    exporter = OTLPSpanExporter(f"{address.rstrip('/')}/v1/traces", timeout=_PATIENCE)
    return BatchSpanProcessor(exporter, max_queue_size=_MOST, max_export_batch_size=_MOST)


def _provider(processor: "SpanProcessor", name: str) -> "TracerProvider":
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    service = {"service.name": "roadstead", "service.version": __version__}
    resource = Resource.create({**service, "service.instance.id": name})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider


@contextmanager
def _opened(tracer: "Tracer", what: str, attributes: dict[str, Value]) -> Iterator["_Named"]:
    from opentelemetry.trace import Status, StatusCode

    named = {f"roadstead.{key}": value for key, value in attributes.items()}
    with tracer.start_as_current_span(
        f"roadstead {what}", attributes=named, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield _Named(span)
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, redact.text(str(error))))
            raise


class _Named(Struct, frozen=True):
    span: "Span"

    def set_attribute(self, name: str, value: Value) -> None:
        self.span.set_attribute(f"roadstead.{name}", value)
