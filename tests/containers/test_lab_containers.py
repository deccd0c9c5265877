"""The module that makes the lab's containers, against a podman that keeps its state in memory."""

from __future__ import annotations

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.containers import arguments
from ansible_collections.streaming.lab.plugins.module_utils.containers import hosts as container_hosts
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import ContainerError
from ansible_collections.streaming.lab.plugins.module_utils.containers.isolation import (
    CAPABILITIES,
    OWN_DEV,
    PRIVILEGED,
)
from ansible_collections.streaming.lab.plugins.modules import lab_containers as module
from tests.containers.kit import HOST, PARAMS, FakePodman, container, stand_in


@pytest.fixture(autouse=True)
def hosts_without_ssh(monkeypatch):
    """The ids of containers that were recorded as ended."""
    return stand_in(monkeypatch)


def test_nothing_is_done_to_a_lab_that_runs():
    podman = FakePodman([container()], networks=[{"name": "lab"}])
    assert module.present(podman, PARAMS, change=True)["changed"] is False
    assert [asked for asked in podman.asked if not asked.endswith("ls")] == []


def test_a_missing_lab_is_made_with_network_and_volumes():
    podman = FakePodman()
    result = module.present(podman, PARAMS, change=True)
    assert result["actions"] == ["made network lab (10.89.20.0/24)", "made lab-kafka"]
    assert "volume create" in podman.asked
    assert result["host_keys"] == ["10.89.20.10 ssh-ed25519 KEY"]


def test_check_mode_tells_and_does_nothing():
    podman = FakePodman()
    result = module.present(podman, PARAMS, change=False)
    assert result["actions"] == ["made network lab (10.89.20.0/24)", "made lab-kafka"]
    assert all(asked.endswith("ls") for asked in podman.asked)


def test_a_container_whose_monitor_was_killed_is_started_again(hosts_without_ssh):
    podman = FakePodman([container(pid=4_000_000)], networks=[{"name": "lab"}])
    assert module.present(podman, PARAMS, change=True)["actions"] == ["started lab-kafka"]
    assert hosts_without_ssh == ["abc"]


def test_a_stopped_container_is_started_without_that(hosts_without_ssh):
    podman = FakePodman([container("exited", 0)], networks=[{"name": "lab"}])
    assert module.present(podman, PARAMS, change=True)["actions"] == ["started lab-kafka"]
    assert hosts_without_ssh == []


def test_a_container_that_cannot_start_is_made_anew_and_keeps_its_volumes():
    podman = FakePodman([container("exited", 0)], networks=[{"name": "lab"}], failing=["start"])
    assert module.present(podman, PARAMS, change=True)["actions"] == ["made lab-kafka again: it could not be started"]
    assert "volume rm" not in podman.asked


def test_a_changed_image_makes_the_container_again():
    podman = FakePodman([container(**{"streaming-lab.spec": "old"})], networks=[{"name": "lab"}])
    assert module.present(podman, PARAMS, change=True)["actions"] == [
        "made lab-kafka again: its image or settings changed"
    ]


def test_files_outside_volumes_are_kept_before_the_container_is_removed(monkeypatch):
    podman = FakePodman([container(**{"streaming-lab.spec": "old"})], networks=[{"name": "lab"}])
    host = {**HOST, "kept": [{"path": "/opt/kafka", "users": ["student"]}]}
    files = container_hosts.container_files
    monkeypatch.setattr(files, "keep", lambda *given: podman.asked.append(f"keep {given[1]}"))
    monkeypatch.setattr(files, "give_back", lambda *given: podman.asked.append(f"give {given[1]}"))
    module.present(podman, {**PARAMS, "hosts": [host]}, change=True)
    order = [asked for asked in podman.asked if asked.startswith(("keep", "rm", "run --detach", "give"))]
    assert order == ["keep lab-kafka", "rm --force", "run --detach", "run --detach", "give lab-kafka"]


