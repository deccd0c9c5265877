"""Notes 5.4: HDFS over HTTP, from the student's host."""

import json
import shlex

ENGINE = "HdfsCLI"
SERVERS = [("namenode", "hadoop-namenode"), ("datanode", "hadoop-datanode")]
STEPS = """
import hashlib, json, sys
from hdfs import InsecureClient
client, folder = InsecureClient(sys.argv[1], user="hadoop"), sys.argv[2]
data = "Això és HDFS\\n".encode() * 100000
client.write(f"{folder}/webhdfs.txt", data=data)
client.rename(f"{folder}/webhdfs.txt", f"{folder}/webhdfs-2.txt")
with client.read(f"{folder}/webhdfs-2.txt") as reader:
    same = hashlib.sha256(reader.read()).digest() == hashlib.sha256(data).digest()
client.write(f"{folder}/webhdfs-2.txt", data=b"i una altra\\n", append=True)
size = client.status(f"{folder}/webhdfs-2.txt")["length"]
names = client.list(folder)
deleted = client.delete(f"{folder}/webhdfs-2.txt")
left = client.list(folder)
seen = {"bytes": len(data), "same": same, "appended": size - len(data)}
print(json.dumps({**seen, "names": names, "deleted": deleted, "left": left}))
"""


def test_settings(lab, evidence):
    """`hdfs getconf` says that WebHDFS is on, at all addresses, and LISTSTATUS answers from the student's host.

    A cluster that somebody else set up has other users and commands: role webhdfs has read its configuration.
    """
    if lab.values["lab_hadoop_install"]:
        said = lab.part("namenode").login(
            "hadoop",
            "hdfs getconf -confKey dfs.webhdfs.enabled & "
            "hdfs getconf -confKey dfs.namenode.http-address >/tmp/address.$$; "
            "wait; cat /tmp/address.$$; rm /tmp/address.$$",
        )
        assert said.split() == ["true", f"0.0.0.0:{lab.values['hadoop_namenode_http_port']}"]
        evidence("getconf: true")
    listed = json.loads(lab.student(f"curl -sSf '{lab.settings['webhdfs']}/webhdfs/v1/?op=LISTSTATUS'"))
    assert "user" in [entry["pathSuffix"] for entry in listed["FileStatuses"]["FileStatus"]]
    evidence("LISTSTATUS answers")


def test_write_read_rename_delete(lab, evidence):
    """Bytes come back as they went in; the DataNode's name resolves on the student's host."""
    program = f"python3 -c {shlex.quote(STEPS)} {lab.settings['webhdfs']} {lab.hdfs_folder}"
    seen = json.loads(lab.student(program, "/tmp"))
    assert seen["same"], "the bytes read are not the bytes written"
    assert seen["appended"] == 12
    assert "webhdfs-2.txt" in seen["names"]
    assert "webhdfs.txt" not in seen["names"], "renamed, but still under its old name"
    assert seen["deleted"]
    assert "webhdfs-2.txt" not in seen["left"]
    evidence(f"{seen['bytes']} bytes written, renamed, read back equal, appended to, deleted")
