"""HDFS in memory. It stands for HDFS only where logic is tested; verify/ runs the sink against the real one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hdfs import HdfsError

FOLDER = "/sink"


class Store:
    """Files by path, each with its bytes and its description; folders are what paths lie in, and those made."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.about: dict[str, dict] = {}
        self.folders: set[str] = {"/"}
        self.clock = 0.0

    def make_parents(self, path: str) -> None:
        for parent in Path(path).parents:
            self.folders.add(str(parent))

    def visible(self) -> list[str]:
        """Lines that a reader sees, file by file in the order of names."""
        shown = [path for path in sorted(self.files) if "/_" not in path]
        return [line for path in shown for line in self.files[path].decode().splitlines()]

    def names(self) -> list[str]:
        """Paths that a reader sees, below the sink's folder."""
        return [path.removeprefix(f"{FOLDER}/") for path in sorted(self.files) if "/_" not in path]


class Client:
    """One writer's view of the store; `step` is called around each request, and may raise what it likes.

    It is called with the request's name and whether the request is done; raising before or after stands for a writer
    that is killed there, or for a request or an answer that is lost.
    """

    def __init__(self, store: Store, step: Callable[[str, bool], None] = lambda name, done: None) -> None:
        self.store, self.step = store, step

    def _do(self, name: str, act: Callable[[], Any]) -> Any:
        self.step(name, False)
        result = act()
        self.step(name, True)
        return result

    def statuses(self, folder: str) -> list[dict[str, Any]]:
        def act() -> list[dict[str, Any]]:
            store, depth = self.store, len(Path(folder).parts)
            found = {}
            for path in [*store.files, *store.folders]:
                parts = Path(path).parts
                if path.startswith(f"{folder}/") and len(parts) > depth:
                    whole = str(Path(*parts[: depth + 1]))
                    is_file = whole in store.files
                    found[parts[depth]] = {
                        "pathSuffix": parts[depth],
                        "type": "FILE" if is_file else "DIRECTORY",
                        "length": len(store.files.get(whole, b"")),
                        "modificationTime": 0,
                        "blockSize": 1,
                        "replication": 1,
                    }
            return list(found.values())

        return self._do("list", act)

    def names(self, folder: str) -> list[str]:
        return [status["pathSuffix"] for status in self.statuses(folder)]

    def exists(self, path: str) -> bool:
        return self._do("exists", lambda: path in self.store.files or path in self.store.folders)

    def write(self, path: str, data: bytes) -> None:
        def act() -> None:
            if path in self.store.files:
                raise HdfsError(f"{path} exists")
            self.store.make_parents(path)
            self.store.files[path] = data

        self._do("write", act)

    def move(self, source: str, target: str) -> bool:
        def act() -> bool:
            store = self.store
            there = target in store.files or target in store.folders
            if there or str(Path(target).parent) not in store.folders:
                return False
            if source in store.files:
                store.files[target] = store.files.pop(source)
                store.about[target] = store.about.pop(source, {})
                return True
            if source not in store.folders:
                return False
            for table in (store.files, store.about):
                for path in [path for path in table if path.startswith(f"{source}/")]:
                    table[target + path.removeprefix(source)] = table.pop(path)
            moved = {path for path in store.folders if path == source or path.startswith(f"{source}/")}
            store.folders = store.folders - moved | {target + path.removeprefix(source) for path in moved}
            return True

        return self._do("move", act)

    def describe(self, path: str, what: dict) -> None:
        def act() -> None:
            if path not in self.store.files:
                raise HdfsError(f"{path} is not there")
            self.store.about[path] = what

        self._do("describe", act)

    def description(self, path: str) -> dict:
        def act() -> dict:
            if path not in self.store.files:
                raise HdfsError(f"{path} is not there")
            return self.store.about.get(path, {})

        return self._do("description", act)

    def join(self, target: str, sources: list[str]) -> None:
        def act() -> None:
            if any(path not in self.store.files for path in [target, *sources]):
                raise HdfsError("a source is not there")
            for path in sources:
                self.store.files[target] += self.store.files.pop(path)
                self.store.about.pop(path, None)

        self._do("join", act)

    def remove(self, path: str, whole: bool = False) -> None:
        def act() -> None:
            self.store.files.pop(path, None)
            below = [name for name in self.store.files if name.startswith(f"{path}/")]
            if below and not whole:
                raise HdfsError(f"{path} is not empty")
            for name in below:
                del self.store.files[name]
            self.store.folders -= {name for name in self.store.folders if f"{name}/".startswith(f"{path}/")}

        self._do("remove", act)

    def parent(self, path: str) -> None:
        self._do("mkdirs", lambda: self.store.make_parents(path))
