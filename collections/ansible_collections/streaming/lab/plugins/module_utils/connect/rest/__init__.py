"""Kafka Connect over REST: one clear line for whatever goes wrong, and what takes more than one call.

The modules use it, and the course's slate, beside which it is installed: it needs Python's own library alone.
The interface: https://kafka.apache.org/38/documentation/#connect_rest; stop and offsets: KIP-875.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

PAUSE = 0.2
"""Seconds between two looks."""
NO_PLUGIN = "Failed to find any class that implements Connector"
"""How an error begins that a worker answers with where a connector's class is not installed (any more)."""


class RestError(Exception):
    """One line that says what was asked of which worker, and what came of it."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class PluginGoneError(RestError):
    """This operation needs the connector's plugin, which is no longer installed on the worker."""


class Deleted(NamedTuple):
    """What is left to do after connectors were deleted with their offsets."""

    histories: list[tuple[str, str]]
    """Debezium's schema histories, now of no use: each as (brokers, topic)."""
    kept: dict[str, dict[str, str]]
    """Connectors, by name with their options, that keep their offsets: only the removed plugin can drop them."""


class Connect:
    """A worker of Kafka Connect; any worker of a cluster speaks for all."""

    def __init__(self, url: str, timeout: float = 20, patience: float = 60) -> None:
        """Remember where it is; nothing is asked yet.

        Args:
            url: such as http://localhost:8083.
            timeout: seconds for one answer.
            patience: seconds for which a request is repeated while the workers rebalance, and for which something
                that was ordered may take.
        """
        self.url = url.rstrip("/")
        self.timeout = timeout
        self.patience = patience

    def ask(self, method: str, path: str, body: object = None, also: Iterable[int] = ()) -> tuple[int, Any]:
        """Send one request, again while the workers rebalance.

        Args:
            method: GET, PUT, POST, DELETE.
            path: below the worker's address, quoted.
            body: sent as JSON.
            also: statuses of an error that the caller knows what to do with.
        Returns:
            the status and the answer's JSON (none where it is empty).
        Raises:
            RestError: for any other error, no answer in time, no worker, or an answer that is no JSON.
        """
        deadline = time.monotonic() + self.patience
        while True:
            status, answer = self._once(method, path, body)
            if status < 300 or status in also:
                return status, answer
            said = message_of(answer)
            if not _is_rebalance(status, said):
                raise RestError(f"{method} {self.url}{path} answered {status}: {said}", status)
            if time.monotonic() > deadline:
                raise RestError(
                    f"{method} {self.url}{path} still answers {status} after {self.patience:g} s: {said} "
                    "(journalctl -u kafka-connect tells why the workers do not agree)",
                    status,
                )
            time.sleep(PAUSE)

    def _once(self, method: str, path: str, body: object) -> tuple[int, Any]:
        where = f"{method} {self.url}{path}"
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if data is not None else {})
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - the lab's own
        # A proxy for the Internet has no part in what is asked of the lab's own hosts.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            status, text = _read(opener, request, self.timeout)
        except TimeoutError as error:
            raise RestError(self._slow(where)) from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise RestError(self._slow(where)) from error
            hint = "is it running there? (systemctl status kafka-connect)"
            raise RestError(f"no Kafka Connect at {self.url}: {_reason(error)}; {hint}") from error
        except (OSError, http.client.IncompleteRead) as error:
            raise RestError(f"{where}: the connection broke: {_reason(error)}") from error
        except (ValueError, http.client.InvalidURL) as error:
            raise RestError(f"{self.url} is no address of Kafka Connect: {error}") from error
        except http.client.HTTPException as error:
            shown = str(error)[:80]
            raise RestError(f"{where} did not answer with HTTP ({shown!r}); is that Kafka Connect?") from error
        try:
            return status, json.loads(text) if text.strip() else None
        except ValueError as error:
            shown = " ".join(text.decode(errors="replace").split())[:80]
            raise RestError(
                f"{where} answered {status} without JSON ({shown!r}); is that Kafka Connect?", status
            ) from error

    def _slow(self, where: str) -> str:
        return f"{where} did not answer within {self.timeout:g} s; journalctl -u kafka-connect may tell why"

    # One call each

    def names(self) -> list[str]:
        """Names of all connectors."""
        return self.ask("GET", "/connectors")[1]

    def plugins(self) -> list[dict[str, str]]:
        """The connectors' plugins: class, type (source or sink) and version."""
        return self.ask("GET", "/connector-plugins")[1]

    def config(self, name: str) -> dict[str, str] | None:
        """A connector's options; none where there is no such connector."""
        status, answer = self.ask("GET", f"/connectors/{quoted(name)}/config", also=(404,))
        return answer if status == 200 else None

    def status(self, name: str) -> dict[str, Any] | None:
        """A connector's state and that of its tasks; none before there is any."""
        status, answer = self.ask("GET", f"/connectors/{quoted(name)}/status", also=(404,))
        return answer if status == 200 else None

    def validate(self, plugin: str, config: Mapping[str, str]) -> list[dict[str, Any]]:
        """What the plugin says to a configuration: for each option its definition, and its value with errors."""
        return self.ask("PUT", f"/connector-plugins/{quoted(plugin)}/config/validate", dict(config))[1]["configs"]

    def definitions(self, plugin: str) -> list[dict[str, Any]]:
        """The options that a plugin defines; none where the worker cannot make one of it."""
        status, answer = self.ask("GET", f"/connector-plugins/{quoted(plugin)}/config", also=(404, 500))
        return answer if status == 200 else []

    def create(self, name: str, config: Mapping[str, str], state: str) -> None:
        """Make a connector.

        Args:
            name: of the connector.
            config: its options.
            state: RUNNING, PAUSED or STOPPED from its first moment (KIP-980).
        """
        self.ask("POST", "/connectors", {"name": name, "config": dict(config), "initial_state": state})

    def change(self, name: str, config: Mapping[str, str]) -> None:
        """Replace a connector's options."""
        self.ask("PUT", f"/connectors/{quoted(name)}/config", dict(config))

    def order(self, name: str, verb: str) -> None:
        """Tell a connector to `pause`, `resume` or `stop`; it takes effect a little later."""
        self.ask("PUT", f"/connectors/{quoted(name)}/{verb}")

    def restart_failed(self, name: str) -> None:
        """Restart a connector if it failed, and those of its tasks that failed, and nothing else (KIP-745)."""
        self.ask("POST", f"/connectors/{quoted(name)}/restart?includeTasks=true&onlyFailed=true")

    def offsets(self, name: str) -> list[dict[str, Any]]:
        """A connector's stored offsets, each with `partition` and `offset`; none without KIP-875."""
        status, answer = self.ask("GET", f"/connectors/{quoted(name)}/offsets", also=(400, 404, 500))
        return answer.get("offsets", []) if status == 200 else []

    # What takes several

    def forget_offsets(self, name: str) -> None:
        """Delete the offsets of a stopped connector, so that it starts from the beginning.

        Raises:
            PluginGoneError: at once, if the worker has no such class: Connect leaves the work to the connector itself.
            RestError: with the last answer, if it does not let go of them in time.
        """
        path = f"/connectors/{quoted(name)}/offsets"
        what = f"DELETE {self.url}{path}"

        def drop() -> tuple[int, Any]:
            # 400 while tasks still stop, 500 when a sink's consumer has just left its group.
            status, answer = self.ask("DELETE", path, also=(404, 400, 500))
            if status == 500 and NO_PLUGIN in message_of(answer):
                raise PluginGoneError(f"{what} answered {status}: {message_of(answer)}", status)
            return status, answer

        self._until(drop, (200, 404), what)

    def delete(self, names: Iterable[str], offsets: bool) -> Deleted:
        """Delete connectors and wait until they are gone; those that are not there are passed over.

        Args:
            names: of the connectors.
            offsets: whether their offsets are deleted too.
        Returns:
            nothing to do, where offsets were not to go. A connector without its plugin goes too, its offsets stay.
        Raises:
            RestError: with the last answer, if something is not done in time.
        """
        configs = {name: config for name in names if (config := self.config(name)) is not None}
        deleted = Deleted([], {})
        if offsets:
            for name in configs:
                self.ask("PUT", f"/connectors/{quoted(name)}/stop", also=(404,))
            for name, config in configs.items():
                try:
                    self.forget_offsets(name)
                except PluginGoneError:
                    deleted.kept[name] = config
                else:
                    deleted.histories.extend(history_topic(config))
        for name in configs:
            self.ask("DELETE", f"/connectors/{quoted(name)}", also=(404,))
        self._until(
            lambda: (200, None) if not set(configs) & set(self.names()) else (0, {"message": "still listed"}),
            (200,),
            f"DELETE {self.url}/connectors/...",
        )
        return deleted

    def _until(self, call: Callable[[], tuple[int, Any]], done: tuple[int, ...], what: str) -> None:
        deadline = time.monotonic() + self.patience
        while True:
            status, answer = call()
            if status in done:
                return
            if time.monotonic() > deadline:
                raise RestError(f"{what} not done within {self.patience:g} s: {status} {message_of(answer)}", status)
            time.sleep(PAUSE)


