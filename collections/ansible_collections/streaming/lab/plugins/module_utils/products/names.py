"""Names in an archive or a folder that cannot be installed, or that lead somewhere else."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError

_MOST_LINKS = 40


def check_names(entries: Iterable[tuple[str, str]], what: str) -> None:
    """See that files and links can lie beside each other in one folder, and that no link leads out of it.

    Links are followed as the system would follow them, over other links of the same product.

    Args:
        entries: path of each file or link, relative to the product's folder, with the link's target or ''.
        what: what holds them, for messages.
    Raises:
        ArtifactError: a name appears twice, is both a file and a folder, or has characters that cannot be printed; or a
            link leads out of the folder or in a circle.
    """
    links: dict[str, str] = {}
    for path, target in entries:
        if not (path + target).isprintable():
            shown = ascii(path if not path.isprintable() else target)
            raise ArtifactError(f"{what} holds a name with characters that cannot be printed, {shown}: {_REMEDY}")
        if path in links:
            raise ArtifactError(f"{what} holds '{path}' twice: {_REMEDY}")
        links[path] = target
    for path, target in links.items():
        pieces = path.split("/")
        for depth in range(1, len(pieces)):
            if "/".join(pieces[:depth]) in links:
                raise ArtifactError(
                    f"{what} holds '{'/'.join(pieces[:depth])}' both as a file and as a folder of '{path}': {_REMEDY}"
                )
        if target:
            _follow(path, links, what)


_REMEDY = "download it again from where its maker publishes it, or take another version"


def _follow(path: str, links: dict[str, str], what: str) -> None:
    here, left, followed = path.split("/")[:-1], links[path].split("/"), 0
    if links[path].startswith("/"):
        raise ArtifactError(f"{what} holds '{path}', a link which leaves the folder it is unpacked to")
    while left:
        piece = left.pop(0)
        if piece in ("", "."):
            continue
        if piece == "..":
            if not here:
                raise ArtifactError(f"{what} holds '{path}', a link which leaves the folder it is unpacked to")
            here.pop()
            continue
        target = links.get("/".join([*here, piece]), "")
        if not target:
            here.append(piece)
            continue
        followed += 1
        if followed > _MOST_LINKS:
            raise ArtifactError(f"{what} holds '{path}', a link which leads in a circle: {_REMEDY}")
        left = target.split("/") + left
