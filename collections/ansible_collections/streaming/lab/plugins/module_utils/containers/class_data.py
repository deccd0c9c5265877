"""Class-data archives of Kafka and Hadoop, recorded in a container of the hosts' image and packed as products are.

The JVM maps such an archive instead of reading and verifying thousands of classes from jars; see "Class-Data Sharing"
in the JDK's java(1). An archive fits one JDK and one set of jars.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache, hash_file
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import ContainerError, Podman, last_line
from ansible_collections.streaming.lab.plugins.module_utils.products.pack import (
    build,
    is_built,
    product_paths,
    read_manifest,
)
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import folder_parts

RECORD = """
home=$1; shift
mkdir -p "$home" && tar --extract --file=/product.tar --directory="$home" && exec /recorder "$home" "$@"
"""
"""The container's script. It unpacks the product where hosts have it, for an archive depends on the jars' paths."""


@dataclass(frozen=True)
class Program:
    """A Java program of the lab.

    Args:
        name: of its product.
        product: its entry of `artifacts_index`.
        home: its folder on hosts.
        jars: folder of its jars, below `home`.
        excluded: shell pattern of jars that are not on its class path; empty for none.
    """

    name: str
    product: dict[str, Any]
    home: str
    jars: str
    excluded: str = ""


@dataclass(frozen=True)
class Image:
    """An image with a JDK.

    Args:
        id: podman's.
        layers: hashes of its file systems; images that differ only in labels have the same layers.
    """

    id: str
    layers: tuple[str, ...]


def find_image(podman: Podman, names: Sequence[str]) -> Image | None:
    """The first of some images that exists."""
    for name in names:
        done = podman.run("image", "inspect", "--format", "{{.Id}} {{json .RootFS.Layers}}", name, check=False)
        if done.returncode == 0:
            identity, _, layers = done.stdout.partition(" ")
            return Image(identity, tuple(json.loads(layers)))
    return None


@dataclass(frozen=True)
class Recorder:
    """Records archives with one image.

    Args:
        podman: the engine.
        image: the hosts' image.
        script: path of record-class-data.sh.
        cache: where archives are kept; it belongs to root.
    """

    podman: Podman
    image: Image
    script: Path
    cache: Cache

    def paths(self, program: Program) -> tuple[str, str]:
        """Paths of the packed archive and of its manifest. Their names change with all that the archive depends on."""
        manifest = read_manifest(program.product["manifest"]) or {"files": {}}
        jars = {path: entry for path, entry in manifest["files"].items() if Path(path).is_relative_to(program.jars)}
        parts = [self.image.layers, program.home, program.jars, program.excluded, self.script.read_text("utf-8"), jars]
        key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        # Compressed to a third: archives of jars are not, but sending this one takes longer than unpacking it.
        return product_paths(self.cache, f"{program.name}-class-data", program.product["version"], key, ".tar.gz")

    def recorded(self, program: Program) -> bool:
        """Whether the archive was recorded before and is unchanged."""
        return is_built(*self.paths(program), None)

    def entry(self, program: Program) -> dict[str, Any]:
        """The archive as an entry of `artifacts_index` describes a product."""
        archive, manifest = self.paths(program)
        return {"version": program.product["version"], "archive": archive, "manifest": manifest, "available": True}

    def record(self, program: Program) -> None:
        """Record an archive in a container without a network, and pack it.

        Raises:
            ContainerError: the product's archive has changed, or the container or the JVM failed; with its last line.
            ArtifactError: the cache cannot be written.
            WrongBytes: a file changed while it was packed.
        """
        expected = (read_manifest(program.product["manifest"]) or {}).get("archive", {}).get("sha256")
        if hash_file(program.product["archive"]) != expected:
            raise ContainerError(f"{program.product['archive']} changed on disk; delete it and run again")
        folder = Path(self.cache.path(f"record-{program.name}"))
        # Left by a run that was killed.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        mounts = [
            f"--volume={program.product['archive']}:/product.tar:ro",
            f"--volume={self.script}:/recorder:ro",
            f"--volume={folder}:{program.home}/cds",
        ]
        # Privileged as in isolation.fill_volumes: not every machine lets crun load its filter of devices.
        done = self.podman.run(
            "run", "--rm", "--privileged", "--network=none", *mounts, self.image.id,
            "/bin/sh", "-c", RECORD, "record", program.home, program.jars, program.excluded,
            check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise ContainerError(last_line(done.stderr))
        archive, manifest = self.paths(program)
        about = {
            "product": f"{program.name}-class-data",
            "version": program.product["version"],
            "distribution": "class-data",
        }
        build(self.cache, archive, manifest, about, folder_parts(str(folder)))
        shutil.rmtree(folder)
