"""The containers of one lab: how each is made, found again, repaired and reached."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.streaming.lab.plugins.module_utils.containers import address as container_address
from ansible_collections.streaming.lab.plugins.module_utils.containers import files as container_files
from ansible_collections.streaming.lab.plugins.module_utils.containers import network as container_network
from ansible_collections.streaming.lab.plugins.module_utils.containers.arguments import (
    INFRA,
    LABEL,
    infra_arguments,
    infra_name,
    label_arguments,
    run_arguments,
    specification,
)
from ansible_collections.streaming.lab.plugins.module_utils.containers.engine import (
    ContainerError,
    Podman,
    last_line,
    really_runs,
    record_exit,
    share_network,
)
from ansible_collections.streaming.lab.plugins.module_utils.containers.isolation import (
    KNOWN,
    PRIVILEGED,
    Isolation,
    choose,
    fill_volumes,
)


class Hosts:
    """The hosts of one lab, and how they are kept apart from the machine.

    Args:
        podman: the engine.
        params: of the module.
        change: whether to do anything; otherwise only tell.
    Raises:
        ContainerError: the containers are another clone's that is still there.
    """

    def __init__(self, podman: Podman, params: dict, change: bool) -> None:
        self.podman, self.params, self.change = podman, params, change
        found = {container["Names"][0]: container for container in own_containers(podman, params)}
        self.containers = {name: container for name, container in found.items() if INFRA not in container["Labels"]}
        self.infra = {
            container["Labels"][INFRA]: container for container in found.values() if INFRA in container["Labels"]
        }
        self.isolation, self.reason = self._present_isolation()
        self.added: list[str] = []
        self.network_warning = ""
        self.links_are_used = False

    def name(self, host: dict) -> str:
        """The container's name."""
        return f"{self.params['lab']}-{host['name']}"

    def differs(self, host: dict) -> bool:
        """Whether a container is made from something else than what is wanted now."""
        labels = self.containers[self.name(host)]["Labels"]
        return labels.get(f"{LABEL}.spec") != specification(host, self.params, self.isolation)

    def _present_isolation(self) -> tuple[Isolation, str]:
        """The isolation of the containers that are there, and its reason; PRIVILEGED where none is said."""
        found = {
            (labels.get(f"{LABEL}.isolation", ""), labels.get(f"{LABEL}.reason", ""))
            for labels in (container["Labels"] for container in self.containers.values())
        }
        name, reason = found.pop() if len(found) == 1 else ("", "")
        return KNOWN.get(name, PRIVILEGED), reason

    def choose_isolation(self) -> None:
        """Look what this machine can do, where a container is to be made or the containers are not kept apart yet.

        Raises:
            ContainerError: see container_isolation.choose.
        """
        wanted = self.params["user_namespace"]
        hosts = self.params["hosts"]
        settled = all(self.name(host) in self.containers and not self.differs(host) for host in hosts)
        if settled and self.isolation.mapped == (wanted != "never"):
            return
        if self.change:
            self.isolation, self.reason, self.added = choose(
                self.podman, self.params["image"], f"{self.params['lab']}-trial", wanted
            )

    def make(self, host: dict) -> None:
        """Make a container with its volumes. Volumes that are there keep what they hold."""
        existing = {volume["Name"] for volume in self.podman.labelled("volume", self.params["lab"])}
        volumes = {f"{self.name(host)}-{name}": path for name, path in host["volumes"].items()}
        for name in volumes:
            if name not in existing:
                self.podman.run("volume", "create", "--label", f"{LABEL}.lab={self.params['lab']}", name)
        fill_volumes(self.podman, self.params["image"], volumes)
        self.remove_infra(self.name(host))
        if infra := infra_arguments(host, self.params, self.isolation):
            labels = {"lab": self.params["lab"], "clone": self.params["clone"], "infra": self.name(host)}
            image = self.params["image"]
            arguments = ["run", "--detach", *label_arguments(labels), *infra, image, "/bin/sleep", "infinity"]
            self._run_new(infra_name(host, self.params), arguments)
        self._run_new(self.name(host), run_arguments(host, self.params, self.isolation, self.reason))

    def _run_new(self, name: str, arguments: list[str]) -> None:
        """Run a new container. Raises ContainerError where it does not run."""
        if reason := container_address.run_container(self.podman, name, arguments, self.params):
            raise ContainerError(f"podman run failed: {reason}")

    def remove_infra(self, name: str) -> None:
        """Remove the infra container of a host that is gone, where there is one."""
        if found := self.infra.pop(name, None):
            self.podman.remove(found["Names"][0], seconds=0)

    def remove(self, name: str) -> None:
        """Remove a host with its infra container. Volumes stay."""
        self.podman.remove(name)
        self.remove_infra(name)

    @property
    def store(self) -> Path:
        """Where files of containers are while these are made again."""
        return Path(self.params["kept_folder"])

    def runs(self, name: str) -> bool:
        """Whether a host's container runs, and its infra container with the same network where it has one."""
        pair = [self.containers[name], *([self.infra[name]] if name in self.infra else [])]
        running = all(found["State"] == "running" and really_runs(found["Pid"]) for found in pair)
        return running and self._share_network(pair[0], pair[-1])

    @staticmethod
    def _share_network(host: dict, infra: dict) -> bool:
        """Whether a host has the network of its infra container, which may have ended."""
        return really_runs(infra["Pid"]) and share_network(host["Pid"], infra["Pid"])

    def record_ended(self) -> None:
        """Correct podman's records of containers that a power cut ended, and release the addresses of infra containers.

        podman start otherwise fails ("requested ip address is already allocated"). A host without an infra container
        is started again by podman with the link that it has: then no link is removed in this run.
        """
        for found in (*self.containers.values(), *self.infra.values()):
            if found["State"] not in ("exited", "created") and not really_runs(found["Pid"]):
                record_exit(found["Id"])
                found.update(State="exited", Pid=0)
                self.links_are_used |= INFRA not in found["Labels"] and found["Names"][0] not in self.infra
        for found in self.infra.values():
            if found["State"] == "exited":
                self.podman.run("container", "cleanup", found["Names"][0], check=False)

    def start(self, name: str) -> str:
        """Start a host. Returns why it cannot be started, or an empty text."""
        if self.runs(name):
            return ""
        host, infra = self.containers[name], [self.infra[name]] if name in self.infra else []
        if infra and really_runs(host["Pid"]) and not self._share_network(host, infra[0]):
            # The host holds namespaces that its infra container, started again, does not have.
            done = self.podman.run("stop", name, check=False)
            if done.returncode:
                return last_line(done.stderr)
        for found in (*infra, host):
            own = found["Names"][0]
            if reason := container_address.run_container(self.podman, own, ["start", own], self.params):
                return reason
        return ""

    def keep_files(self, host: dict) -> None:
        """Keep files that people made outside the volumes of a container that is about to be made again.

        Raises:
            ContainerError: they could not be read; the container stays.
        """
        name = self.name(host)
        if not host["kept"]:
            return
        if reason := self.start(name):
            raise ContainerError(
                f"Container {name} must be replaced but does not start ({reason}), so the student's files in it cannot "
                "be saved; correct the cause and run this again, or give the files up: "
                f"sudo {self.podman.command} rm -f {name}"
            )
        try:
            container_files.keep(self.podman.command, name, host["kept"], self.store)
        except OSError as error:
            raise ContainerError(f"{error}; the container {name} was not changed") from error

    def give_files_back(self, host: dict) -> None:
        """Put kept files into a container that was made again. Raises ContainerError."""
        try:
            container_files.give_back(self.podman.command, self.name(host), self.store)
        except OSError as error:
            raise ContainerError(str(error)) from error

    def bring_up_network(self) -> str:
        """Make the network where it is missing. Returns what was done, empty when nothing was.

        One without `isolate` is made again, and so are its containers, as after a change of their arguments. Where
        somebody else's container is in it, it stays, and `network_warning` says so.

        Raises:
            ContainerError: a container's files could not be kept; nothing was removed.
        """
        lab = self.params["lab"]
        network = container_network.present_network(self.podman, lab)
        if network is None:
            if self.change:
                container_network.create(self.podman, self.params)
            return f"made network {lab} ({self.params['subnet']})"
        if container_network.is_isolated(network):
            removes = self.change and not self.links_are_used
            return container_network.remove_ended_links(network) if removes else ""
        if foreign := container_network.foreign_containers(self.podman, lab):
            self.network_warning = container_network.open_network_warning(self.podman.command, lab, foreign)
            return ""
        if self.change:
            present = [host for host in self.params["hosts"] if self.name(host) in self.containers]
            # Keep the files of all containers before one is removed: if one fails, nothing is lost.
            for host in present:
                self.keep_files(host)
            for host in present:
                self.remove(self.name(host))
            for name in [*self.infra]:
                self.remove_infra(name)
            # Without --force, which would remove containers.
            container_network.remove(self.podman, network)
            container_network.create(self.podman, self.params)
        self.containers = {}
        return (
            f"replaced network {lab} and its containers: other labs could reach them; "
            "volumes and the student's files were kept"
        )

    def bring_up(self, host: dict) -> str:
        """Bring one host to where it runs as specified. Returns what was done, empty when nothing was."""
        name = self.name(host)
        if name not in self.containers:
            if self.change:
                self.make(host)
            return f"made {name}"
        if self.differs(host):
            if self.change:
                self.keep_files(host)
                self.remove(name)
                self.make(host)
            return f"made {name} again: its image or settings changed"
        if self.runs(name):
            return ""
        if self.change and self.start(name):
            self.keep_files(host)
            self.remove(name)
            self.make(host)
            return f"made {name} again: it could not be started"
        return f"started {name}"


def own_containers(podman: Podman, params: dict) -> list[dict]:
    """The lab's containers. Raises ContainerError when they are another clone's that is still there."""
    containers = podman.labelled("container", params["lab"])
    owners = {container["Labels"].get("streaming-lab.clone", "") for container in containers} - {params["clone"]}
    others = sorted(owner for owner in owners if Path(owner).is_dir())
    if others:
        raise ContainerError(
            f"the lab named {params['lab']} on this machine belongs to {others[0]}; "
            "give this one another name (./lab --name NAME ...) or take that one down there"
        )
    return containers
