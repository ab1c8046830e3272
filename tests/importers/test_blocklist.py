"""Block lists: what counts as the same word, and which hosts are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.errors import UsageError
from collector.http.blocklist import hosts, inlined
from collector.http.safety import check_url
from collector.importers.blocklist import Terms
from collector.urls import blocked, hostname


@pytest.mark.parametrize(
    ("term", "keyword"),
    [
        ("gun", "gun"),
        ("gun", "Water GUN red"),
        ("GUN", "gun-metal"),
        ("gun", "a_gun's sound"),
        ("assault rifle", "old  assault-rifle, black"),
        ("straße", "STRASSE bei nacht"),
        ("café", "cafe\u0301 paris"),
        ("gun", "\uff27\uff35\uff2e toy"),
        ("fish", "ﬁsh"),
        ("gun", "g\u200bu\u00adn"),
        ("c++", "C++ logo"),
        ("🔫", "toy🔫red"),
        ("枪", "手枪图片"),
        ("手枪", "玩具手枪"),
        ("ปืน", "รูปปืนเก่า"),
        ("हिन्दी", "हिन्दी फ़िल्म"),
        ("2 5", "2/5"),
    ],
)
def test_a_term_is_found(term: str, keyword: str) -> None:
    assert Terms(["zebra", term]).within(keyword) == term


@pytest.mark.parametrize(
    ("term", "keyword"),
    [
        ("gun", "gunpowder"),
        ("gun", "begun"),
        ("gun", "guns"),
        ("assault rifle", "rifle assault"),
        ("assault rifle", "assault air rifle"),
        ("c++", "vitamin c"),
        ("हिन्द", "हिन्दी"),
        ("手枪", "手 弩枪"),
        ("gun", ""),
    ],
)
def test_a_term_is_not_found(term: str, keyword: str) -> None:
    assert Terms([term]).within(keyword) == ""


def test_a_file_of_terms(tmp_path: Path) -> None:
    file = tmp_path / "terms.txt"
    file.write_bytes("\ufeff# mine\r\ngun # both kinds\r\n\r\n  assault rifle \r\nc#\r\n".encode())
    terms = Terms.read(file)
    assert [terms.within(keyword) for keyword in ("a gun", "assault rifle", "both kinds", "mine")] == [
        *("gun", "assault rifle", "", "")
    ]
    assert terms.within("C sharp") == "c#", "punctuation is no word"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"cat\n...\n", "'...' has neither letter"), (b"\xff\xfe\x00", "not UTF-8"), (None, "No such file")],
)
def test_a_bad_file_of_terms_is_one_line(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    file = tmp_path / "terms.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=r"terms\.txt") as caught:
        Terms.read(file)
    assert complaint in str(caught.value)


def test_hosts_and_what_is_below_them(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text(
        "# from somewhere\n0.0.0.0 ads.example\n*.tracker.example\nbücher.example\n203.0.113.9\n::1\n[2001:db8::1]\n"
    )
    listed = hosts(f"@{file}")
    assert listed == hosts(inlined(f"@{file}"))
    names = ("ads.example", "x.y.ads.example", "tracker.example", "xn--bcher-kva.example", "203.0.113.9", "2001:db8::1")
    assert all(blocked(name, listed) for name in names)
    assert blocked("a.ads.example", listed) == "ads.example"
    assert not any(blocked(name, listed) for name in ("badads.example", "example", "ads.example.org", ""))
    assert hosts("") == frozenset()
    assert hosts(" A.example , b.example.,") == {"a.example", "b.example"}


def test_a_hosts_file_as_people_share_them(tmp_path: Path) -> None:
    """With tabs, several names in a line, and the lines that each of them begins with."""
    file = tmp_path / "hosts"
    file.write_text(
        "127.0.0.1 localhost\n255.255.255.255\tbroadcasthost\n::1 ip6-loopback\nfe80::1%lo0 localhost\n"
        "ff02::1 ip6-allnodes\n0.0.0.0 0.0.0.0\n0.0.0.0\tads.example # why\n127.0.0.1  a.example  b.example\n"
    )
    assert hosts(f"@{file}") == {"0.0.0.0", "ads.example", "a.example", "b.example"}
    file.write_text("c.example\n")
    assert hosts(f"@{file}") == {"c.example"}, "a file that has changed is read anew"


def test_an_international_name_is_that_of_the_url_that_is_asked() -> None:
    for name in ("straße.example", "BÜCHER.example", "例え.example"):
        url = check_url(f"https://{name}/a.jpg", allow_private=False)
        assert hosts(name) == {hostname(url)}


@pytest.mark.parametrize("text", ["https://a.example/", "a b", "a..b", "@/nowhere/list", "bü cher"])
def test_bad_hosts_are_one_line(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        hosts(text)
    assert len(str(caught.value).splitlines()) == 1
