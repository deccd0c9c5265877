"""A worker that runs several tasks gives the same results as Ansible's own strategy `free`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKER = "{{ lookup('ansible.builtin.pipe', 'echo $PPID') }}"
PLAYBOOK = f"""\
- name: All
  hosts: all
  gather_facts: false
  strategy: "{{{{ strategy_of_test }}}}"
  vars: {{from_play: p}}
  handlers:
    - name: Restart
      ansible.builtin.debug: {{msg: "restarted {{{{ inventory_hostname }}}}"}}
  pre_tasks:
    - name: Before the tasks
      ansible.builtin.debug: {{msg: pre}}
    - name: Notify before the tasks
      ansible.builtin.command: echo changed
      changed_when: true
      notify: Restart
  tasks:
    - name: Register
      ansible.builtin.command: echo {{{{ inventory_hostname }}}} {{{{ from_play }}}}
      register: first
      changed_when: inventory_hostname == 'a'
      notify: Restart
    - name: Read it
      ansible.builtin.debug: {{msg: "{{{{ first.stdout }}}} {{{{ first is changed }}}}"}}
    - name: Skip
      ansible.builtin.command: echo never
      when: first.stdout is match('nobody')
      register: skipped
    - name: Read a skipped one
      ansible.builtin.debug: {{msg: "{{{{ skipped is skipped }}}}"}}
    - name: Loop
      ansible.builtin.command: echo {{{{ item }}}}
      loop: [1, 2]
      changed_when: item == 2
      register: loop
    - name: Read the loop
      ansible.builtin.debug: {{msg: "{{{{ loop.results | map(attribute='stdout') | join(',') }}}}"}}
    - name: Ignored
      ansible.builtin.fail: {{msg: ignored}}
      ignore_errors: true
      register: ignored
    - name: Read an ignored one
      ansible.builtin.debug: {{msg: "{{{{ ignored is failed }}}}"}}
    - name: Handlers
      ansible.builtin.meta: flush_handlers
    - name: Fact
      ansible.builtin.set_fact: {{fact: "f-{{{{ inventory_hostname }}}}"}}
    - name: Read facts
      ansible.builtin.debug: {{msg: "{{{{ fact }}}} {{{{ hostvars['a'].inventory_hostname }}}}"}}
    - name: Block
      vars: {{from_block: b}}
      block:
        - name: Before
          ansible.builtin.debug: {{msg: "{{{{ from_block }}}}"}}
        - name: Break
          ansible.builtin.command: "false"
          when: inventory_hostname == 'b'
        - name: Only where nothing broke
          ansible.builtin.debug: {{msg: ok}}
      rescue:
        - name: Rescue
          ansible.builtin.debug: {{msg: "{{{{ ansible_failed_task.name }}}}"}}
        - name: Rescue on
          ansible.builtin.debug: {{msg: rescued}}
      always:
        - name: Always
          ansible.builtin.debug: {{msg: always}}
    - name: Include
      ansible.builtin.include_tasks: more.yml
      vars: {{given: g}}
    - name: Import
      ansible.builtin.import_role: {{name: static}}
    - name: Include a role
      ansible.builtin.include_role: {{name: dynamic}}
      when: inventory_hostname != 'c'
    - name: Elsewhere
      ansible.builtin.debug: {{msg: "{{{{ inventory_hostname }}}}"}}
      delegate_to: a
    - name: Undefined on c
      ansible.builtin.debug: {{msg: "{{{{ nothing_of_the_kind if inventory_hostname == 'c' else 'defined' }}}}"}}
    - name: After it
      ansible.builtin.debug: {{msg: "{{{{ fact }}}}"}}
    - name: Broken variable
      ansible.builtin.debug: {{msg: "{{{{ inventory_hostname }}}}"}}
      vars: {{unused: "{{{{ nothing_of_the_kind }}}}"}}
    - name: Last
      ansible.builtin.command: echo last
      changed_when: true
      notify: Restart
