"""Maven gets the proxies of the environment, and keeps what the machine's settings say."""

from __future__ import annotations

from xml.etree import ElementTree

from ansible_collections.streaming.lab.plugins.module_utils.artifacts.maven_proxy import settings_with_proxies

SPACE = "{urn:settings}"
MIRROR = (
    '<settings xmlns="urn:settings">\n<!-- <proxies><proxy>example</proxy></proxies> -->'
    "<proxies></proxies><mirrors><mirror><id>school</id></mirror></mirrors>\n</settings>\n"
)


def test_without_a_proxy_nothing_is_written() -> None:
    assert settings_with_proxies({"no_proxy": "localhost"}) == ""


def test_both_protocols_with_account_and_exceptions() -> None:
    environment = {
        "http_proxy": "http://cache.example.org:3128",
        "HTTPS_PROXY": "http://to%40ni:s%26cret@cache.example.org:3129/",
        "no_proxy": "localhost,.example.org",
    }
    proxies = ElementTree.fromstring(settings_with_proxies(environment)).findall("proxies/proxy")
    found = [{element.tag: element.text for element in proxy} for proxy in proxies]
    assert found[0] == {
        "id": "environment-http",
        "active": "true",
        "protocol": "http",
        "host": "cache.example.org",
        "port": "3128",
        "nonProxyHosts": "localhost|*.example.org",
    }
    assert (found[1]["protocol"], found[1]["port"], found[1]["username"], found[1]["password"]) == (
        "https", "3129", "to@ni", "s&cret",
    )  # fmt: skip


def test_the_machines_own_settings_stay() -> None:
    root = ElementTree.fromstring(settings_with_proxies({"https_proxy": "cache:8080"}, MIRROR))
    assert root.findtext(f"{SPACE}mirrors/{SPACE}mirror/{SPACE}id") == "school"
    [proxies] = root.findall(f"{SPACE}proxies")
    assert proxies.findtext(f"{SPACE}proxy/{SPACE}host") == "cache"


def test_a_proxy_of_the_machines_settings_wins() -> None:
    own = "<settings><proxies><proxy><host>school</host></proxy></proxies></settings>"
    assert settings_with_proxies({"https_proxy": "cache:8080"}, own) == ""
