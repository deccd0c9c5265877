"""Additions to mitogen's strategies: processes use every CPU, and workers share work that each would repeat."""

from __future__ import annotations

import builtins
import functools
import os
import sys
from pathlib import Path
from typing import Any

import ansible.collections.list
import ansible.constants as C
import ansible_mitogen.affinity
import ansible_mitogen.loaders
import ansible_mitogen.module_finder
import ansible_mitogen.planner
import ansible_mitogen.strategy
import mitogen.core
import mitogen.minify
from ansible._internal._datatag._tags import Origin
from ansible._internal._templating._jinja_bits import AnsibleEnvironment, _TemplateCompileContext
from ansible._internal._templating._jinja_common import _TemplateConfig
from ansible.plugins.loader import action_loader, filter_loader, lookup_loader, test_loader
from jinja2.bccache import FileSystemBytecodeCache

SYNTAX = (
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
    "line_statement_prefix",
    "line_comment_prefix",
    "trim_blocks",
    "lstrip_blocks",
    "newline_sequence",
    "keep_trailing_newline",
)
"""Options of a Jinja environment that change the code of a template."""

OWN_FOLDERS = tuple(
    f"{Path(__file__).resolve().parents[6]}/{folder}/" for folder in ("collections", "playbooks", "roles")
)
MAX_TEMPLATES = 5000
"""A playbook has about 500. Compiled templates are deleted when there are more than this."""

# mitogen itself takes this policy on systems without CPU affinity.
ansible_mitogen.affinity.policy = ansible_mitogen.affinity.Policy()
ansible_mitogen.module_finder.compile = functools.cache(builtins.compile)
# Taking comments out of mitogen's own modules delays the first connection more than sending them.
mitogen.minify.minimize_source = mitogen.core.to_text


@functools.cache
def collection_folders() -> frozenset[str]:
    """Folders of the installed collections, which do not change while a playbook runs."""
    return frozenset(folder.decode() for folder in ansible.collections.list.list_collection_dirs())


def add_collection_folders(invocation: Any) -> None:
    """Replace ansible_mitogen.planner._load_collections, which lists them in each worker process."""
    invocation._extra_sys_paths.update(collection_folders())


ansible_mitogen.planner._load_collections = add_collection_folders


def is_own(source: str) -> bool:
    """Whether a template is one of the lab's roles and playbooks. One of an inventory can contain a secret."""
    origin = Origin.get_tag(source)
    return bool(origin and origin.path and origin.path.startswith(OWN_FOLDERS))


def cache_compiled_templates(lab_folder: str, run_folder: str) -> None:
    """Compile each template once. Workers are processes of their own, so the compiled code is shared by files.

    Args:
        lab_folder: for templates of the lab itself.
        run_folder: for all others. Nobody else may write in these folders, because workers execute the code in them.
    """
    own, others = FileSystemBytecodeCache(lab_folder), FileSystemBytecodeCache(run_folder)
    if len(list(Path(lab_folder).iterdir())) > MAX_TEMPLATES:
        own.clear()
    compile_template = AnsibleEnvironment.compile

    def compile_once(self: Any, source: Any, *arguments: Any, **options: Any) -> Any:
        if not isinstance(source, str) or arguments or options:
            return compile_template(self, source, *arguments, **options)
        context = _TemplateCompileContext.current(optional=True)
        options_of_ansible = (context and context.escape_backslashes, _TemplateConfig.allow_embedded_templates)
        syntax = repr([*(getattr(self, name) for name in SYNTAX), *options_of_ansible])
        cache = own if is_own(source) else others
        bucket = cache.get_bucket(self, syntax + source, None, source)
        if bucket.code is None:
            bucket.code = compile_template(self, source)
            cache.set_bucket(bucket)
        return bucket.code

    AnsibleEnvironment.compile = compile_once


def template_folder(environment: Path = Path(sys.prefix)) -> str:
    """Make the folder for compiled templates of the lab itself, and name it.

    Args:
        environment: folder of the Python environment. One that ./lab made keeps the templates for later runs. It is
            made again when versions change, and whoever can write in it can change the programs of Ansible as well.
    Returns:
        the folder's path. Elsewhere it is one that Ansible makes for one run, with mode 0700, and removes at the end.
    """
    if not (environment / "lab-stamp").exists() or not os.access(environment, os.W_OK):
        return str(C.DEFAULT_LOCAL_TMP)
    folder = environment / "templates"
    folder.mkdir(mode=0o755, exist_ok=True)
    return str(folder) if os.access(folder, os.W_OK) else str(C.DEFAULT_LOCAL_TMP)


@functools.cache
def prepare() -> None:
    """Load plugins before workers are forked, so that no worker loads them again."""
    collection_folders()
    for loader in (filter_loader, test_loader):
        loader._ensure_non_collection_wrappers()
    for name in ("normal", "copy"):
        action_loader.get(name, class_only=True)
    lookup_loader.get("env", class_only=True)
    cache_compiled_templates(template_folder(), C.DEFAULT_LOCAL_TMP)


class PreparedStrategy(ansible_mitogen.strategy.StrategyMixin):
    """A strategy through mitogen. Its workers inherit the plugins that `prepare` has loaded."""

    def run(self, *arguments: Any, **options: Any) -> Any:
        """Run a play."""
        prepare()
        return super().run(*arguments, **options)