def test_a_container_whose_files_cannot_be_kept_stays(monkeypatch):
    podman = FakePodman([container(**{"streaming-lab.spec": "old"})], networks=[{"name": "lab"}])
    host = {**HOST, "kept": [{"path": "/opt/kafka", "users": ["student"]}]}

    def refuse(*_given):
        raise OSError("no space")

    monkeypatch.setattr(container_hosts.container_files, "keep", refuse)
    with pytest.raises(ContainerError, match="no space; the container lab-kafka was not changed"):
        module.present(podman, {**PARAMS, "hosts": [host]}, change=True)
    assert "rm --force" not in podman.asked


@pytest.mark.parametrize("spec", ["old", ""], ids=["made again", "started"])
def test_a_container_that_does_not_start_is_not_removed_with_the_students_files(spec):
    held = container("exited", 0, **({"streaming-lab.spec": spec} if spec else {}))
    host = {**HOST, "kept": [{"path": "/opt/kafka", "users": ["student"]}]}
    if not spec:
        held["Labels"]["streaming-lab.spec"] = arguments.specification(host, PARAMS, OWN_DEV)
    podman = FakePodman([held], networks=[{"name": "lab"}], failing=["start"])
    with pytest.raises(ContainerError) as failure:
        module.present(podman, {**PARAMS, "hosts": [host]}, change=True)
    assert str(failure.value) == (
        "Container lab-kafka must be replaced but does not start (no message), so the student's files in it cannot be "
        "saved; correct the cause and run this again, or give the files up: sudo podman rm -f lab-kafka"
    )
    assert "rm --force" not in podman.asked


def test_changed_arguments_of_podman_make_the_container_again(monkeypatch):
    podman = FakePodman([container()], networks=[{"name": "lab"}])
    given = arguments.host_arguments(HOST, PARAMS, OWN_DEV)
    monkeypatch.setattr(arguments, "host_arguments", lambda *_: [*given, "--read-only"])
    assert module.present(podman, PARAMS, change=True)["actions"] == [
        "made lab-kafka again: its image or settings changed"
    ]


@pytest.mark.parametrize("isolation", [CAPABILITIES, OWN_DEV, PRIVILEGED])
def test_run_is_writable_by_root_alone(isolation):
    given = arguments.run_arguments(HOST, PARAMS, isolation, "")
    assert given[given.index("--tmpfs") + 1] == "/run:rw,exec,nosuid,nodev,mode=0755"


def test_a_container_of_an_older_lab_is_made_anew_in_a_user_namespace_with_its_volumes():
    old = container(**{"streaming-lab.spec": "old", "streaming-lab.isolation": "", "streaming-lab.reason": ""})
    podman = FakePodman([old], [{"Name": "lab-kafka-kafka"}], [{"name": "lab"}])
    result = module.present(podman, PARAMS, change=True)
    assert result["actions"] == ["made lab-kafka again: its image or settings changed"]
    assert (result["isolation"], result["mapped"]) == ("own-dev", True)
    assert "volume create" not in podman.asked and "volume rm" not in podman.asked
    *_, made = podman.runs
    assert "--volume" in made and "lab-kafka-kafka:/var/lib/kafka:idmap" in made


def test_new_volumes_are_filled_before_a_mapped_container_uses_them():
    podman = FakePodman()
    module.present(podman, PARAMS, change=True)
    filled, infra, made = podman.runs
    assert "--volume=lab-kafka-kafka:/var/lib/kafka" in filled and not any("userns" in word for word in filled)
    assert "--userns=auto:size=65536" in infra
    assert made[made.index("--userns") + 1] == "container:lab-kafka_infra"


def test_a_lab_that_is_not_kept_apart_is_looked_at_again_at_each_run():
    podman = FakePodman([container(isolation=PRIVILEGED)], networks=[{"name": "lab"}])
    result = module.present(podman, PARAMS, change=True)
    assert result["mapped"] and result["actions"] == ["made lab-kafka again: its image or settings changed"]


