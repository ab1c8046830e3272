"""Names on disk and URL keys: the hostile keywords and URLs that other tools fell over, and properties for the rest."""

from __future__ import annotations

import base64
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.ledger.layout import FILE_NAME, FOLDER_BYTES, Folders, file_name, folder_name
from collector.model import Media, Picture
from collector.urls import url_key

AWKWARD = st.text(st.one_of(st.characters(), st.sampled_from('./\\:*?"<>|~- \u200b\u202eé\u0301ßıİKCONnul\n\t')))


# --------------------------------------------------------------------------- folders


@pytest.mark.parametrize(
    "label",
    [
        "cat",
        "husky dog",
        "Zürich",
        "猫",
        "\U0001f431",
        "%2e%2e%2f",
        "{0}",
        "${HOME}",
        "$(id)",
        "it's",
        "cat&tbs=isz#x",
        "CONcert",
        "a.b",
        "x" * 80,
    ],
)
def test_a_safe_label_is_its_own_folder(label: str) -> None:
    assert folder_name(label, []) == label


@pytest.mark.parametrize(
    ("label", "slug"),
    [
        ("../../etc", "etc"),
        ("/etc/passwd", "etc_passwd"),
        ("C:\\Windows\\x", "C_Windows_x"),
        ("\\\\server\\share", "server_share"),
        ("..", "class"),
        (".", "class"),
        ("", "class"),
        ("\u200b", "class"),
        ("CON", "CON"),
        ("nul.txt", "nul_txt"),
        ("COM¹", "COM¹"),
        ("conin$", "conin$"),
        ("aux ", "aux"),
        ("trailing...", "trailing"),
        ("-rf", "rf"),
        ("--help", "help"),
        (".git", "git"),
        ("~", "class"),
        ("a\nb", "a_b"),
        ("\u202egpj.tac", "gpj.tac"),
        ("👨\u200d👩", "👨👩"),
        ("<script>alert(1)</script>", "script_alert(1)_script"),
        ('=HYPERLINK("http://x")', "=HYPERLINK(_http_x_)"),
        ("collector.db", "collector_db"),
        ("urls.json", "urls_json"),
        ("\u0301x", "x"),
        ("\ud800cat", "cat"),
        ("a" * 300, "a" * 71),
        ("\U0001f431" * 70, "\U0001f431" * 17),
    ],
)
def test_an_unsafe_label_gets_a_readable_slug_and_a_hash(label: str, slug: str) -> None:
    name, _, digest = folder_name(label, []).rpartition("-")
    assert name == slug
    assert len(digest) == 8
    assert int(digest, 16) >= 0


def test_labels_that_some_file_system_confuses_get_folders_of_their_own() -> None:
    taken = Folders()
    for label in ["Cat", "cat", "CAT", "a/b", "a\\b", "a_b", "ﬁsh", "fish", "straße", "STRASSE", "ı", "i"]:
        name = folder_name(label, taken)
        assert name not in taken
        taken.add(name)
    assert len(taken) == 12


def test_both_normal_forms_of_a_label_are_one_folder() -> None:
    assert folder_name("cafe\u0301", []) == folder_name("caf\u00e9", []) == "caf\u00e9"
    assert folder_name("caf\u00e9", ["cafe\u0301"]) != "caf\u00e9"


def test_a_label_that_looks_like_anothers_slug_does_not_take_its_place() -> None:
    first = folder_name("a/b", [])
    second = folder_name(first, [first])
    third = folder_name("a/b", [first, second])
    assert len({first, second, third}) == 3
    assert third.startswith(first), "the same hash, with more digits"


def test_folders_can_be_counted_and_listed() -> None:
    folders = Folders(["Cat", "cat", "dog"])
    assert list(folders) == ["Cat", "dog"]
    assert len(folders) == 2
    assert "DOG" in folders


@given(AWKWARD, st.lists(AWKWARD, max_size=3))
def test_a_folder_name_is_always_safe_unique_and_stable(label: str, others: list[str]) -> None:
    taken = Folders(folder_name(other, []) for other in others)
    name = folder_name(label, taken)
    assert name == folder_name(label, list(taken))
    assert name not in taken
    assert 0 < len(name.encode()) <= FOLDER_BYTES
    assert name == unicodedata.normalize("NFC", name)
    assert name[0] not in ".-~ "
    assert name[-1] not in ". "
    assert not set(name) & set('<>:"/\\|?*\u200b\u202e\n\t\0')
    assert name.partition(".")[0].rstrip().upper() not in {"CON", "NUL", "AUX", "PRN", "COM1", "LPT9"}


@given(AWKWARD)
def test_a_folder_can_really_be_made(tmp_path_factory: pytest.TempPathFactory, label: str) -> None:
    root = tmp_path_factory.mktemp("root")
    folder = root / folder_name(label, [])
    folder.mkdir()
    assert folder.resolve().parent == root.resolve()


