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


NOW = 1_764_000_000


def edit(text: str, wanted: dict = WANTED) -> str:
    """The file after the notes' two properties, or others, were asked for."""
    return hadoop_site.edit(text.encode(), wanted, None, NOW).decode()


def undone(text: str) -> str:
    """The file after an undo."""
    return hadoop_site.take_out(text.encode()).decode()


def values(text: str) -> dict[str, str]:
    """Effective values by name."""
    return hadoop_site.values_of(text.encode())


def site(inner: str) -> str:
    """A small file with `inner` as its properties."""
    return f"<configuration>\n{inner}\n</configuration>\n"


def block(end: str = "", **properties: str) -> str:
    """The lab's block, without line ends; `end` stands in its last comment."""
    lines = "".join(f"  <property><name>{n}</name><value>{v}</value></property>" for n, v in properties.items())
    begin = f"<!-- BEGIN streaming-lab {NOW}: these properties override those above -->"
    return f"{begin}{lines}<!-- END streaming-lab{end} -->"


def test_the_properties_stand_in_one_block_before_the_end() -> None:
    after = edit(COURSE)
    added = (
        f"<!-- BEGIN streaming-lab {NOW}: these properties override those above -->\n"
        "  <property><name>dfs.webhdfs.enabled</name><value>true</value></property>\n"
        "  <property><name>dfs.namenode.http-address</name><value>0.0.0.0:9870</value></property>\n"
        "<!-- END streaming-lab -->\n"
    )
    assert after == COURSE.replace("</configuration>", f"{added}</configuration>")
    assert values(after)["dfs.webhdfs.enabled"] == "true"
    assert hadoop_site.values_of(after.encode(), own=True) == values(COURSE)


def test_twice_is_once_also_later() -> None:
    after = edit(COURSE)
    assert hadoop_site.edit(after.encode(), WANTED, None, NOW + 5).decode() == after


def test_undo_gives_the_first_bytes_back() -> None:
    assert undone(edit(COURSE)) == COURSE
    assert undone(edit(edit(COURSE), {})) == COURSE
    assert hadoop_site.without_block(edit(COURSE)) == (COURSE, NOW)


def test_a_block_without_properties_keeps_the_time_of_that_change() -> None:
    empty = hadoop_site.edit(edit(COURSE).encode(), {}, None, NOW + 5)
    assert hadoop_site.values_of(empty) == values(COURSE)
    assert hadoop_site.without_block(empty.decode()) == (COURSE, NOW + 5)
    assert hadoop_site.edit(empty, {}, None, NOW + 9) == empty
    assert edit(COURSE, {}) == COURSE


def test_a_wrong_value_is_overridden_and_stays() -> None:
    before = site(
        "  <property>\n    <name> dfs.webhdfs.enabled </name>\n"
        "    <!-- off! --> <value>false</value>\n  </property>\n"
        "  <property><name>dfs.namenode.http-address</name><value>0.0.0.0:9870</value></property>"
    )
    after = edit(before)
    assert "<value>false</value>" in after and "http-address" not in after[after.index("BEGIN") :]
    assert values(after)["dfs.webhdfs.enabled"] == "true"
    corrected = edit(after.replace("<value>false<", "<value>true<"))
    assert "webhdfs" not in corrected[corrected.index("BEGIN") :]
    assert undone(corrected) == before.replace("<value>false<", "<value>true<")


@pytest.mark.parametrize("own", ["TRUE", "True", "true"])
def test_hadoop_reads_true_in_either_case(own: str) -> None:
    before = site(f"<property><name>a</name><value>{own}</value><final>true</final></property>")
    assert edit(before, {"a": True}) == before
    with pytest.raises(hadoop_site.SiteError, match="final"):
        edit(before, {"a": False})
    if own != "true":
        with pytest.raises(hadoop_site.SiteError, match="final"):
            edit(before, {"a": "true"})


def test_blanks_around_a_right_value_are_no_change() -> None:
    before = site(
        "<property><name>dfs.webhdfs.enabled</name><value>\n true </value></property>"
        "<property><name>dfs.namenode.http-address</name><value>0.0.0.0:9870</value></property>"
    )
    assert edit(before) == before


@pytest.mark.parametrize(
    "form",
    [
        "<property><name>a</name><value/></property>",
        "<property><name>a</name></property>",
        "<property><name>a</name><value><![CDATA[0]]></value></property>",
        "<property><name>a</name><value>0<!-- 1 --></value></property>",
        "<property><value>0</value><name>a</name></property>",
        "<property value='0' name='a'/>",
        '<property name="a" value=">0" ></property>',
        "<property><name>a</name><value>1</value></property><property><name>a</name><value>0</value></property>",
    ],
)
def test_forms_of_a_property(form: str) -> None:
    before = site(form)
    assert values(before)["a"] in ("", "0", ">0")
    after = edit(before, {"a": 1})
    assert values(after) == {"a": "1"}
    assert undone(after) == before


def test_a_final_property_with_another_value_is_refused() -> None:
    final = "<property><name>a</name><value>x</value><final>true</final></property>"
    other = "<property><name>a</name><value>y</value></property>"
    assert values(site(final + other)) == {"a": "x"}
    with pytest.raises(hadoop_site.SiteError, match=r"property a is final in the file \(x\); set it to z there"):
        edit(site(final + other), {"a": "z"})
    assert edit(site(final), {"a": "x"}) == site(final)