def test_a_machine_that_cannot_map_ids_keeps_its_containers_and_says_why(monkeypatch):
    monkeypatch.setattr(container_hosts, "choose", lambda *_: (PRIVILEGED, "no user namespaces here", []))
    podman = FakePodman([container(isolation=PRIVILEGED)], networks=[{"name": "lab"}])
    result = module.present(podman, PARAMS, change=True)
    assert (result["changed"], result["mapped"], result["reason"]) == (False, False, "no user namespaces here")


def test_user_namespaces_can_be_refused(monkeypatch):
    monkeypatch.setattr(container_hosts, "choose", lambda *_: (PRIVILEGED, "containers_user_namespace is never", []))
    podman = FakePodman([container()], networks=[{"name": "lab"}])
    result = module.present(podman, {**PARAMS, "user_namespace": "never"}, change=True)
    assert not result["mapped"] and result["changed"]
    settled = FakePodman([container(isolation=PRIVILEGED)], networks=[{"name": "lab"}])
    assert not module.present(settled, {**PARAMS, "user_namespace": "never"}, change=True)["changed"]


def test_what_was_added_to_this_machine_is_said(monkeypatch):
    line = "added containers:2147483647:2147483648 to /etc/subuid"
    monkeypatch.setattr(container_hosts, "choose", lambda *_: (OWN_DEV, "", [line]))
    assert line in module.present(FakePodman(), PARAMS, change=True)["actions"]


def infra(state: str = "running", pid: int = 1) -> dict:
    """The infra container of HOST as podman lists it."""
    labels = {"streaming-lab.clone": PARAMS["clone"], "streaming-lab.infra": "lab-kafka"}
    return {"Id": "def", "Names": ["lab-kafka_infra"], "State": state, "Pid": pid, "Labels": labels}


def lines(podman: FakePodman) -> list[str]:
    """The commands that changed something, in order."""
    return [command for command in podman.commands if command.split()[0] in ("start", "stop", "rm", "run")]


def test_a_mapped_host_joins_the_namespaces_and_the_network_of_its_infra_container():
    host = {**HOST, "publish": ["127.0.0.1:8083:8083"]}
    joined, own = arguments.host_arguments(host, PARAMS, OWN_DEV), arguments.infra_arguments(host, PARAMS, OWN_DEV)
    assert joined[joined.index("--network") + 1] == "container:lab-kafka_infra"
    assert not {"--ip", "--publish", "--userns=auto:size=65536"} & set(joined)
    assert own[own.index("--ip") + 1] == "10.89.20.10" and "127.0.0.1:8083:8083" in own
    assert "--restart=always" in joined and not any("--restart" in word for word in own)
    assert arguments.infra_arguments(host, PARAMS, PRIVILEGED) == []
    assert "--ip" in arguments.host_arguments(host, PARAMS, PRIVILEGED)


def test_nothing_is_done_to_a_mapped_lab_that_runs():
    podman = FakePodman([container(), infra()], networks=[{"name": "lab"}])
    assert module.present(podman, PARAMS, change=True)["changed"] is False
    assert lines(podman) == []


def test_a_stopped_infra_container_is_started_before_its_host():
    podman = FakePodman([container("created", 0), infra("exited", 0)], networks=[{"name": "lab"}])
    assert module.present(podman, PARAMS, change=True)["actions"] == ["started lab-kafka"]
    assert lines(podman) == ["start lab-kafka_infra", "start lab-kafka"]


def test_a_host_that_outlived_its_infra_container_is_restarted_with_it():
    podman = FakePodman([container(), infra("exited", 0)], networks=[{"name": "lab"}])
    assert module.present(podman, PARAMS, change=True)["actions"] == ["started lab-kafka"]
    assert lines(podman) == ["stop lab-kafka", "start lab-kafka_infra", "start lab-kafka"]


def test_a_host_in_the_network_of_an_earlier_infra_container_is_restarted():
    podman = FakePodman([container(pid=1), infra(pid=2)], networks=[{"name": "lab"}])
    assert module.present(podman, PARAMS, change=True)["actions"] == ["started lab-kafka"]
    assert lines(podman) == ["stop lab-kafka", "start lab-kafka_infra", "start lab-kafka"]


