"""Notes 3: Java, and servers that answer, start at boot and keep their data."""

from verify.support.services import services_of

SERVERS = [("kafka", "kafka"), ("zookeeper", "zookeeper")]


def test_java(lab, evidence):
    """Every host that the lab installed has the lab's Java, and `java -version` of the student says so.

    Another Java may be the default of the machine, which evidence then names.
    """
    version = lab.values["openjdk_version"]
    others = []
    for machine in (machine for machine in lab.machines if machine.info.values.get("lab_hadoop_install", True)):
        said = machine.run(f"/usr/lib/jvm/java-{version}-openjdk-*/bin/java -version 2>&1")
        assert f'version "{version}.' in said, f"{machine.name}: {said}"
        if f'version "{version}.' not in machine.run("java -version 2>&1", check=False):
            others.append(machine.name)
    said = lab.student("java -version 2>&1")
    assert f'version "{version}.' in said, f"student: {said}"
    evidence(f"Java {version}" + (f" (another is the default of {', '.join(others)})" if others else ""))


def test_services(lab, evidence):
    """Every server is enabled, active and listening where clients look for it."""
    seen = []
    for machine in lab.machines:
        for unit, _ports in services_of(machine.info):
            service = machine.host.service(unit)
            assert service.is_running, f"{unit} is not running on {machine.name}\n{machine.journal(unit)}"
            assert service.is_enabled, f"{unit} does not start at boot on {machine.name}"
            seen.append(unit)
        listening = machine.root("ss --listening --tcp --numeric --no-header").split()
        for unit, ports in services_of(machine.info):
            for port in ports:
                assert any(address.endswith(f":{port}") for address in listening), f"{unit} does not listen on {port}"
    evidence(f"{len(seen)} services enabled, active, listening")
