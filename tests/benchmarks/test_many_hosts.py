"""The benchmark of many hosts: what the proxy counts, whose it is, and what an added host costs."""

from __future__ import annotations

import http.client
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.artifacts.kit import ROOT

sys.path.append(str(ROOT / "benchmarks"))

import class_model
import classroom
import counting_proxy
import many_hosts
from counting_proxy import CountingProxy, Request

BODY = b"x" * 300_000


class Origin(BaseHTTPRequestHandler):
    """A server of one file."""

    def do_GET(self) -> None:
        if self.path == "/pool/late.deb":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingProxy]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = CountingProxy("127.0.0.1")
    server.start()
    yield server
    server.shutdown()
    server.server_close()


def connect(proxy: CountingProxy) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", proxy.server_address[1], timeout=10)


def wait_for_requests(proxy: CountingProxy, number: int) -> list[Request]:
    """The end of a tunnel is noted by another thread."""
    found: list[Request] = []
    while len(found) < number:
        found += proxy.take()
    return found


def test_bodies_are_passed_on_and_counted_on_one_connection(proxy: CountingProxy, origin: str) -> None:
    client = connect(proxy)
    for _ in range(2):
        client.request("GET", f"http://{origin}/pool/a.deb")
        assert client.getresponse().read() == BODY
    client.request("GET", f"http://{origin}/pool/late.deb")
    assert client.getresponse().status == 404
    taken = wait_for_requests(proxy, 3)
    assert [request.size for request in taken[:2]] == [len(BODY)] * 2
    assert {(request.client, request.url) for request in taken[:2]} == {("127.0.0.1", f"http://{origin}/pool/a.deb")}
    assert proxy.take() == []


def test_all_bytes_of_a_tunnel_are_counted(proxy: CountingProxy, origin: str) -> None:
    client = connect(proxy)
    host, port = origin.split(":")
    client.set_tunnel(host, int(port))
    client.request("GET", "/pool/a.deb")
    assert client.getresponse().read() == BODY
    client.close()
    (request,) = wait_for_requests(proxy, 1)
    assert request.url == origin
    assert len(BODY) < request.size < len(BODY) + 1000


def test_a_server_that_does_not_answer_is_a_bad_gateway(proxy: CountingProxy) -> None:
    client = connect(proxy)
    client.request("GET", "http://127.0.0.1:9/")
    assert client.getresponse().status == 502


def test_the_proxy_of_the_machine_is_asked(proxy: CountingProxy, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    second = CountingProxy("127.0.0.1")
    second.start()
    # The second one has no proxy.
    for scheme, path in (("https", ""), ("http", f"http://{origin}")):
        chain = iter([("127.0.0.1", second.server_address[1]), None])
        monkeypatch.setattr(counting_proxy, "upstream", lambda _, chain=chain: next(chain))
        client = connect(proxy)
        if scheme == "https":
            host, port = origin.split(":")
            client.set_tunnel(host, int(port))
        client.request("GET", f"{path}/pool/a.deb")
        assert client.getresponse().read() == BODY
        client.close()
        assert wait_for_requests(proxy, 1)[0].url == wait_for_requests(second, 1)[0].url
    second.shutdown()
    second.server_close()


@pytest.mark.parametrize("value", ["http://proxy.example:3128", "proxy.example:3128"])
def test_the_proxy_of_the_machine_is_read_from_its_variable(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert counting_proxy.upstream("https") is None
    monkeypatch.setenv("HTTPS_PROXY", value)
    assert counting_proxy.upstream("https") == ("proxy.example", 3128)
    assert counting_proxy.upstream("http") is None


def test_only_lists_and_packages_of_an_archive_are_os_packages() -> None:
    asked = [
        Request("10.10.30.101", "http://deb.example/debian/dists/trixie/InRelease", 10),
        Request("10.10.30.101", "http://deb.example/debian/pool/main/j/jq/jq_1.deb", 20),
        Request("10.10.30.101", "http://repo.example/maven2/kafka.jar", 30),
        Request("10.10.30.1", "repo.example:443", 40),
    ]
    assert many_hosts.by_client(asked, {"10.10.30.101": "student01"}) == {
        "student01": {"bytes": 60, "requests": 3, "others": ["http://repo.example/maven2/kafka.jar"]},
        "control": {"bytes": 40, "requests": 1, "others": ["repo.example:443"]},
    }


def test_the_cost_of_an_added_host_is_the_slope() -> None:
    rows = [{"hosts": n, "run": "first", "wall s": 50.0 + 10 * n, "pushed MB": 75 + 150.0 * n} for n in (1, 2, 4, 8)]
    (line,) = many_hosts.slopes(rows)
    assert line["wall s"] == pytest.approx(10)
    assert line["pushed MB"] == pytest.approx(150)
    assert many_hosts.slopes(rows[:1]) == []


def test_counters_of_a_host_are_read() -> None:
    text = (
        "Inter-| Receive\n face |bytes\n    lo: 9 1\n  eth0: 100 2 0 0 0 0 0 0 50 3 0 0 0 0 0 0\nusage_usec 2500000\n"
    )
    assert classroom.counters(text) == classroom.Cost(100, 50, 2.5)


def test_the_slowest_resource_decides() -> None:
    added = {"pushed MB": 150.0, "packages MB": 220.0, "control cpu s": 20.0, "hosts cpu s": 60.0}
    gigabit, wifi = class_model.model(added, cores=2)
    assert (gigabit["control s"], gigabit["host s"], gigabit["decides"]) == (300, 30, "packages")
    assert gigabit["push s"] == pytest.approx(30 * 150 * 8 * 1.06 / 940)
    assert wifi["push s"] == pytest.approx(30 * 370 * 8 * 1.06 / 100)
    assert wifi["decides"] == "push"
