"""plugins/module_utils/hadoop_site.py: only the values asked for change in somebody else's hdfs-site.xml."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
ONE = "<property><name>a</name><value>1</value></property>"
WANTED = {"dfs.webhdfs.enabled": True, "dfs.namenode.http-address": "0.0.0.0:9870"}

COURSE = """<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="configuration.xsl"?>
<!-- Clúster del curs: no tocau res! <property><name>dfs.webhdfs.enabled</name></property> -->
<configuration>

\t<property>
\t\t<name>dfs.replication</name>
\t\t<value>2</value>   <!-- dos DataNodes -->
\t\t<description>còpies &amp; més</description>
\t</property>

\t<property><name>dfs.namenode.name.dir</name><value>file:///home/hadoop/nn</value><final>true</final></property>
</configuration>
<!-- fi -->
"""


def load() -> ModuleType:
    """The module under test, by path: it lives where Ansible looks for it, not in a package."""
    spec = importlib.util.spec_from_file_location("hadoop_site", ROOT / "plugins/module_utils/hadoop_site.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["hadoop_site"] = module
    spec.loader.exec_module(module)
    return module


hadoop_site = load()


def edit(text: str) -> str:
    """The file after the notes' two properties were asked for."""
    return hadoop_site.edit(text.encode(), WANTED).decode()


def values(text: str) -> dict[str, str]:
    """Effective values by name."""
    site = hadoop_site.parse(text.encode())
    return {item.name: site.effective(item.name).value.strip() for item in site.properties}


def site(inner: str) -> str:
    """A small file with `inner` as its properties."""
    return f"<configuration>\n{inner}\n</configuration>\n"


def test_added_after_the_last_property_in_its_style() -> None:
    after = edit(COURSE)
    added = (
        "\n\t<property>\n\t\t<name>dfs.webhdfs.enabled</name>\n\t\t<value>true</value>\n\t</property>"
        "\n\t<property>\n\t\t<name>dfs.namenode.http-address</name>\n\t\t<value>0.0.0.0:9870</value>\n\t</property>"
    )
    # The last property stands in one line, so children are indented twice as far as it is.
    assert after.replace(added, "") == COURSE
    assert values(after)["dfs.webhdfs.enabled"] == "true"


def test_twice_is_once() -> None:
    after = edit(COURSE)
    assert edit(after) == after


def test_a_wrong_value_changes_and_nothing_else() -> None:
    before = site(
        "  <property>\n    <name> dfs.webhdfs.enabled </name>\n"
        "    <!-- off! --> <value>false</value>\n  </property>\n"
        "  <property><name>dfs.namenode.http-address</name><value>0.0.0.0:9870</value></property>"
    )
    assert edit(before) == before.replace("<value>false<", "<value>true<")


def test_blanks_around_a_right_value_are_no_change() -> None:
    before = site(
        "<property><name>dfs.webhdfs.enabled</name><value>\n true </value></property>"
        "<property><name>dfs.namenode.http-address</name><value>0.0.0.0:9870</value></property>"
    )
    assert edit(before) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<property><name>a</name><value/></property>", ONE),
        ("<property><name>a</name></property>", ONE),
        ("<property><name>a</name><value><![CDATA[0]]></value></property>", ONE),
        ("<property><name>a</name><value>0<!-- 2 --></value></property>", ONE),
        (
            "<property><value>0</value><name>a</name></property>",
            "<property><value>1</value><name>a</name></property>",
        ),
        ("<property value='0' name='a'/>", "<property value='1' name='a'/>"),
        ('<property name="a" value=">0" ></property>', '<property name="a" value="1" ></property>'),
    ],
)
def test_forms_of_a_property(before: str, after: str) -> None:
    assert hadoop_site.edit(site(before).encode(), {"a": 1}).decode() == site(after)


def test_of_two_the_last_one_changes() -> None:
    one = "<property><name>a</name><value>{}</value></property>"
    before = site(one.format("x") + one.format("y"))
    assert hadoop_site.edit(before.encode(), {"a": "z"}).decode() == site(one.format("x") + one.format("z"))


