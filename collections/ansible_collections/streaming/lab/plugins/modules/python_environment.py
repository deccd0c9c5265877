"""Ansible module: pack a Python environment for a host on the control machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: python_environment
short_description: Packs a Python environment for a host as a product
description:
  - Runs on the control machine, because a host may trust no package index (intercepted TLS) or reach none.
  - Keeps one archive for each set of packages, Python version and processor in the cache; C(product_tree) installs it.
  - uv takes only files with a hash of O(requirements). A package without a wheel for the host is built from its source;
    the result must be pure Python.
options:
  path: {type: path, required: true, description: Folder of the environment on the host.}
  python_version: {type: str, required: true, description: "Version of the host's Python, such as 3.12.3."}
  machine: {type: str, required: true, description: "The host's processor, as uname -m names it."}
  requirements: {type: path, required: true, description: File of pinned packages with the hashes of their files.}
  build_requirements: {type: path, required: true, description: The same of the packages that build sources.}
  programs: {type: path, required: true, description: Folder with the pyproject.toml of the lab's programs.}
  cache: {type: path, required: true, description: Folder of the artifact cache.}
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: [Streaming Lab]
"""

EXAMPLES = r"""
- name: Pack the environment
  streaming.lab.python_environment:
    path: /opt/course-venv
    python_version: "{{ ansible_facts.python_version }}"
    machine: "{{ ansible_facts.architecture }}"
    requirements: requirements.txt
    build_requirements: build-requirements.txt
    programs: src
    cache: ~/.cache/streaming-lab
  delegate_to: localhost
"""

RETURN = r"""
product: {type: dict, returned: success, description: The environment as an entry of artifacts_index.}
"""

import hashlib
import shutil
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.streaming.lab.plugins.module_utils import python_environment
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.lock import ArtifactError
from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache
from ansible_collections.streaming.lab.plugins.module_utils.products import pack
from ansible_collections.streaming.lab.plugins.module_utils.products.plan import ProductFile, folder_parts, plan_key

NAME = "python-environment"
FORMAT = "2"
"""Changes with the way in which an environment is made, so that one of another way is never taken from the cache."""
ARGUMENTS = {
    "path": {"type": "path", "required": True},
    "python_version": {"type": "str", "required": True},
    "machine": {"type": "str", "required": True},
    "requirements": {"type": "path", "required": True},
    "build_requirements": {"type": "path", "required": True},
    "programs": {"type": "path", "required": True},
    "cache": {"type": "path", "required": True},
}


def product_files(folder: str, python_version: str) -> list[ProductFile]:
    """The files of an environment, and the links to the host's interpreter."""
    links = {"python3": "/usr/bin/python3", "python": "python3", f"python{python_version}": "python3"}
    return folder_parts(folder) + [
        ProductFile(f"bin/{name}", "", 0, "0777", "link", link=target) for name, target in links.items()
    ]


def content_key(environment: python_environment.Environment) -> str:
    """Hash that names an environment's content: the files that it is made from, its host and its folder."""
    locks = (environment.requirements, environment.build_requirements)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in locks]
    host = (environment.python_version, environment.machine)
    version = " ".join([FORMAT, environment.path, *host, *digests])
    return plan_key(NAME, version, folder_parts(str(environment.programs)))


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    minor_version = ".".join(options["python_version"].split(".")[:2])
    version = f"{minor_version}-{options['machine']}"
    cache = Cache(options["cache"])
    if reason := python_environment.unsupported(minor_version, options["machine"]):
        module.fail_json(msg=reason)
    try:
        with tempfile.TemporaryDirectory(prefix="environment-") as folder:
            # uv builds no package that is a link.
            ignored = shutil.ignore_patterns("__pycache__")
            programs = shutil.copytree(options["programs"], Path(folder, "programs"), ignore=ignored)
            environment = python_environment.Environment(
                options["path"],
                minor_version,
                options["machine"],
                Path(options["requirements"]),
                Path(options["build_requirements"]),
                programs,
            )
            key = content_key(environment)
            archive, manifest = pack.product_paths(cache, NAME, version, key, ".tar.gz")
            product = {"available": True, "key": key[:16], "archive": archive, "manifest": manifest}
            if pack.is_built(archive, manifest, None):
                module.exit_json(changed=False, product=product)
            if module.check_mode:
                module.exit_json(changed=True, product={**product, "files": {}})
            # Hosts of a classroom ask at the same moment: the first one builds, the others wait and find it.
            with cache.exclusive():
                if not pack.is_built(archive, manifest, None):
                    files = Path(folder, "files")
                    python_environment.make(environment, files, cache.folder("uv"))
                    about = {"product": NAME, "version": version, "distribution": "python", "key": key}
                    pack.build(cache, archive, manifest, about, product_files(str(files), minor_version))
    except (ArtifactError, OSError) as error:
        module.fail_json(msg=f"Python environment for Python {minor_version} on {options['machine']}: {error}")
    module.exit_json(changed=True, product=product)


if __name__ == "__main__":
    main()
