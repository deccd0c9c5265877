"""./lab lock: refresh the lock files of the artifacts and print the lines that changed."""

from __future__ import annotations

import difflib
import re
from argparse import ArgumentParser, Namespace

from cli.errors import OK, LabError
from cli.lab import Lab
from cli.machine.caches import cache_folders

HASH = re.compile(r"(--hash=sha256:)?[0-9a-f]{64}|\\\\")


def register(parser: ArgumentParser) -> None:
    """Add the command's own options and arguments to its parser."""
    parser.description = (
        "Refresh the lock files of the artifacts (all, or PRODUCT).\n"
        "The product python is the course's Python packages."
    )
    parser.add_argument("product", nargs="*", metavar="PRODUCT", help="such as kafka, hadoop or python")
    parser.add_argument(
        "--cache", metavar="FOLDER", help="the artifact cache; default: artifacts_cache of the inventory"
    )


def run(lab: Lab, arguments: Namespace) -> int:
    """Refresh lock files.

    Args:
        lab: its inventory and settings say where the artifact cache is.
        arguments: product and cache.
    Raises:
        LabError: an unknown product, or one that cannot be resolved.
    """
    # Needs packages of .venv, and this file is also read before .venv exists.
    from cli.engine import lock_products

    known = lock_products.names()
    if unknown := sorted(set(arguments.product) - set(known)):
        raise LabError(f"lock: unknown product {', '.join(unknown)}; known: {', '.join(known)}")
    cache = arguments.cache or str(cache_folders(lab)[0])
    for product in arguments.product or known:
        path, text = lock_products.resolve(product, cache)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(text, encoding="utf-8")
        difference = difflib.unified_diff(before.splitlines(), text.splitlines(), lineterm="", n=0)
        changes = [line for line in difference if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        print(f"{product}: {len(text.splitlines())} lines, {len(changes)} changed")
        for line in changes:
            # What is locked stands behind the hash of a product's file, or before those of a Python package.
            words = [word for word in line[1:].split() if not HASH.fullmatch(word)]
            if words:
                print(f"  {line[0]} {' '.join(words)}")
    return OK
