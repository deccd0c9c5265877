"""A cluster made by hand on the lab's host `hadoopmaster`, before the lab has touched it."""

from __future__ import annotations

import base64
import shlex
from pathlib import Path

import pytest
import yaml
from scenario_kit import PODMAN, ROOT, Scenario, as_root

from cli.machine.caches import default_cache
from verify.support.machine import Machine
from verify.support.waits import until

HOME = "/home/professor/hadoop"
CONFIG = f"{HOME}/etc/hadoop"
SITE = f"{CONFIG}/hdfs-site.xml"
# What a teacher who has such a cluster writes in the inventory.
SETTINGS = {
    "lab_hadoop_install": False,
    "webhdfs_site_path": SITE,
    "webhdfs_user": "professor",
    "webhdfs_restart_command": "~/stop.sh && ~/start.sh",
}
DATANODE = "aula-datanode"
CORE = """<configuration>
<property><name>fs.defaultFS</name><value>hdfs://hadoopmaster:8020</value></property>
</configuration>
"""
INCLUDED = """<configuration>
  <property><name>dfs.replication</name><value>1</value></property>
  <property><name>dfs.webhdfs.enabled</name><value>false</value></property>
</configuration>
"""
# Windows line ends, Latin-1, tabs and blanks, a property that stands twice, one that is final, an include.
SITE_TEXT = f"""<?xml version="1.0" encoding="ISO-8859-1"?>
<!-- Clúster de l'aula: no tocau res! -->
<configuration xmlns:xi="http://www.w3.org/2001/XInclude">
\t<property><name>dfs.namenode.name.dir</name><value>file:///home/professor/dades/nn</value><final>true</final></property>
\t<property>
\t   <name>dfs.datanode.data.dir</name>   <value>file:///home/professor/dades/dn</value> </property> <!-- còpia -->
<property name="dfs.datanode.hostname" value="{DATANODE}"/>
  <property><name>dfs.namenode.rpc-bind-host</name><value>0.0.0.0</value></property>
  <property><name>dfs.namenode.datanode.registration.ip-hostname-check</name><value>false</value></property>
  <property><name>dfs.namenode.safemode.extension</name><value>0</value></property>
  <property><name>dfs.namenode.http-address</name><value>127.0.0.1:50070</value></property>
  <property><name>dfs.namenode.http-address</name><value>127.0.0.1:9870</value></property>
  <xi:include href="comuns.xml"/>
</configuration>
""".replace("\n", "\r\n")
START = f"""#!/bin/bash
. {CONFIG}/hadoop-env.sh
for part in namenode datanode; do
  setsid nohup {HOME}/bin/hdfs $part >>~/$part.log 2>&1 </dev/null &
  echo $! >~/$part.pid
done
"""
STOP = """#!/bin/bash
for part in datanode namenode; do
  kill $(cat ~/$part.pid)
  while kill -0 $(cat ~/$part.pid) 2>/dev/null; do sleep 0.2; done
done
"""


class Cluster:
    """The cluster's host, as its owner uses it.

    Args:
        machine: the host.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def write(self, path: str, data: bytes, mode: str = "0644") -> None:
        """Write a file as the owner."""
        encoded = base64.b64encode(data).decode()
        self.owner(f"mkdir -p $(dirname {path}); echo {encoded} | base64 -d >{path}; chmod {mode} {path}")

    def owner(self, command: str, seconds: int = 120) -> str:
        """Type a command as the owner."""
        return self.machine.login("professor", command, seconds=seconds)

    def hdfs(self, command: str) -> str:
        """An `hdfs` command as the superuser."""
        return self.owner(f". {CONFIG}/hadoop-env.sh; {HOME}/bin/hdfs {command}")

    def files(self) -> dict[str, str]:
        """Every file of the configuration: content, owner and mode."""
        listed = self.machine.root(
            f"cd {CONFIG} && for f in *; do echo \"$f $(stat -c '%U %a' $f) $(base64 -w0 $f)\"; done"
        )
        return {line.split()[0]: line for line in listed.splitlines()}

    def site(self) -> bytes:
        """Bytes of hdfs-site.xml."""
        return base64.b64decode(self.machine.root(f"base64 -w0 {SITE}"))

    def started(self) -> str:
        """When the NameNode started."""
        return self.machine.root("ps -o pid=,lstart= -p $(cat ~professor/namenode.pid)").strip()


def product() -> Path:
    """The tar of Hadoop in the artifact cache, fetched where it is missing."""
    from ansible_collections.streaming.lab.plugins.module_utils.artifacts.products import Fetcher
    from ansible_collections.streaming.lab.plugins.module_utils.artifacts.store import Cache

    catalog = yaml.safe_load((ROOT / "roles/artifacts/vars/main.yml").read_text(encoding="utf-8"))["artifacts_catalog"]
    locks, plugins = str(ROOT / "roles/artifacts/files/locks"), str(ROOT / "files/plugins")
    fetcher = Fetcher(catalog, "maven", Cache(str(default_cache())), locks, str(ROOT), plugins)
    return Path(fetcher.run(["hadoop"])["hadoop"]["archive"])


@pytest.fixture(scope="session")
def cluster(scenario: Scenario) -> Cluster:
    """HDFS of user `professor`, running."""
    scenario.make_hosts()
    found = Cluster(scenario.machines()["hadoopmaster"])
    found.machine.root("useradd --create-home --shell /bin/bash professor")
    as_root(PODMAN, "cp", product(), f"{scenario.name}-hadoopmaster:/opt/hadoop.tar")
    found.machine.root(
        f"install -d -o professor {HOME} && tar -xf /opt/hadoop.tar -C {HOME} && chown -R professor {HOME}"
    )
    address = found.machine.info.values["ansible_host"]
    found.machine.root(f"echo '{address} hadoopmaster {DATANODE}' >>/etc/hosts; rm /opt/hadoop.tar")
    java = found.machine.root("dirname $(dirname $(readlink -f $(command -v java)))").strip()
    env = f'export JAVA_HOME={java}\nexport HADOOP_OPTS="$HADOOP_OPTS --add-opens=java.base/java.lang=ALL-UNNAMED"\n'
    found.write(f"{CONFIG}/hadoop-env.sh", env.encode())
    found.write(f"{CONFIG}/core-site.xml", CORE.encode())
    found.write(f"{CONFIG}/comuns.xml", INCLUDED.encode())
    found.write(SITE, SITE_TEXT.encode("iso-8859-1"), "0444")
    for name, text in (("start.sh", START), ("stop.sh", STOP)):
        found.write(f"/home/professor/{name}", text.encode(), "0755")
    found.hdfs(f"namenode -format -nonInteractive >{shlex.quote('/home/professor/format.log')} 2>&1")
    found.owner("~/start.sh")
    listed = lambda: found.machine.root("ss -ltn", check=False)  # noqa: E731
    until(listed, lambda seen: "127.0.0.1:9870" in seen, 120, "the NameNode of the other hand listens", pause=1)
    return found
