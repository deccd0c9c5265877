"""The settings of the service: a JSON file with the path of the password's file."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, fields
from pathlib import Path


class SettingsError(ValueError):
    """The problem of the settings in one line."""


@dataclass(frozen=True)
class Settings:
    """The search, the account and the topic."""

    identity: str
    search_term: str
    topic: str
    poll_ms: int
    service_url: str
    bootstrap: str
    password: str = field(default="", repr=False)
    state_dir: Path = Path()

    @property
    def host(self) -> str:
        """The server's name, for messages."""
        return self.service_url.split("://", 1)[-1].rstrip("/")


def load(path: Path) -> Settings:
    """Read the settings, the password and the folder of the state.

    Raises:
        SettingsError: if something is missing or invalid.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        password = Path(given["password_file"]).read_text(encoding="utf-8").strip()
        wanted = {entry.name for entry in fields(Settings)} - {"password", "state_dir"}
        settings = Settings(
            **{name: given[name] for name in wanted}, password=password, state_dir=Path(os.environ["STATE_DIRECTORY"])
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path} or the password's file cannot be used ({error}); run ./lab up") from None
    for name in ("identity", "password"):
        if not getattr(settings, name):
            raise SettingsError(f"bluesky_{name} is empty: set it and run ./lab up (roles/bluesky/README.md)")
    if not settings.search_term.strip():
        raise SettingsError("bluesky_search_term is empty: nothing to search for")
    return settings
