"""The index of products, which the roles read."""

from __future__ import annotations

from ansible_collections.streaming.lab.plugins.module_utils.products.pack import read_manifest
from tests.artifacts.one_product import Lab


def test_the_index_names_the_product_and_its_files(lab: Lab) -> None:
    entry, _ = lab.fetch()
    key = entry["key"]
    assert entry == {
        "version": "1",
        "distribution": "maven",
        "key": key,
        "archive": str(lab.folder / f"cache/products/thing-1-{key[:16]}.tar"),
        "manifest": str(lab.folder / f"cache/products/thing-1-{key[:16]}.json"),
        "available": True,
        "reason": "",
    }
    manifest = read_manifest(entry["manifest"])
    assert manifest is not None
    about = {name: manifest[name] for name in ("product", "version", "distribution", "key")}
    assert about == {"product": "thing", "version": "1", "distribution": "maven", "key": key}


def test_a_product_has_another_key_where_its_version_differs(lab: Lab) -> None:
    first, _ = lab.fetch()
    lab.catalog["thing"]["version"] = "2"
    assert lab.fetch()[0]["key"] != first["key"]
