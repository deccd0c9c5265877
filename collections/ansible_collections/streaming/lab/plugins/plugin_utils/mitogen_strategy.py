"""What the lab's strategies add to mitogen's: every CPU is used, and nothing is done twice in a playbook."""

from __future__ import annotations

import builtins
import functools
import os
from pathlib import Path
from typing import Any

import ansible.collections.list
import ansible_mitogen.affinity
import ansible_mitogen.loaders
import ansible_mitogen.module_finder
import ansible_mitogen.planner
import ansible_mitogen.strategy
from ansible._internal._templating._jinja_bits import AnsibleEnvironment, _TemplateCompileContext
from ansible.plugins.loader import action_loader, filter_loader, lookup_loader, test_loader
from jinja2.bccache import FileSystemBytecodeCache

# Templates that differ in one of these compile to different code.
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

# The policy that mitogen itself takes where processes cannot be bound.
ansible_mitogen.affinity.policy = ansible_mitogen.affinity.Policy()
ansible_mitogen.module_finder.compile = functools.cache(builtins.compile)


@functools.cache
def collection_folders() -> frozenset[str]:
    """Folders of the installed collections, which do not change while a playbook runs."""
    return frozenset(folder.decode() for folder in ansible.collections.list.list_collection_dirs())


def add_collection_folders(invocation: Any) -> None:
    """Replace ansible_mitogen.planner._load_collections, which lists them in each worker process."""
    invocation._extra_sys_paths.update(collection_folders())


ansible_mitogen.planner._load_collections = add_collection_folders


def keep_compiled_templates(folder: str) -> None:
    """Keep the compiled code of templates in files, for each task is a process that compiles its templates anew.

    Args:
        folder: where; only the person who runs Ansible may write there.
    """
    cache = FileSystemBytecodeCache(folder)
    compile_template = AnsibleEnvironment.compile

    def compile_once(self: Any, source: Any, *arguments: Any, **options: Any) -> Any:
        if not isinstance(source, str) or arguments or options:
            return compile_template(self, source, *arguments, **options)
        context = _TemplateCompileContext.current(optional=True)
        syntax = repr([*(getattr(self, name) for name in SYNTAX), context and context.escape_backslashes])
        bucket = cache.get_bucket(self, syntax + source, None, source)
        if bucket.code is None:
            bucket.code = compile_template(self, source)
            cache.set_bucket(bucket)
        return bucket.code

    AnsibleEnvironment.compile = compile_once


@functools.cache
def prepare() -> None:
    """Load once what each worker process would load for itself."""
    collection_folders()
    for loader in (filter_loader, test_loader):
        loader._ensure_non_collection_wrappers()
    for name in ("normal", "copy"):
        action_loader.get(name, class_only=True)
    lookup_loader.get("env", class_only=True)
    folder = os.environ.get("LAB_TEMPLATES")
    if folder:
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        keep_compiled_templates(folder)


class PreparedStrategy(ansible_mitogen.strategy.StrategyMixin):
    """A strategy through mitogen whose worker processes inherit what `prepare` has loaded."""

    def run(self, *arguments: Any, **options: Any) -> Any:
        """Run a play."""
        prepare()
        return super().run(*arguments, **options)
