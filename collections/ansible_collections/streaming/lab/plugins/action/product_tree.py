"""Send a product's archive to a host when, and only when, something there differs from its manifest."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

OPTIONS = {"product", "dest", "exclusive", "keep"}


def read_product(product: Any) -> dict[str, Any]:
    """Read what the control machine knows about a product.

    Args:
        product: an entry of `artifacts_index`.

    Returns:
        The product's manifest; without `archive` where it is not in the cache yet, in check mode.

    Raises:
        AnsibleActionFail: if the product is not available or its manifest cannot be read.
    """
    if not isinstance(product, dict) or "manifest" not in product:
        raise AnsibleActionFail("product_tree: `product` must be an entry of artifacts_index (role artifacts)")
    if not product.get("available"):
        raise AnsibleActionFail(
            f"product_tree: the product is not available: {product.get('reason') or 'no reason given'}"
        )
    if "files" in product:
        return {"files": product["files"]}
    try:
        return json.loads(Path(product["manifest"]).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AnsibleActionFail(
            f"product_tree: cannot read {product['manifest']} ({error}); run role artifacts first"
        ) from error


def check_archive(path: str, sha256: str) -> None:
    """See that the archive in the cache is the one the manifest was written for.

    Raises:
        AnsibleActionFail: if it is not; it is deleted, so that the next run builds it again.
    """
    try:
        with Path(path).open("rb") as archive:
            found = hashlib.file_digest(archive, "sha256").hexdigest()
    except OSError as error:
        raise AnsibleActionFail(f"product_tree: cannot read {path}: {error.strerror}") from error
    if found != sha256:
        try:
            Path(path).unlink(missing_ok=True)
            remedy = "it was deleted: run again"
        except OSError:
            # A class-data archive, which belongs to root.
            remedy = f"delete it and run again: sudo rm {path}"
        raise AnsibleActionFail(
            f"product_tree: {path} changed on disk (expected {sha256}, found {found}) and no host got it; {remedy}"
        )


class ActionModule(ActionBase):
    """The action; see the module for its options. It reads the manifest and sends the archive."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Compare, and send and repair where something differs.

        Raises:
            AnsibleActionFail: if the task is wrong, or the product is not available.
        """
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        unknown = sorted(set(arguments) - OPTIONS)
        if unknown:
            raise AnsibleActionFail(
                f"product_tree: no option {', '.join(unknown)}; it has {', '.join(sorted(OPTIONS))}"
            )
        product = arguments.pop("product", None)
        manifest = read_product(product)
        packed = zlib.compress(json.dumps(manifest["files"], sort_keys=True).encode(), 6)
        arguments["manifest"] = base64.b64encode(packed).decode()

        answer = self._execute_module(module_args=arguments, task_vars=task_vars)
        if answer.pop("needs_archive", False) and not self._task.check_mode and not answer.get("failed"):
            archive = manifest["archive"]
            check_archive(product["archive"], archive["sha256"])
            answer = self._send(product["archive"], archive["sha256"], arguments, task_vars)
        answer.pop("needs_archive", None)
        # The manifest as text is no use to a reader of the output.
        answer.pop("invocation", None)
        result.update(answer)
        return result

    def _send(
        self, path: str, sha256: str, arguments: dict[str, Any], task_vars: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Transfer the archive to a private folder of the host, repair from it, remove it."""
        folder = self._make_tmp_path()
        try:
            remote = self._connection._shell.join_path(folder, "product.tar")
            self._transfer_file(path, remote)
            self._fixup_perms2((folder, remote))
            return self._execute_module(
                module_args={**arguments, "archive": remote, "archive_sha256": sha256},
                task_vars=task_vars,
            )
        finally:
            self._remove_tmp_path(folder)
