"""Maven's settings behind a proxy: Maven does not read http_proxy, which every other tool of the lab does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

EMPTY = "<settings>\n</settings>\n"


def settings_with_proxies(environment: Mapping[str, str], settings: str = "") -> str:
    """Maven's global settings with the proxies that the environment names (its "Guide to using proxies").

    A person's own ~/.m2/settings.xml still wins over them.

    Args:
        environment: variables; http_proxy, https_proxy and no_proxy count, in small or capital letters.
        settings: the machine's global settings.xml; empty where there is none.
    Returns:
        the text of a settings.xml; empty where the environment names no proxy, or the settings have one.
    """
    proxies = [_proxy(protocol, environment) for protocol in ("http", "https")]
    without_comments = re.sub(r"<!--.*?-->", "", settings, flags=re.DOTALL)
    if not any(proxies) or "<proxy>" in without_comments:
        return ""
    text = re.sub(r"<proxies>\s*</proxies>|<proxies\s*/>", "", without_comments) or EMPTY
    head, _, tail = text.rpartition("</settings>")
    return f"{head}<proxies>{''.join(proxies)}</proxies></settings>{tail}"


def _variable(name: str, environment: Mapping[str, str]) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""


def _proxy(protocol: str, environment: Mapping[str, str]) -> str:
    """One <proxy> element; empty where there is no proxy for the protocol."""
    url = _variable(f"{protocol}_proxy", environment)
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if not url or not parts.hostname:
        return ""
    direct = [name.strip() for name in _variable("no_proxy", environment).split(",") if name.strip()]
    values = {
        "id": f"environment-{protocol}",
        "active": "true",
        "protocol": protocol,
        "host": parts.hostname,
        "port": str(parts.port or (443 if parts.scheme == "https" else 80)),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "nonProxyHosts": "|".join(f"*{name}" if name.startswith(".") else name for name in direct),
    }
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items() if value)
    return f"<proxy>{inside}</proxy>"