- name: Processes
  hosts: a
  gather_facts: false
  strategy: "{{{{ strategy_of_test }}}}"
  tasks:
    - name: One
      ansible.builtin.debug: {{msg: "{WORKER}"}}
    - name: Two
      ansible.builtin.debug: {{msg: "{WORKER}"}}
    - name: Throttled
      ansible.builtin.debug: {{msg: "{WORKER}"}}
      throttle: 1
    - name: Three
      ansible.builtin.debug: {{msg: "{WORKER}"}}
"""
FILES = {
    "play.yml": PLAYBOOK,
    "more.yml": """\
- name: More
  ansible.builtin.debug: {msg: '{{ given }}'}
- name: Still more
  ansible.builtin.debug: {msg: m}
""",
    "roles/static/tasks/main.yml": "- name: Of a role\n  ansible.builtin.debug: {msg: '{{ of_role }}'}\n",
    "roles/static/defaults/main.yml": "of_role: default\n",
    "roles/dynamic/tasks/main.yml": """\
- name: Of an included role
  ansible.builtin.command: echo x
  changed_when: true
  notify: Of the role
- name: Flush
  ansible.builtin.meta: flush_handlers
- name: After the handlers
  ansible.builtin.debug: {msg: d}
""",
    "roles/dynamic/handlers/main.yml": "- name: Of the role\n  ansible.builtin.debug: {msg: handled}\n",
    "hosts": "[all]\na\nb\nc\n[all:vars]\nansible_connection=local\n",
    "callbacks/told.py": """\
import json
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "told"
    def _tell(self, status, result):
        told = {"host": result._host.name, "task": result._task.get_name(), "status": status}
        told["msg"] = str(result._result.get("msg", ""))
        told["changed"] = bool(result._result.get("changed"))
        told["items"] = len(result._result.get("results", []))
        with open("told", "a") as file:
            file.write(json.dumps(told) + "\\n")
    def v2_runner_on_ok(self, result):
        self._tell("ok", result)
    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._tell("ignored" if ignore_errors else "failed", result)
    def v2_runner_on_skipped(self, result):
        self._tell("skipped", result)
    def v2_playbook_on_stats(self, stats):
        with open("stats", "w") as file:
            json.dump({host: stats.summarize(host) for host in stats.processed}, file)
""",
}


def play(folder: Path, strategy: str, *options: str, answers: str = "") -> subprocess.CompletedProcess[str]:
    """Run play.yml of a folder with a strategy."""
    settings = {"strategy_of_test": strategy, "ansible_python_interpreter": sys.executable}
    return subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", "hosts", "-e", json.dumps(settings), *options, "play.yml"],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            "ANSIBLE_CALLBACK_PLUGINS": str(folder / "callbacks"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "temporary"),
            "ANSIBLE_STRATEGY": "streaming.lab.mitogen_linear" if "mitogen" in strategy else "linear",
        },
        input=answers,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def run(folder: Path, strategy: str) -> tuple[dict[str, list[dict]], dict]:
    """The results of each host in their order, and the sums."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    done = play(folder, strategy)
    told = defaultdict(list)
    for line in (folder / "told").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        told[entry.pop("host")].append(entry)
    assert done.returncode == 2, done.stdout + done.stderr
    return told, json.loads((folder / "stats").read_text(encoding="utf-8"))


def write_play(folder: Path, *tasks: dict) -> None:
    """Write play.yml with some tasks, and an inventory of host a."""
    content = [{"hosts": "all", "gather_facts": False, "strategy": "{{ strategy_of_test }}", "tasks": list(tasks)}]
    (folder / "play.yml").write_text(json.dumps(content), encoding="utf-8")
    (folder / "hosts").write_text("a ansible_connection=local\n", encoding="utf-8")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """The playbook by Ansible's own strategy, and by the lab's."""
    return (
        run(tmp_path_factory.mktemp("free"), "ansible.builtin.free"),
        run(tmp_path_factory.mktemp("runs"), "streaming.lab.mitogen_free"),
    )


