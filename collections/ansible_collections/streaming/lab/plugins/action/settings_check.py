"""Look at every setting that a host has, and say all that is wrong with them; nothing is sent to the host."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.streaming.lab.plugins.module_utils.settings import problems as settings_problems

# From which likeness on (difflib's ratio, 0..1) another name is a setting misspelt: of ten letters, two may be swapped.
NEAR_MISS = 0.9
# libyaml's where this Python has it: an eighth of the time, and every host's settings are looked at.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
OPTIONS = {"roles", "wiring"}
# Settings of earlier releases, below the folder of the roles.
REMOVED = Path("preflight", "vars", "removed.yml")


def read_yaml(path: Path) -> Any:
    """What a YAML file of the project holds."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=SAFE_LOADER)  # noqa: S506 - a safe one


def role_names(folder: Path) -> list[str]:
    """Names of the roles below a folder, which are the prefixes of their settings."""
    return sorted(path.parent.parent.name for path in folder.glob("*/tasks/main.yml"))


def removed_settings(names: list[str], removed: dict[str, str]) -> list[str]:
    """Settings of an earlier release that are set and that nothing reads any more.

    Args:
        names: all variables that a host has.
        removed: what to do instead, by name of a removed setting.

    Returns:
        A sentence for each, sorted.
    """
    return [f"{name} was removed: {removed[name]}" for name in sorted(set(names) & set(removed))]


def role_settings(folder: Path) -> dict[str, Any]:
    """All settings by name: the options of every entry point in the argument specs of all roles below a folder."""
    settings: dict[str, Any] = {}
    for path in sorted(folder.glob("*/meta/argument_specs.yml")):
        for entry_point in read_yaml(path)["argument_specs"].values():
            settings |= entry_point.get("options", {})
    return settings


def role_checks(folder: Path) -> dict[str, dict[str, Any]]:
    """The kind of every setting by name: `meta/checks.yml` of all roles below a folder.

    Raises:
        ValueError: a kind that is none.
    """
    checks: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*/meta/checks.yml")):
        checks |= settings_problems.checks_of(read_yaml(path))
    return checks


def unknown_settings(names: list[str], known: list[str], prefixes: list[str]) -> list[str]:
    """Variables that look like a setting and are none, each with the setting that was probably meant.

    One that begins with a role's name is refused whatever follows; any other (a person's own, Ansible's) only where it
    differs from a setting by a letter or two, as `kakfa_heap` and `mysqlport` do.

    Args:
        names: all variables that a host has.
        known: all documented settings.
        prefixes: the roles' names.

    Returns:
        Sentences such as `kafka_heep is no setting; did you mean kafka_heap?`, sorted.
    """
    unknown = []
    for name in sorted(set(names) - set(known)):
        if name.startswith(("_", "ansible_")):
            continue
        ours = any(name.startswith(f"{prefix}_") for prefix in prefixes)
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.6 if ours else NEAR_MISS)
        if ours or close:
            unknown.append(f"{name} is no setting" + (f"; did you mean {close[0]}?" if close else ""))
    return unknown


def texts_for_truths(given: dict[str, Any], specs: dict[str, Any]) -> list[str]:
    """Settings that must be true or false and are text: Ansible takes any text, also "false", for true.

    Args:
        given: settings with their values.
        specs: their argument specs.

    Returns:
        A sentence each, sorted.
    """
    return [
        f"{name} is the text '{value}'; write it as {name}: {value} in a file, or as -e '{{\"{name}\": {value}}}'"
        for name, value in sorted(given.items())
        if specs[name].get("type") == "bool" and str(value).lower() in ("true", "false") and isinstance(value, str)
    ]