def test_a_file_is_named_after_its_content() -> None:
    picture = Picture(sha256="ab" * 32, format="JPEG", extension="jpg", width=1, height=1, bytes=1)
    assert Path(file_name(picture)) == Path("ab" * 16 + ".jpg")


# --------------------------------------------------------------------------- URL keys


@pytest.mark.parametrize(
    "spelling",
    [
        "http://example.com/~a/b?x=1&y=2",
        "HTTP://EXAMPLE.com:80/~a/b?x=1&y=2#top",
        " http://example.com/%7ea/b?x=1&y=2\n",
        "http://example.com/%7Ea/./c/../b?x=1&y=2",
        "http://example.com/%7Ea/%2e/b?x=1&y=2#",
    ],
)
def test_spellings_of_one_url_have_one_key(spelling: str) -> None:
    assert url_key(spelling) == "http://example.com/~a/b?x=1&y=2"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://a.example", "https://a.example/"),
        ("https://a.example:443?q", "https://a.example/?q"),
        ("https://a.example:8443/", "https://a.example:8443/"),
        ("http://a.example:443/", "http://a.example:443/"),
        ("http://a.example:/", "http://a.example/"),
        ("http://a/%2f%3a", "http://a/%2F%3A"),
        ("http://a/ü 猫", "http://a/%C3%BC%20%E7%8C%AB"),
        ("http://a/%c3%bc", "http://a/%C3%BC"),
        ("http://a/100%", "http://a/100%"),
        ("http://a/b/..", "http://a/"),
        ("http://a/../../b", "http://a/b"),
        ("http://a/b//c", "http://a/b//c"),
        ("http://Bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("http://User:P%41@a/", "http://User:PA@a/"),
        ("http://аpple.example/", "http://xn--pple-43d.example/"),
        ("ftp://A/b", "ftp://A/b"),
        ("http://", "http://"),
        ("http:///x", "http:///x"),
        ("http://a:99999/", "http://a:99999/"),
        ("http://[oops/", "http://[oops/"),
        ("http://example.com\\@127.0.0.1/", "http://example.com\\@127.0.0.1/"),
        ("", ""),
    ],
)
def test_url_keys(url: str, key: str) -> None:
    assert url_key(url) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a/?x=1&y=2", "http://a/?y=2&x=1"),
        ("http://a/B", "http://a/b"),
        ("http://a/", "https://a/"),
        ("http://a/b", "http://a/b/"),
        ("http://a/%2F", "http://a//"),
        ("http://straße.example/", "http://strasse.example/"),
        ("data:,a", "data:,b"),
        ("data:", "data:,"),
    ],
)
def test_different_urls_have_different_keys(one: str, other: str) -> None:
    assert url_key(one) != url_key(other)


def test_a_data_url_is_known_by_its_bytes() -> None:
    packed = base64.b64encode(b"\xff\xfe>>picture??").decode()
    spellings = [
        f"data:image/png;base64,{packed}",
        f"DATA:image/webp;name=x;BASE64,{packed.rstrip('=')}",
        "data:;base64," + packed.replace("+", "-").replace("/", "_"),
        "data:;base64," + packed.replace("+", "%2B").replace("=", "%3D"),
        "data:;base64," + packed[:5] + "\n " + packed[5:],
        "data:application/octet-stream,%FF%FE%3E%3Epicture%3F%3F",
    ]
    keys = {url_key(spelling) for spelling in spellings}
    assert len(keys) == 1
    (key,) = keys
    assert key.startswith("data:sha256:")
    assert url_key(key) == key


def test_a_broken_data_url_still_has_a_key() -> None:
    assert url_key("data:image/png;base64,!!!!").startswith("data:sha256:")


def test_a_key_stays_short_and_can_be_stored() -> None:
    long = url_key("http://a/" + "x" * 10_000)
    assert long.startswith("text:sha256:")
    assert len(long) < 100
    assert url_key("http://a/" + "x" * 10_001) != long
    assert url_key("http://a/\ud800").encode()


@given(st.one_of(AWKWARD, st.text().map("http://a.example/".__add__), st.text().map("http://".__add__)))
def test_a_key_never_raises_and_is_its_own_key(text: str) -> None:
    key = url_key(text)
    assert key.encode() is not None
    assert url_key(key) == key


@pytest.mark.parametrize(
    ("extension", "end"),
    [
        *((given, given) for given in ("mp4", "webm", "mov", "tif", "7z", "sketch")),
        *((given, "bin") for given in ("../x", "", "tar.gz", "a b", "x" * 11, "jp\u0000g")),
        ("ZIP", "zip"),
    ],
)
def test_names_of_videos_and_files_are_ours_and_stay_inside(extension: str, end: str) -> None:
    name = file_name(Picture("ab" * 32, "FILE", extension, 0, 0, 9, media=Media.FILE))
    assert name == f"{'ab' * 16}.{end}"
    assert FILE_NAME.fullmatch(name)