@pytest.mark.parametrize("host", ["a", "b", "c"])
def test_each_host_is_told_the_same(both: tuple, host: str) -> None:
    (by_free, _), (by_runs, _) = both
    without_processes = [
        [entry for entry in told[host] if entry["task"] not in ("One", "Two", "Throttled", "Three")]
        for told in (by_free, by_runs)
    ]
    assert without_processes[0] == without_processes[1]
    assert len(without_processes[0]) > 18


def test_the_sums_are_the_same(both: tuple) -> None:
    assert both[0][1] == both[1][1]


def test_tasks_that_follow_share_a_process(both: tuple) -> None:
    process = {entry["task"]: entry["msg"] for entry in both[1][0]["a"]}
    assert process["One"] == process["Two"]
    assert len({process[name] for name in ("One", "Throttled", "Three")}) == 3


def test_a_killed_worker_ends_the_run(tmp_path: Path) -> None:
    kill = {"name": "Kill", "ansible.builtin.debug": {"msg": "{{ lookup('ansible.builtin.pipe', 'kill -9 $PPID') }}"}}
    write_play(tmp_path, {"name": "Before", "ansible.builtin.debug": {"msg": "x"}}, kill)
    done = play(tmp_path, "streaming.lab.mitogen_free")
    assert done.returncode not in (0, 2)
    assert "A worker process was killed" in done.stdout + done.stderr


def test_a_broken_variable_of_the_play_is_a_failure_and_no_hang(tmp_path: Path) -> None:
    write_play(
        tmp_path,
        {"name": "One", "ansible.builtin.debug": {"msg": "x"}},
        {"name": "Two", "ansible.builtin.debug": {"msg": "{{ y }}"}, "vars": {"y": "{{ lookup('none.of.this', 1) }}"}},
    )
    assert play(tmp_path, "streaming.lab.mitogen_free").returncode == 2


def test_results_of_a_module_may_be_no_list(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library/five.py").write_text(
        "from ansible.module_utils.basic import AnsibleModule\nAnsibleModule({}).exit_json(results=5)\n",
        encoding="utf-8",
    )
    write_play(tmp_path, {"name": "Five", "five": {}}, {"name": "After", "ansible.builtin.debug": {"msg": "reached"}})
    assert "reached" in play(tmp_path, "streaming.lab.mitogen_free").stdout


def test_text_with_backslashes_is_compiled_for_yaml_and_for_files(tmp_path: Path) -> None:
    """Ansible escapes backslashes in YAML values only, so one text has two meanings."""
    text = "{{ 'a\\tb' | length }}"
    (tmp_path / "text.j2").write_text(text, encoding="utf-8")
    write_play(
        tmp_path,
        {"name": "YAML", "ansible.builtin.debug": {"msg": f"yaml {text}"}},
        {"name": "Value", "ansible.builtin.debug": {"msg": "value {{ v }}"}, "vars": {"v": text}},
        {"name": "File", "ansible.builtin.debug": {"msg": "file {{ lookup('ansible.builtin.template', 'text.j2') }}"}},
    )
    expected = ["file 3", "value 4", "yaml 4"]
    for strategy in ("ansible.builtin.linear", "streaming.lab.mitogen_free"):
        said = play(tmp_path, strategy).stdout
        assert sorted(re.findall(r"(?:yaml|value|file) \d", said)) == expected, said


def test_compiled_templates_of_an_inventory_are_private_and_gone_after_the_run(tmp_path: Path) -> None:
    files = "find " + str(tmp_path / "temporary") + " -name '__jinja2_*' -printf '%m\\n'"
    write_play(
        tmp_path,
        {"name": "One", "ansible.builtin.debug": {"msg": "{{ 1 + 1 }} a secret of the inventory"}},
        {"name": "Look", "ansible.builtin.command": files, "register": "found"},
        {"name": "Say", "ansible.builtin.debug": {"msg": "modes {{ found.stdout_lines | unique }}"}},
    )
    assert "modes ['600']" in play(tmp_path, "streaming.lab.mitogen_free").stdout.replace('"', "'")
    assert not [path for path in (tmp_path / "temporary").rglob("*") if path.is_file()]
    kept = (Path(sys.prefix) / "templates").glob("*")
    assert not [path for path in kept if b"a secret of the inventory" in path.read_bytes()]
