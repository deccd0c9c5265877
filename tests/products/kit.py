"""A product, packed and installed, for the tests of product_tree."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache
from ansible_collections.streaming.lab.plugins.module_utils.products.pack import build, product_paths, read_manifest
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import folder_parts
from ansible_collections.streaming.lab.plugins.modules import product_tree
from tests.artifacts.kit import sha256, write


class Product:
    """A packed product, and the host folder it is installed in."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.dest = folder, folder / "host" / "thing-1"
        self.dest.parent.mkdir()
        for number in range(15):
            write(folder / f"source/libs/jar-{number:02}.jar", f"jar {number}" * 100)
        write(folder / "source/bin/start.sh", "#!/bin/sh\n", 0o755)
        write(folder / "source/config/server.properties", "port=1\n")
        (folder / "source/libs/latest.jar").symlink_to("jar-00.jar")
        parts = sorted(folder_parts(str(folder / "source")), key=lambda part: part.path)
        cache = Cache(str(folder / "cache"))
        self.archive, self.manifest = product_paths(cache, "thing", "1", "k" * 16)
        build(cache, self.archive, self.manifest, {"product": "thing"}, parts)
        self.content: dict[str, Any] = read_manifest(self.manifest) or {}

    def run(
        self, capsys: pytest.CaptureFixture[str], check: bool = False, archive: bool = True, **options: Any
    ) -> dict[str, Any]:
        """Run the module as Ansible does, with the archive already on the host."""
        manifest = base64.b64encode(zlib.compress(json.dumps(self.content["files"]).encode())).decode()
        arguments = {
            "dest": str(self.dest),
            "manifest": manifest,
            "exclusive": ["libs", "bin"],
            "_ansible_check_mode": check,
            **options,
        }
        if archive:
            arguments |= {
                "archive": self.archive,
                "archive_sha256": self.content["archive"]["sha256"],
                **options,
            }
        with patch_module_args(arguments), pytest.raises(SystemExit):
            product_tree.main()
        return json.loads(capsys.readouterr().out)

    def differences(self) -> list[str]:
        """Files on the host that are not as the product has them."""
        return [
            path
            for path, entry in self.content["files"].items()
            if "sha256" in entry
            and not (
                (self.dest / path).is_file()
                and sha256((self.dest / path).read_bytes()) == entry["sha256"]
                and f"{(self.dest / path).stat().st_mode & 0o7777:04o}" == entry["mode"]
            )
        ]


@pytest.fixture
def product(tmp_path: Path) -> Product:
    return Product(tmp_path)


@pytest.fixture
def installed(product: Product, capsys: pytest.CaptureFixture[str]) -> Product:
    assert product.run(capsys)["changed"] is True
    return product
