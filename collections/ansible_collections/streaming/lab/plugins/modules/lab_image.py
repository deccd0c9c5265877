#!/usr/bin/python
"""Ansible module: the image of the containers that stand for hosts."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import ContainerError, Podman
from ansible_collections.streaming.lab.plugins.module_utils.containers.image import ImageSpec, build, built

DOCUMENTATION = r"""
---
module: lab_image
short_description: The image of the containers that stand for hosts
description:
  - Uses an image that was built from the same recipe before.
  - Otherwise takes the first base that can be had, installs the packages on it and boots the result once.
  - An image gets its name only if systemd, ssh, sudo, Java, MySQL and Python in it are as wanted.
options:
  podman: {description: The podman command, type: path, required: true}
  repository: {description: Name of the image without base and tag, type: str, required: true}
  tag: {description: Hash of the recipe, type: str, required: true}
  bases:
    description: Bases in the order in which they are tried.
    type: list
    elements: str
    choices: [ubuntu, debian]
    required: true
  ubuntu_images:
    description: References of the Ubuntu image, in the order in which they are tried.
    type: list
    elements: str
    required: true
  pull_timeout: {description: Seconds that the download of one reference may take, type: int, default: 900}
  recipes: {description: Text of the Containerfile by base, type: dict, required: true}
  files: {description: Files that the recipe copies, type: list, elements: path, default: []}
  bootstrap:
    description: Command that makes the Debian base; its last word is the reference that the base gets.
    type: list
    elements: str
    required: true
  java: {description: Java's feature release; empty for an image without Java, type: str, required: true}
  mysql: {description: Whether MySQL's server is in the image, type: bool, default: true}
  user_namespace:
    description: Whether the container of the test runs in a user namespace; see module M(lab_containers).
    type: str
    choices: [auto, always, never]
    default: auto
author: [Streaming Lab]
"""

EXAMPLES = r"""
- name: Make the image of the hosts
  streaming.lab.lab_image:
    podman: /usr/bin/podman
    repository: localhost/streaming-lab
    tag: 0123456789ab
    bases: [ubuntu, debian]
    ubuntu_images: [docker.io/library/ubuntu:24.04]
    recipes: {ubuntu: "ARG BASE\nFROM ${BASE}\n", debian: "ARG BASE\nFROM ${BASE}\n"}
    bootstrap: [./bootstrap.sh, /usr/bin/podman, trixie, systemd, localhost/streaming-lab-base:trixie]
    java: "21"
"""

RETURN = r"""
image: {description: Name of the image, type: str, returned: always}
origin: {description: "The system in the image, its source and the reason, in one line", type: str, returned: always}
"""

LOCK = Path("/run/streaming-lab-image.lock")


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "podman": {"type": "path", "required": True},
            "repository": {"type": "str", "required": True},
            "tag": {"type": "str", "required": True},
            "bases": {"type": "list", "elements": "str", "choices": ["ubuntu", "debian"], "required": True},
            "ubuntu_images": {"type": "list", "elements": "str", "required": True},
            "pull_timeout": {"type": "int", "default": 900},
            "recipes": {"type": "dict", "required": True},
            "files": {"type": "list", "elements": "path", "default": []},
            "bootstrap": {"type": "list", "elements": "str", "required": True},
            "java": {"type": "str", "required": True},
            "mysql": {"type": "bool", "default": True},
            "user_namespace": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
        },
        supports_check_mode=True,
    )
    given = dict(module.params)
    podman = Podman(given.pop("podman"))
    lists: dict[str, Any] = {name: tuple(given.pop(name)) for name in ("bases", "ubuntu_images", "files", "bootstrap")}
    wanted = ImageSpec(pull_seconds=given.pop("pull_timeout"), **lists, **given)
    found = built(podman, wanted)
    if found or module.check_mode:
        image, origin = found or (wanted.name(wanted.bases[-1]), "")
        module.exit_json(changed=not found, image=image, origin=origin)
    if os.geteuid() != 0:
        module.fail_json(msg="podman needs root here; run this task with become: true")
    # Two labs that start together make the image once.
    with LOCK.open("w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            found = built(podman, wanted)
            image, origin = found or build(podman, wanted)
        except ContainerError as error:
            module.fail_json(msg=str(error))
    module.exit_json(changed=not found, image=image, origin=origin)


if __name__ == "__main__":
    main()
