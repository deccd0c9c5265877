"""Runs on the workspace host by the course's Python: the ledger of hdfs-sink's rows, and a proxy that loses answers.

produce BOOTSTRAP TOPIC COUNT RATE FIRST LEDGER DAYS
                                         send COUNT rows with ids from FIRST on; note each id that was acknowledged
compare WEBHDFS FOLDER LEDGER            acknowledged ids against those in published files, as JSON
lines WEBHDFS FOLDER                     lines of published files by their path, as JSON
proxy PORT WEBHDFS NTH                   forward to WebHDFS; of each NTH RENAME the answer is dropped
"""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""The lab's own addresses are asked without a proxy."""


def produce(bootstrap: str, topic: str, count: int, rate: float, first: int, ledger: str, days: int) -> None:
    """Send rows at a rate, ten of a day and then of the next; the ledger gets a line for each id that brokers have."""
    from kafka import KafkaProducer

    lock = threading.Lock()
    with Path(ledger).open("a", buffering=1, encoding="ascii") as book:
        producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, delivery_timeout_ms=240_000)

        def note(number: int) -> None:
            with lock:
                book.write(f"{number}\n")

        began = time.monotonic()
        for number in range(count):
            when = 1740132000000 + number // 10 % days * 86_400_000
            row = {"schema": None, "payload": {"id": first + number, "datahora": when, "valor": 14.5}}
            while True:
                try:
                    future = producer.send(topic, json.dumps(row).encode(), partition=number % 2)
                    break
                except Exception:  # a broker that is down: the row was not taken
                    time.sleep(0.2)
            future.add_callback(lambda _, number=first + number: note(number))
            ahead = number / rate - (time.monotonic() - began)
            if ahead > 0.01:
                time.sleep(ahead)
        producer.flush(timeout=240)
        producer.close()
    print("produced", flush=True)


def listed(webhdfs: str, folder: str) -> list[dict]:
    """A folder's entries; none if it is not there."""
    path = urllib.parse.quote(f"/webhdfs/v1{folder}")
    try:
        with OPENER.open(f"{webhdfs}{path}?op=LISTSTATUS&user.name=hadoop", timeout=20) as answer:
            return json.load(answer)["FileStatuses"]["FileStatus"]
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return []
        raise


def published(webhdfs: str, folder: str) -> dict[str, list[str]]:
    """Lines of the files that a reader sees, by path below the folder."""
    found = {}
    for entry in listed(webhdfs, folder):
        name = entry["pathSuffix"]
        if name[0] in "_.":
            continue
        path = f"{folder}/{name}"
        if entry["type"] == "DIRECTORY":
            found.update({f"{name}/{below}": lines for below, lines in published(webhdfs, path).items()})
            continue
        url = f"{webhdfs}/webhdfs/v1{urllib.parse.quote(path)}?op=OPEN&user.name=hadoop"
        with OPENER.open(url, timeout=60) as answer:
            found[name] = answer.read().decode().split("\n")[:-1]
    return found


def compare(webhdfs: str, folder: str, ledger: str, *recreated: str) -> dict:
    """Count the ids that are missing, doubled, or out of order within a partition's files of a day.

    Args:
        webhdfs: address of the NameNode.
        folder: the sink's.
        ledger: path of the file with the acknowledged ids.
        recreated: first id after the topic was deleted and created again, for each time. Offsets then begin at 0, so
            when sorted, files of the old and the new topic are mixed.

    Returns:
        acknowledged and found: how many; missing and doubled: ids, ten at most, and how many; files and folders (days).
    """
    acknowledged = {int(line) for line in Path(ledger).read_text(encoding="ascii").split()}
    for _ in range(20):
        try:
            files = published(webhdfs, folder)
            break
        except urllib.error.HTTPError as error:
            # A file that was listed has been merged into the one before it: whoever lists first must list again.
            if error.code != 404:
                raise
    else:
        raise SystemExit(f"{folder}: each of 20 listings was out of date at once")
    ids = Counter(int(line.split(",")[0]) for lines in files.values() for line in lines)
    missing = sorted(acknowledged - set(ids))
    doubled = sorted(number for number, count in ids.items() if count > 1)
    in_order: dict[tuple[str, str, int], list[int]] = {}
    for name in sorted(files):
        day, _, file = name.rpartition("/")
        # TOPIC+PARTITION+OFFSET.csv, and +ID before the suffix if another file has this name.
        _, partition, *_ = file.removesuffix(".csv").split("+")
        for number in (int(line.split(",")[0]) for line in files[name]):
            topic = sum(number >= int(first) for first in recreated)
            in_order.setdefault((day, partition, topic), []).append(number)
    return {
        "acknowledged": len(acknowledged),
        "found": len(ids),
        "missing": len(missing),
        "doubled": len(doubled),
        "first_missing": missing[:10],
        "first_doubled": doubled[:10],
        "disordered": sum(a > b for rows in in_order.values() for a, b in itertools.pairwise(rows)),
        "files": len(files),
        "folders": len({day for day, *_ in in_order}),
    }


def proxy(port: int, webhdfs: str, nth: int) -> None:
    """Forward to a NameNode; drop the answer of each nth RENAME after it was done, and say so."""
    target = urllib.parse.urlsplit(webhdfs)
    renames = itertools.count(1)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size) if size else None
            link = http.client.HTTPConnection(target.hostname, target.port, timeout=30)
            link.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k != "Host"})
            answer = link.getresponse()
            data = answer.read()
            if "op=RENAME" in self.path and next(renames) % nth == 0:
                print("dropped the answer of a rename", flush=True)
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(answer.status)
            for name in ("Location", "Content-Type"):
                if answer.getheader(name):
                    self.send_header(name, answer.getheader(name))
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_POST = do_DELETE = forward  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    if name == "produce":
        produce(rest[0], rest[1], int(rest[2]), float(rest[3]), int(rest[4]), rest[5], int(rest[6]))
    elif name == "compare":
        print(json.dumps(compare(*rest)))
    elif name == "lines":
        print(json.dumps(published(*rest)))
    else:
        proxy(int(rest[0]), rest[1], int(rest[2]))
