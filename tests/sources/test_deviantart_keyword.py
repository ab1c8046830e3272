"""Keywords of DeviantArt: every spelling of an address means what it shows."""

from __future__ import annotations

import pytest

from collector.sources import deviantart
from collector.sources.deviantart.keyword import Asked, What, parse, work_id


@pytest.mark.parametrize(
    ("keyword", "asked"),
    [
        ("ann", Asked(What.GALLERY, "ann")),
        ("www.deviantart.com/ann", Asked(What.GALLERY, "ann")),
        ("https://www.deviantart.com/ann/", Asked(What.GALLERY, "ann")),
        ("ann.deviantart.com", Asked(What.GALLERY, "ann")),
        ("http://ann.deviantart.com/gallery/?catpath=/", Asked(What.GALLERY, "ann")),
        ("https://www.deviantart.com/ann/gallery", Asked(What.GALLERY, "ann")),
        ("https://www.deviantart.com/ann/gallery/all", Asked(What.GALLERY, "ann")),
        ("https://www.deviantart.com/ann/gallery/12345/towers", Asked(What.FOLDER, "ann", 12345)),
        ("ann/gallery", Asked(What.GALLERY, "ann")),
        ("ann/gallery/12345", Asked(What.FOLDER, "ann", 12345)),
        ("ann/scraps", Asked(What.SCRAPS, "ann")),
        ("https://www.deviantart.com/ann/gallery/scraps", Asked(What.SCRAPS, "ann")),
        ("https://ann.deviantart.com/gallery/?catpath=scraps", Asked(What.SCRAPS, "ann")),
        ("ann/favourites", Asked(What.FAVOURITES, "ann")),
        ("https://www.deviantart.com/ann/favourites/777/best", Asked(What.COLLECTION, "ann", 777)),
        ("tag:fantasy", Asked(What.TAG, "fantasy")),
        ("tag:#fantasy", Asked(What.TAG, "fantasy")),
        ("https://www.deviantart.com/tag/fantasy?cursor=x", Asked(What.TAG, "fantasy")),
        (
            "https://www.deviantart.com/tag/fantasy?order=popular-all-time",
            Asked(What.TAG, "fantasy", order="popular-all-time"),
        ),
        ("https://www.deviantart.com/ann/gallery?q=dragon", Asked(What.WITHIN, "ann", words="dragon")),
        ("ann/gallery?q=red+dragon", Asked(What.WITHIN, "ann", words="red dragon")),
        (
            "HTTPS://WWW.DeviantArt.com/ann/gallery/all?q=dragon&sort=popular",
            Asked(What.WITHIN, "ann", words="dragon", order="popular-all-time"),
        ),
        ("https://www.deviantart.com/ann/gallery/all?order=newest", Asked(What.GALLERY, "ann", order="newest")),
        ("https://www.deviantart.com/daily-deviations", Asked(What.DAILY)),
        ("https://www.deviantart.com/daily-deviations?date=2024-05-18", Asked(What.DAILY, "2024-05-18")),
        ("daily:2024-05-18", Asked(What.DAILY, "2024-05-18")),
        ("daily-deviations", Asked(What.DAILY)),
        ("https://www.deviantart.com/", Asked(What.HOME)),
        ("home", Asked(What.HOME)),
        ("https://sta.sh/0abc2", Asked(What.STASH, "0abc2")),
        ("sta.sh/21jf51j7pzl2?edit=1", Asked(What.STASH, "21jf51j7pzl2")),
        ("https://www.deviantart.com/stash/022c83odnaxc", Asked(What.STASH, "022c83odnaxc")),
        ("http://www.deviantart.com/view-full.php?id=100842", Asked(What.WORK, id=100842)),
        ("//www.deviantart.com/ann/art/985226590", Asked(What.WORK, "ann", 985226590)),
        ("search: old tower ", Asked(What.SEARCH, "old tower")),
        ("https://www.deviantart.com/search?q=old+tower", Asked(What.SEARCH, "old tower")),
        ("https://www.deviantart.com/ann/art/Tower-900000001", Asked(What.WORK, "ann", 900000001)),
        ("https://ann.deviantart.com/art/Tower-of-2-900000001", Asked(What.WORK, "ann", 900000001)),
        ("https://www.deviantart.com/deviation/900000001", Asked(What.WORK, id=900000001)),
        ("https://www.deviantart.com/view/900000001", Asked(What.WORK, id=900000001)),
        ("https://www.deviantart.com/view.php?id=900000001", Asked(What.WORK, id=900000001)),
        ("https://fav.me/devu2c1", Asked(What.WORK, id=int("evu2c1", 36))),
        ("fav.me/devu2c1", Asked(What.WORK, id=int("evu2c1", 36))),
        (
            "https://img00.deviantart.net/ab12/i/2012/1/2/3/tower_by_ann-d4xyz12.jpg",
            Asked(What.WORK, id=int("4xyz12", 36)),
        ),
        (
            "https://images-wixmp-ed30.wixmp.com/f/1111-uuid/devu2c1-2222.jpg/v1/fill/w_1,h_1/tower_by_ann_devu2c1-fullview.jpg",
            Asked(What.WORK, id=int("evu2c1", 36)),
        ),
    ],
)
def test_every_form_is_understood(keyword: str, asked: Asked) -> None:
    assert parse(keyword) == asked
    assert deviantart.validate_keyword(keyword) is None


@pytest.mark.parametrize(
    "keyword",
    [
        "red dragon",
        "tag:",
        "search: ",
        "https://example.com/ann",
        "https://notdeviantart.com/ann",
        "ann/journal/1",
        "https://www.deviantart.com/popular",
        "https://sta.sh/",
        "https://www.fxdeviantart.com/ann",
        "https://deviantart.com.evil.example/ann",
        "deviantart.com./ann/x",
        "file:///ann",
        "http://[::1/ann",
        "daily:yesterday",
        "https://img00.deviantart.net/tower.jpg",
        "ann/gallery/towers",
    ],
)
def test_what_cannot_be_meant_is_a_fault_in_one_line(keyword: str) -> None:
    fault = deviantart.validate_keyword(keyword)
    assert fault
    assert "\n" not in fault


def test_a_folder_per_artist_tag_or_search() -> None:
    assert deviantart.default_label("https://www.deviantart.com/ann/gallery/12345/towers") == "ann"
    assert deviantart.default_label("ann/scraps") == "ann"
    assert deviantart.default_label("tag:fantasy") == "fantasy"
    assert deviantart.default_label("fav.me/devu2c1") == "deviantart"


def test_a_work_is_named_by_number_or_address() -> None:
    assert work_id("900000001") == work_id("https://www.deviantart.com/ann/art/Tower-900000001") == 900000001
    assert work_id("ann") == work_id("red dragon") == 0


@pytest.mark.parametrize(
    ("keyword", "says"),
    [
        ("https://www.deviantart.com/ann/gallery/12345/x?q=dragon", "words (q=)"),
        ("https://www.deviantart.com/ann/favourites?q=dragon", "search:WORDS"),
        ("https://www.deviantart.com/tag/fantasy?order=best", "no order 'best'"),
        ("https://www.deviantart.com/ann/gallery?order=popular", "order=popular is for tags"),
        ("https://www.deviantart.com/popular/deviations", "is none of"),
    ],
)
def test_addresses_of_what_cannot_be_asked_for_are_refused_by_name(keyword: str, says: str) -> None:
    assert says in (deviantart.validate_keyword(keyword) or "")