def test_a_host_that_does_not_stop_is_not_taken_for_started():
    podman = FakePodman([container(pid=1), infra(pid=2)], networks=[{"name": "lab"}], failing=["stop"])
    assert container_hosts.Hosts(podman, PARAMS, change=True).start("lab-kafka") == "no message"
    assert lines(podman) == ["stop lab-kafka"]


def test_both_records_are_repaired_after_a_power_cut(hosts_without_ssh):
    podman = FakePodman([container(pid=4_000_000), infra(pid=4_000_001)], networks=[{"name": "lab"}])
    assert module.present(podman, PARAMS, change=True)["actions"] == ["started lab-kafka"]
    assert sorted(hosts_without_ssh) == ["abc", "def"]
    cleanup = podman.commands.index("container cleanup lab-kafka_infra")
    assert cleanup < podman.commands.index("start lab-kafka_infra"), "its address is released first"
    assert "container cleanup lab-kafka" not in podman.commands, "podman would restart it: it has a restart policy"


def test_an_infra_container_without_its_host_is_made_anew_with_it():
    podman = FakePodman([infra()], networks=[{"name": "lab"}])
    assert module.present(podman, PARAMS, change=True)["actions"] == ["made lab-kafka"]
    assert lines(podman)[0] == "rm --force --time 0 lab-kafka_infra"


def test_a_host_goes_before_its_infra_container():
    podman = FakePodman([infra(), container()])
    assert module.absent(podman, PARAMS, change=True)["actions"] == ["removed lab-kafka", "removed lab-kafka_infra"]
    never = {**PARAMS, "user_namespace": "never"}
    unmapped = FakePodman([infra(), container(**{"streaming-lab.spec": "old"})], networks=[{"name": "lab"}])
    module.present(unmapped, never, change=True)
    assert [line for line in lines(unmapped) if line.startswith("rm")] == [
        "rm --force --time 30 lab-kafka", "rm --force --time 0 lab-kafka_infra",
    ]  # fmt: skip


@pytest.mark.parametrize("act", [module.present, module.absent])
def test_the_lab_of_another_clone_is_left_alone(act, tmp_path):
    podman = FakePodman([container(**{"streaming-lab.clone": str(tmp_path)})])
    with pytest.raises(ContainerError, match=rf"belongs to {tmp_path}; give this one another name"):
        act(podman, PARAMS, change=True)
    assert all(asked.endswith("ls") for asked in podman.asked)


def test_the_lab_of_a_clone_that_is_gone_is_taken_over():
    podman = FakePodman([container(**{"streaming-lab.clone": "/gone"})], networks=[{"name": "lab"}])
    assert module.present(podman, PARAMS, change=True)["changed"] is False


def test_a_host_no_longer_in_the_inventory_goes():
    other = {**container(), "Names": ["lab-old"]}
    podman = FakePodman([container(), other], networks=[{"name": "lab"}])
    assert module.present(podman, PARAMS, change=True)["actions"] == [
        "removed lab-old: it is no longer in the inventory"
    ]


@pytest.mark.parametrize("change", [True, False])
def test_the_infra_container_of_a_host_that_is_gone_goes(change):
    old = {**infra(), "Names": ["lab-old_infra"], "Labels": {**infra()["Labels"], "streaming-lab.infra": "lab-old"}}
    podman = FakePodman([container(), old], networks=[{"name": "lab"}])
    assert module.present(podman, PARAMS, change)["actions"] == [
        "removed lab-old_infra: its host is no longer in the inventory"
    ]
    assert lines(podman) == ["rm --force --time 0 lab-old_infra"] * change


def test_absent_removes_containers_volumes_and_network_of_the_lab_alone():
    podman = FakePodman([container()], [{"Name": "lab-kafka-kafka"}], [{"name": "lab"}])
    result = module.absent(podman, PARAMS, change=True)
    assert result["actions"] == ["removed lab-kafka", "removed volume lab-kafka-kafka", "removed network lab"]
    assert module.absent(FakePodman(), PARAMS, change=True)["changed"] is False
