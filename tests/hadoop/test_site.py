"""plugins/module_utils/hadoop/site.py: only the values asked for change in somebody else's hdfs-site.xml."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.streaming.lab.plugins.module_utils.hadoop import site as hadoop_site

ROOT = Path(__file__).resolve().parents[2]
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


def edit(text: str) -> str:
    """The file after the notes' two properties were asked for."""
    return hadoop_site.edit(text.encode(), WANTED).decode()


def values(text: str) -> dict[str, str]:
    """Effective values by name."""
    return hadoop_site.values_of(text.encode())


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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252", "gb18030"])
def test_another_encoding_is_kept(encoding: str) -> None:
    name = encoding.removesuffix("-sig")
    before = COURSE.replace('encoding="UTF-8"', f'encoding="{name}"').encode(encoding)
    after = hadoop_site.edit(before, WANTED)
    assert hadoop_site.values_of(after)["dfs.webhdfs.enabled"] == "true"
    assert hadoop_site.edit(after, dict.fromkeys(reversed(WANTED))) == before


def test_a_file_in_another_encoding_than_it_names_is_refused() -> None:
    bad = COURSE.encode("iso-8859-1")
    with pytest.raises(hadoop_site.SiteError, match="is not written in the encoding UTF-8 that it names"):
        hadoop_site.edit(bad, WANTED)


INCLUDE = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{}"/>'


@pytest.mark.parametrize("how", ["more.xml", "{folder}/more.xml", "file://{folder}/more.xml"])
def test_an_included_value_counts(tmp_path: Path, how: str) -> None:
    (tmp_path / "more.xml").write_text(site(ONE))
    before = site(INCLUDE.format(how.format(folder=tmp_path))).encode()
    assert hadoop_site.edit(before, {"a": 1}, tmp_path) == before
    after = hadoop_site.edit(before, {"a": 2}, tmp_path)
    # Behind the include, where it counts.
    assert after.index(b"<value>2</value>") > after.index(b"include")
    assert hadoop_site.values_of(after, tmp_path) == {"a": "2"}
    assert hadoop_site.edit(after, {"a": None}, tmp_path) == before


def test_an_include_behind_a_property_overrides_it(tmp_path: Path) -> None:
    (tmp_path / "more.xml").write_text(site(ONE))
    before = site(ONE.replace("1", "0") + INCLUDE.format("more.xml")).encode()
    after = hadoop_site.edit(before, {"a": 2}, tmp_path)
    assert hadoop_site.values_of(after, tmp_path) == {"a": "2"}
    assert b"<value>0</value>" in after


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (site(ONE.replace("</property>", "<final>true</final></property>")), "property a is final in .*more.xml"),
        (None, "it includes more.xml, which is missing"),
        ("<configuration>", "it includes .*more.xml, which cannot be read: not well-formed"),
        (site(INCLUDE.format("more.xml")), "it includes .*more.xml in a circle"),
    ],
)
def test_an_include_that_cannot_be_overridden_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "more.xml").write_text(content)
    with pytest.raises(hadoop_site.SiteError, match=message):
        hadoop_site.edit(site(INCLUDE.format("more.xml")).encode(), {"a": 2}, tmp_path)


def test_the_fallback_of_a_missing_include_counts(tmp_path: Path) -> None:
    before = site(f'<include href="none.xml"><fallback>{ONE}</fallback></include>').encode()
    assert hadoop_site.edit(before, {"a": 1}, tmp_path) == before
    assert hadoop_site.values_of(hadoop_site.edit(before, {"a": 2}, tmp_path), tmp_path) == {"a": "2"}