def quoted(name: str) -> str:
    """A connector's name or a class as a part of a path."""
    return urllib.parse.quote(name, safe="")


def message_of(answer: Any) -> str:
    """What an error of Kafka Connect says, in one line."""
    said = str(answer.get("message", answer)) if isinstance(answer, dict) else str(answer or "no message")
    return " ".join(said.split())[:600]


def history_topic(config: Mapping[str, str]) -> list[tuple[str, str]]:
    """Where a Debezium connector keeps its tables' history: none or one of (brokers, topic)."""
    prefix = "schema.history.internal.kafka."
    topic, brokers = config.get(f"{prefix}topic"), config.get(f"{prefix}bootstrap.servers")
    ours = str(config.get("connector.class", "")).startswith("io.debezium.") and topic and brokers
    return [(str(brokers), str(topic))] if ours else []


def _read(opener: urllib.request.OpenerDirector, request: urllib.request.Request, timeout: float) -> tuple[int, bytes]:
    try:
        with opener.open(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason)


def _is_rebalance(status: int, said: str) -> bool:
    """Whether an error passes when the workers have agreed (Kafka's RestServer, DistributedHerder).

    Most requests answer 409 then, and so does a POST of a name that is taken, for good. A connector's configuration
    answers 500.
    """
    return (status == 409 and "already exists" not in said) or (status == 500 and "a rebalance is expected" in said)
