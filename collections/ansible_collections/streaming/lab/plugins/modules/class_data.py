#!/usr/bin/python
"""Ansible module: class-data archives for the hosts of a lab of containers."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache
from ansible_collections.streaming.lab.plugins.module_utils.containers.class_data import (
    Image,
    Program,
    Recorder,
    find_image,
)
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import ContainerError, Podman
from ansible_collections.streaming.lab.plugins.module_utils.products.pack import WrongBytes

DOCUMENTATION = r"""
---
module: class_data
short_description: Class-data archives for the hosts of a lab of containers
description:
  - Servers and commands of Java start faster with a class-data archive, which fits one JDK and one set of jars.
  - Records an archive once for the image of the lab's containers and the jars of a program, in a container of its own
    without a network. No file of a lab's host is used.
  - Packs each archive with a manifest, for module M(streaming.lab.product_tree).
  - A failure is a warning, because programs also start without an archive.
options:
  podman: {description: The podman command, type: path, required: true}
  lab: {description: Name of the lab; the image of its containers is used, type: str, required: true}
  images:
    description: Names of images to use instead, the first one that exists.
    type: list
    elements: str
    default: []
  wait: {description: Seconds to wait for one of O(images), type: int, default: 0}
  recorder: {description: Path of record-class-data.sh, type: path, required: true}
  cache: {description: Folder of the archives; it belongs to root, type: path, required: true}
  programs:
    description: Programs by name of their product.
    type: dict
    required: true
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: [Streaming Lab]
"""

EXAMPLES = r"""
- name: Record the class-data archive of Kafka
  streaming.lab.class_data:
    podman: /usr/bin/podman
    lab: lab
    recorder: roles/openjdk/files/record-class-data.sh
    cache: /var/cache/streaming-lab
    programs:
      kafka:
        product: "{{ artifacts_index.kafka }}"
        home: /opt/kafka_2.13-3.8.1
        jars: libs
        excluded: connect-file-*.jar
"""

RETURN = r"""
programs:
  description: For each program with an archive, its version, archive, manifest and available, as in C(artifacts_index).
  type: dict
  returned: always
recorded: {description: Programs with a new archive., type: list, returned: always}
"""

UNUSED_DAYS = 14
WAIT_SECONDS = 1.5


def image_of(podman: Podman, lab: str, names: list[str], wait: int) -> Image | None:
    """The image to record with.

    Args:
        podman: the engine.
        lab: the lab's name.
        names: of images; if empty, the image of the lab's containers.
        wait: seconds to wait until one of them exists.
    Returns:
        None if there is no such image, or no container.
    """
    if not names:
        return find_image(podman, sorted({container["ImageID"] for container in podman.labelled("container", lab)}))
    deadline, parent = time.monotonic() + wait, os.getppid()
    while True:
        # One command for all names, because each start of podman takes processor time from the image build.
        there = podman.run("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", check=False).stdout.split()
        if image := find_image(podman, [name for name in names if name in there]):
            return image
        if time.monotonic() > deadline or os.getppid() != parent:
            return None
        time.sleep(WAIT_SECONDS)


def record_missing(recorder: Recorder, programs: list[Program]) -> list[str]:
    """Record the archives of programs that have none. Two labs that start together record an archive once.

    Returns:
        names of the programs with a new archive.
    Raises:
        ContainerError: an archive cannot be recorded; the others are.
        ArtifactError: the cache cannot be used.
        WrongBytes: a file changed while it was packed.
    """
    with recorder.cache.exclusive(), ThreadPoolExecutor() as pool:
        missing = [program for program in programs if not recorder.recorded(program)]
        for outcome in [pool.submit(recorder.record, program) for program in missing]:
            outcome.result()
        recorder.cache.sweep(UNUSED_DAYS)
    return [program.name for program in missing]


def prepare(recorder: Recorder | None, programs: list[Program], *, change: bool) -> dict[str, Any]:
    """Record missing archives and describe all that there are.

    Args:
        recorder: for the hosts' image; None where there is no image.
        programs: the programs.
        change: False for check mode.
    Returns:
        the module's result; with `warning` if an archive could not be recorded.
    """
    result: dict[str, Any] = {"changed": False, "programs": {}, "recorded": [], "warning": ""}
    if recorder is None:
        return result
    missing = [program for program in programs if not recorder.recorded(program)]
    if missing:
        try:
            result["recorded"] = record_missing(recorder, programs) if change else [each.name for each in missing]
        except (ArtifactError, ContainerError, WrongBytes, OSError) as error:
            result["warning"] = f"no class-data archive recorded, so servers and commands start slower: {error}"
    result["programs"] = {program.name: recorder.entry(program) for program in programs if recorder.recorded(program)}
    return {**result, "changed": bool(result["recorded"])}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "podman": {"type": "path", "required": True},
            "lab": {"type": "str", "required": True},
            "images": {"type": "list", "elements": "str", "default": []},
            "wait": {"type": "int", "default": 0},
            "recorder": {"type": "path", "required": True},
            "cache": {"type": "path", "required": True},
            "programs": {"type": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    # Ansible of an ordinary user reads the archives.
    os.umask(0o022)
    podman, script = Podman(given["podman"]), Path(given["recorder"])
    programs = [Program(name=name, **about) for name, about in sorted(given["programs"].items())]
    try:
        image = image_of(podman, given["lab"], given["images"], given["wait"])
        recorder = Recorder(podman, image, script, Cache(given["cache"])) if image else None
        result = prepare(recorder, programs, change=not module.check_mode)
    except (ContainerError, OSError) as error:
        module.exit_json(changed=False, programs={}, recorded=[], warnings=[f"no class-data archives: {error}"])
    if warning := result.pop("warning"):
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
