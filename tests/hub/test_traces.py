"""Traces: a span for each commit, render, step and request, received by OTLP; off, they cost nothing."""

import gzip
import http.server
import subprocess
import sys
import threading
import time

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from roadstead.hub import traces
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.world import tracing
from tests.end_to_end.story import config_map, namespace
from tests.engine import fleets


@pytest.fixture
def spans():
    """What was told, as OpenTelemetry's spans."""
    exporter = InMemorySpanExporter()
    with traces.told(SimpleSpanProcessor(exporter), name="hub@test"):
        yield exporter.get_finished_spans


async def test_a_commit_its_renders_steps_and_requests_are_spans(spans, tmp_path):
    async with fleets.simulated(tmp_path) as fleet:
        fleet.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="1")]})
        commit = fleet.commit()
        async with fleet.served():
            await fleet.settled(1)
    named = {}
    for one in spans():
        named.setdefault(one.name, []).append(one)
    assert named["roadstead commit"][0].attributes["roadstead.commit"] == commit
    assert named["roadstead render"][0].attributes["roadstead.assignments"] == 1
    steps = [one for one in named["roadstead step"] if not one.attributes["roadstead.stalled"]]
    assert {(one.attributes["roadstead.bundle"], one.attributes["roadstead.cluster"]) for one in steps} == {
        ("web", "c1")
    }
    applied = [
        one
        for one in named["roadstead request"]
        if one.attributes["roadstead.object"].endswith("web/a")
        and one.attributes["roadstead.action"] == "apply"
    ]
    assert applied
    assert applied[0].parent.span_id in {one.context.span_id for one in steps}


def test_an_error_is_told_without_credentials(spans):
    problem = Problem(reasons.UNREACHABLE, "cannot read https://bot:hunter2secret@git.example/fleet")
    with pytest.raises(RoadsteadError), tracing.span("commit"):
        raise errors.error(problem)
    (span,) = spans()
    assert "https://***@git.example/fleet" in span.status.description
    assert "hunter2secret" not in span.to_json()


class _Collector(http.server.ThreadingHTTPServer):
    """Answers, or holds its tongue."""

    def __init__(self, *, silent: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.silent, self.received = silent, []
        self.ending = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.silent:
            self.server.ending.wait(600)
            return
        self.server.received.append((self.path, ExportTraceServiceRequest.FromString(_plain(self, body))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def _plain(handler, body):
    return gzip.decompress(body) if handler.headers.get("Content-Encoding") == "gzip" else body


def test_spans_reach_a_collector_with_who_sent_them():
    with (
        _Collector() as collector,
        traces.sent(collector.url, name="hub@test"),
        tracing.span("step", bundle="web"),
    ):
        pass
    ((path, request),) = collector.received
    (of_resource,) = request.resource_spans
    told = {one.key: one.value.string_value for one in of_resource.resource.attributes}
    assert path == "/v1/traces"
    assert (told["service.name"], told["service.instance.id"]) == ("roadstead", "hub@test")
    assert [one.name for scope in of_resource.scope_spans for one in scope.spans] == ["roadstead step"]


@pytest.mark.whole
def test_a_collector_that_hangs_holds_up_the_end_of_the_process_for_moments_only():
    with _Collector(silent=True) as collector:
        with traces.sent(collector.url, name="hub@test"):
            for _ in range(5000):
                with tracing.span("step"):
                    pass
            begun = time.monotonic()
        assert time.monotonic() - begun < 120, "the collector hangs for ten minutes"


@pytest.mark.whole
def test_without_an_address_nothing_is_traced_nor_loaded():
    before = tracing.span
    with traces.sent("", name="hub@test"):
        assert tracing.span is before
    assert tracing.span("step", bundle="a") is tracing.span("request")
    loaded = "import sys, roadstead.hub.traces, roadstead.hub.app; sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    for name in [*sys.modules]:
        if name.startswith("opentelemetry.exporter"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter", None)
    with (
        pytest.raises(RoadsteadError, match="OpenTelemetry is not there") as told,
        traces.sent("http://127.0.0.1:1", name="hub@test"),
    ):
        pass
    assert told.value.problem.hint == "install roadstead[otel]"