def test_a_comment_that_looks_like_a_property_or_an_end_is_left_alone() -> None:
    before = site("<!-- <property><name>a</name><value>1</value></property> -->") + "<!-- </configuration> -->\n"
    after = edit(before, {"a": 1})
    assert after.index("END streaming-lab") < after.index("</configuration>")
    assert values(after) == {"a": "1"}
    assert undone(after) == before


@pytest.mark.parametrize(
    ("empty", "after"),
    [
        ("<configuration/>", f"<configuration>{block(' of an empty file', a='1')}</configuration>"),
        ("<configuration />", f"<configuration >{block(' of an empty file', a='1')}</configuration>"),
        ("<configuration></configuration>", f"<configuration>{block(a='1')}</configuration>"),
        (f"<configuration>{ONE}</configuration >", f"<configuration>{ONE}</configuration >"),
    ],
)
def test_a_file_in_one_line(empty: str, after: str) -> None:
    assert edit(empty, {"a": 1}) == after
    assert values(after)["a"] == "1"
    assert undone(after) == empty


def test_undo_of_an_empty_file_keeps_what_was_added_since() -> None:
    after = edit("<configuration/>", {"a": 1}).replace("</configuration>", f"{ONE}</configuration>")
    assert undone(after) == f"<configuration>{ONE}</configuration>"


def test_an_indented_end_and_line_ends_of_windows_are_kept() -> None:
    before = COURSE.replace("</configuration>", " \t</configuration>").replace("\n", "\r\n")
    after = edit(before)
    assert "\n" not in after.replace("\r\n", "")
    assert "<!-- END streaming-lab -->\r\n \t</configuration>\r\n" in after
    assert undone(after) == before


def test_latin_1_is_kept() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<configuration>\n<!-- clúster -->\n</configuration>\n'
    after = hadoop_site.edit(text.encode("latin-1"), {"a": "é<"}, None, NOW)
    assert "<!-- clúster -->".encode("latin-1") in after
    assert b"<value>&#233;&lt;</value>" in after
    assert hadoop_site.values_of(after) == {"a": "é<"}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("", "no element found"),
        ("<configuration><property></configuration>", "mismatched tag in line 1"),
        ("hello", "syntax error"),
        ("<project/>", "<project>, not <configuration>"),
        ('<c:configuration xmlns:c="u"></c:configuration>', "has a prefix"),
    ],
)
def test_bad_files_are_refused_in_one_line(bad: str, message: str) -> None:
    with pytest.raises(hadoop_site.SiteError) as error:
        edit(bad)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252", "gb18030"])
def test_another_encoding_is_kept(encoding: str) -> None:
    name = encoding.removesuffix("-sig")
    before = COURSE.replace('encoding="UTF-8"', f'encoding="{name}"').encode(encoding)
    after = hadoop_site.edit(before, WANTED, None, NOW)
    assert hadoop_site.values_of(after)["dfs.webhdfs.enabled"] == "true"
    assert hadoop_site.take_out(after) == before


def test_a_file_in_another_encoding_than_it_names_is_refused() -> None:
    bad = COURSE.encode("iso-8859-1")
    with pytest.raises(hadoop_site.SiteError, match="is not written in the encoding UTF-8 that it names"):
        hadoop_site.edit(bad, WANTED, None, NOW)


INCLUDE = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{}"/>'


@pytest.mark.parametrize("how", ["more.xml", "{folder}/more.xml", "file://{folder}/more.xml"])
def test_an_included_value_counts(tmp_path: Path, how: str) -> None:
    (tmp_path / "more.xml").write_text(site(ONE))
    before = site(INCLUDE.format(how.format(folder=tmp_path))).encode()
    assert hadoop_site.edit(before, {"a": 1}, tmp_path, NOW) == before
    after = hadoop_site.edit(before, {"a": 2}, tmp_path, NOW)
    # Behind the include, where it counts.
    assert after.index(b"<value>2</value>") > after.index(b"include")
    assert hadoop_site.values_of(after, tmp_path) == {"a": "2"}
    assert hadoop_site.take_out(after) == before


def test_an_include_behind_a_property_overrides_it(tmp_path: Path) -> None:
    (tmp_path / "more.xml").write_text(site(ONE))
    before = site(ONE.replace("1", "0") + INCLUDE.format("more.xml")).encode()
    assert hadoop_site.values_of(before, tmp_path) == {"a": "1"}
    after = hadoop_site.edit(before, {"a": 2}, tmp_path, NOW)
    assert hadoop_site.values_of(after, tmp_path) == {"a": "2"}


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
        hadoop_site.edit(site(INCLUDE.format("more.xml")).encode(), {"a": 2}, tmp_path, NOW)


def test_the_fallback_of_a_missing_include_counts(tmp_path: Path) -> None:
    before = site(f'<include href="none.xml"><fallback>{ONE}</fallback></include>').encode()
    assert hadoop_site.edit(before, {"a": 1}, tmp_path, NOW) == before
    after = hadoop_site.edit(before, {"a": 2}, tmp_path, NOW)
    assert hadoop_site.values_of(after, tmp_path) == {"a": "2"}
