"""Downloading a file by URL: resumed, checked, with other addresses to fall back on."""

from __future__ import annotations

import contextlib
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import BLOCK, hash_file


def why(error: BaseException) -> str:
    """The reason of a failed request in a few words."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code}"
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"TLS certificate not trusted ({reason.verify_message})"
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    return str(getattr(reason, "strerror", None) or reason)


def resume(url: str, part: str, connect_timeout: float) -> None:
    """Fetch a URL into ``part``, going on from what is there when the server can.

    Raises:
        OSError: the request failed or the answer ended early (what came stays in ``part``).
    """
    have = Path(part).stat().st_size if Path(part).exists() else 0
    request = urllib.request.Request(  # noqa: S310 - the catalog's own addresses
        url, headers={"User-Agent": "streaming-lab", "Accept-Encoding": "identity"}
    )
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer = urllib.request.urlopen(request, timeout=connect_timeout)  # noqa: S310 - URLs are the catalog's
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:
            # Nothing is left to fetch, or the part is longer than the file: the checksum decides which.
            return
        raise
    with answer:
        content_range = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
        goes_on = answer.status == 206 and content_range is not None and int(content_range[1]) == have
        expected = answer.headers.get("Content-Length")
        received = 0
        with Path(part).open("ab" if goes_on else "wb") as handle:
            while block := answer.read(BLOCK):
                handle.write(block)
                received += len(block)
        if expected is not None and received < int(expected):
            raise ConnectionError(f"the answer ended after {received} of {expected} bytes")


def resume_while_it_grows(url: str, part: str, connect_timeout: float) -> None:
    """Fetch a URL into ``part``, going on after each broken connection as long as every try brings some bytes.

    Raises:
        OSError: a try brought nothing.
    """
    while True:
        before = Path(part).stat().st_size if Path(part).exists() else 0
        try:
            return resume(url, part, connect_timeout)
        except OSError:
            if not Path(part).exists() or Path(part).stat().st_size <= before:
                raise


def download(urls: Sequence[str], target: str, algorithm: str, digest: str, connect_timeout: float = 20.0) -> str:
    """Fetch a file from the first address that has it, and keep it only when its checksum is right.

    Args:
        urls: addresses, tried in order.
        target: where the file goes; ``<target>.part`` holds what has come so far, also after an interruption.
        algorithm: name of the hash.
        digest: expected hexadecimal digest, or an empty string when none is published.
        connect_timeout: seconds without an answer after which the next address is tried.
    Returns:
        The address it came from.
    Raises:
        ArtifactError: no address gave the right file.
    """
    part = f"{target}.part"
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    name = Path(target).name
    failures: list[str] = []
    wrong = ""
    # A resumed part may be the bad one, so a wrong checksum earns one fetch from the start.
    for attempt in range(2):
        for url in urls:
            try:
                resume_while_it_grows(url, part, connect_timeout)
            except (OSError, ValueError) as error:
                failures.append(f"{url}: {why(error)}")
                continue
            found = hash_file(part, algorithm)
            if not digest or found == digest:
                Path(part).replace(target)
                return url
            with contextlib.suppress(FileNotFoundError):
                Path(part).unlink()
            wrong = (
                f"{name} from {url} is not the file the catalog pins: expected {algorithm} {digest}, "
                f"found {found}; it was deleted"
            )
        if not wrong or attempt:
            break
    if wrong:
        raise ArtifactError(f"{wrong} and fetched again: look at what stands between this machine and that address")
    raise ArtifactError(f"{name} cannot be fetched ({'; '.join(dict.fromkeys(failures))})")