def memory_total_mb(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Memory of this machine in MB; 0 where proc(5) does not say."""
    if not meminfo.is_file():
        return 0
    lines = meminfo.read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("MemTotal:")), 0)


def lists_as_text(given: dict[str, Any], specs: dict[str, Any]) -> dict[str, str]:
    """Settings that must be a list or a dictionary and are a text, as KEY=VALUE of -e is.

    Args:
        given: settings with their values.
        specs: their argument specs.

    Returns:
        A sentence for each, by name.
    """
    return {
        name: f"{name} is a text; give it as JSON: -e '{{\"{name}\": ...}}', or in a file: -e @FILE"
        for name, value in sorted(given.items())
        if specs[name].get("type") in ("list", "dict") and isinstance(value, str)
    }


class ActionModule(ActionBase):
    """The action. All checks are one task: each setting is rendered once a host.

    Its options: `roles`, the folder of the roles with their argument specs; `wiring`, a file of variables that are
    settings too, whatever their type.
    """

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Check names first, then values.

        Raises:
            AnsibleActionFail: with one line that holds all there is to say.
        """
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        if set(self._task.args) != OPTIONS:
            raise AnsibleActionFail(f"settings_check: it takes {' and '.join(sorted(OPTIONS))}")
        folder = Path(self._task.args["roles"])
        specs = role_settings(folder)
        known = [*specs, *read_yaml(Path(self._task.args["wiring"]))]
        removed = read_yaml(folder / REMOVED)["preflight_removed_settings"]
        if gone := removed_settings(list(variables), removed):
            raise AnsibleActionFail("; ".join(gone))
        if unknown := unknown_settings(list(variables), known, [*role_names(folder), "lab"]):
            raise AnsibleActionFail(f"{'; '.join(unknown)} (settings are listed in roles/*/README.md)")
        given, wrong = self._rendered({name: variables[name] for name in specs if name in variables})
        texts = lists_as_text(given, specs)
        wrong += texts.values()
        given = {name: value for name, value in given.items() if name not in texts}
        checked = {name: specs[name] for name in given}
        validated = ArgumentSpecValidator(checked).validate(given, validate_role_argument_spec=True)
        types = validated.error_messages + texts_for_truths(given, specs)
        values = [] if types else self._values(validated.validated_parameters, specs, role_checks(folder), variables)
        # What cannot be rendered may only follow from a wrong value.
        wrong = values or [*wrong, *types]
        if wrong:
            # Ansible repeats a sentence for each element of a list.
            raise AnsibleActionFail("; ".join(dict.fromkeys(wrong)))
        return result | {"changed": False}

    @staticmethod
    def _values(
        given: dict[str, Any], specs: dict[str, Any], checks: dict[str, dict[str, Any]], variables: dict[str, Any]
    ) -> list[str]:
        """What is wrong with values of the right type."""
        private = [name for name in specs if specs[name].get("no_log") or "password" in name or "secret" in name]
        defaults = {name: spec["default"] for name, spec in specs.items() if "default" in spec}
        groups = variables.get("group_names", [])
        wrong = settings_problems.value_problems(given, checks, private)
        wrong += settings_problems.option_problems(given)
        wrong += settings_problems.clashes(defaults | given, checks, groups)
        wrong += settings_problems.declared_problems(given, len(given.get("lab_kafka_hosts") or []))
        if given.get("lab_containers") or variables.get("ansible_connection") == "local":
            # Other hosts say themselves how much memory they have, when they are asked.
            total = memory_total_mb()
            wrong += settings_problems.memory_problems(defaults | given, checks, groups, 0 if wrong else total)
        datanodes = given.get("hadoop_datanodes") or variables.get("groups", {}).get("datanode", [])
        wrong += settings_problems.replication_problems(given, len(datanodes))
        return wrong + settings_problems.host_problems(str(variables.get("inventory_hostname", "")))

    def _rendered(self, raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Values of settings, and a sentence on each that has none because it refers to what is not there."""
        given, wrong = {}, []
        for name, value in raw.items():
            try:
                given[name] = self._templar.template(value)
            except AnsibleError as error:
                wrong.append(f"{name} cannot be read: {error}")
        return given, wrong