def test_of_two_a_final_one_changes() -> None:
    final = "<property><name>a</name><value>{}</value><final>true</final></property>"
    other = "<property><name>a</name><value>y</value></property>"
    before = site(final.format("x") + other)
    assert hadoop_site.edit(before.encode(), {"a": "z"}).decode() == site(final.format("z") + other)


def test_a_comment_that_looks_like_a_property_is_left_alone() -> None:
    before = site("<!-- <property><name>a</name><value>0</value></property> -->")
    after = hadoop_site.edit(before.encode(), {"a": 1}).decode()
    assert "<!-- <property><name>a</name><value>0</value></property> -->" in after
    assert values(after) == {"a": "1"}


@pytest.mark.parametrize(
    "empty", ["<configuration/>", "<configuration></configuration>", "<configuration>\n</configuration>"]
)
def test_a_file_without_properties(empty: str) -> None:
    after = hadoop_site.edit(empty.encode(), {"a": 1}).decode()
    assert after == site("  <property>\n    <name>a</name>\n    <value>1</value>\n  </property>").rstrip()


def test_line_ends_of_windows_are_kept() -> None:
    before = COURSE.replace("\n", "\r\n")
    assert "\n" not in hadoop_site.edit(before.encode(), WANTED).decode().replace("\r\n", "")


def test_latin_1_is_kept() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<configuration>\n<!-- clúster -->\n</configuration>\n'
    before = text.encode("latin-1")
    after = hadoop_site.edit(before, {"a": "é<"})
    assert "<!-- clúster -->".encode("latin-1") in after
    assert b"<value>&#233;&lt;</value>" in after


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("", "no element found"),
        ("<configuration><property></configuration>", "mismatched tag in line 1"),
        ("hello", "syntax error"),
        ("<project/>", "<project>, not <configuration>"),
    ],
)
def test_bad_files_are_refused_in_one_line(bad: str, message: str) -> None:
    with pytest.raises(hadoop_site.SiteError) as error:
        hadoop_site.edit(bad.encode(), WANTED)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_utf_16_is_refused() -> None:
    with pytest.raises(hadoop_site.SiteError, match="UTF-16"):
        hadoop_site.edit(COURSE.encode("utf-16"), WANTED)


def ansible(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the module as a play would."""
    arguments = f"path={path} properties={{'a':'1'}} hint='set webhdfs_site_path'"
    command = [Path(sys.executable).with_name("ansible"), "localhost", "-i", "localhost,", "-c", "local"]
    command += [
        "-e",
        f"ansible_python_interpreter={sys.executable}",
        "-m",
        "hadoop_property",
        "-a",
        arguments,
    ]
    return subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)


def test_module(tmp_path: Path) -> None:
    path = tmp_path / "hdfs-site.xml"
    path.write_text(site("<property><name>a</name><value>0</value></property>"))
    path.chmod(0o640)
    before = path.read_text()

    dry = ansible(path, "--check", "--diff")
    assert "<value>1</value>" in dry.stdout, dry.stdout
    assert path.read_text() == before

    wet = ansible(path)
    assert "CHANGED" in wet.stdout, wet.stdout
    assert path.read_text() == before.replace(">0<", ">1<")
    assert path.stat().st_mode & 0o777 == 0o640
    backups = [item for item in tmp_path.iterdir() if item != path]
    assert [item.read_text() for item in backups] == [before]

    again = ansible(path)
    assert "SUCCESS" in again.stdout, again.stdout
    assert len(list(tmp_path.iterdir())) == 2


def test_module_names_a_missing_file(tmp_path: Path) -> None:
    answer = ansible(tmp_path / "hdfs-site.xml")
    assert answer.returncode != 0
    assert "hdfs-site.xml: No such file or directory; set webhdfs_site_path" in answer.stdout + answer.stderr
