"""Pasted addresses: a result page is the search that it shows, and what looks like an address is never words."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from collector import sources
from collector.model import Query
from collector.sources import bing, duckduckgo, flickr, imgur, openverse, pasted
from collector.sources.filter_table import FilterTable
from collector.sources.google import filters as google
from collector.sources.imgur.keyword import understand

G, B, D = "https://www.google.com/search?", "https://www.bing.com/images/search?", "https://duckduckgo.com/?"
F, V = "https://www.flickr.com/search/?", "https://openverse.org/search/image?"


def read(address: str, named: str = "", **own: str) -> tuple[str, str, dict[str, str]]:
    words, names, found = sources.as_search(address, tuple(filter(None, (named,))), ("google",), own)
    for name in names:
        sources.check_filters(name, found)
    return "+".join(names), words, found


@pytest.mark.parametrize(
    ("address", "source", "words", "filters"),
    [
        (f"{G}q=red+fox&udm=2", "google", "red fox", ""),
        (f"{G}q=cat&tbm=isch&tbs=isz:l,ic:specific,isc:red,itp:photo,sur:cl", "google", "cat",
         "size=large color=red type=photo rights=creative-commons"),
        (f"{G}q=cat&udm=2&tbs=isz%3Aex%2Ciszw%3A1024%2Ciszh%3A768", "google", "cat", "size=1024x768"),
        (f"{G}q=cat&udm=2&tbs=isz:lt,islt:2mp,iar:w,ift:png", "google", "cat",
         "size=over-2mp aspect=wide extension=png"),
        (f"{G}q=cat&tbs=cdr:1,cd_min:1/5/2020,cd_max:12/31/2021,itp:face", "google", "cat",
         "time=2020-01-05..2021-12-31 type=face"),
        (f"{G}as_st=y&as_q=cat&as_epq=red+fox&as_oq=a+b&as_eq=dog&imgsz=l&imgar=w&imgcolor=red&imgtype=photo"
         "&cr=countryDE&as_sitesearch=example.org&safe=images&as_filetype=jpg&tbm=isch&as_qdr=all", "google",
         'cat "red fox" (a OR b)',
         "size=large aspect=wide color=red type=photo region=DE site=example.org safe=blur extension=jpg exclude=dog"),
        (f"{G}as_epq=red+fox&imgsz=vga&udm=2", "google", '"red fox"', "size=over-vga"),
        (f"{G}q=cat&udm=2&sca_esv=1a&sxsrf=ADL:17&ei=Zx&ved=0ahUK&uact=5&oq=cat&gs_lp=Eg&sclient=img&biw=1&bih=2&dpr=1.25"
         "&hl=en&source=lnms&sa=X&rlz=1C1&fbs=AB&start=20#imgrc=abc&vhid=1", "google", "cat", ""),
        ("google.de/search?q=Katze&tbm=isch&lr=lang_de", "google", "Katze", "language=de"),
        ("HTTPS://WWW.GOOGLE.CO.UK/search?q=cat&udm=2", "google", "cat", ""),
        ("https://images.google.com.au/images?q=cat", "google", "cat", ""),
        ("https://www.google.com./search?q=cat", "google", "cat", ""),
        ("https://www.google.fr/#q=chat&tbm=isch", "google", "chat", ""),
        ("https://consent.google.com/m?continue=https://www.google.com/search%3Fq%3Dcat%26udm%3D2%26tbs%3Disz:m&gl=DE",
         "google", "cat", "size=medium"),
        ("https://www.google.com/sorry/index?continue=https://www.google.com/search%3Fq%3Dcat%26udm%3D2&q=EgQ",
         "google", "cat", ""),
        (f"{B}q=cat&qft=+filterui:imagesize-large+filterui:color2-FGcls_RED+filterui:photo-photo&form=IRFLTR&first=1",
         "bing", "cat", "size=large color=red type=photo"),
        (f"{B}q=cat&qft=%2Bfilterui%3Aaspect-wide%2Bfilterui%3Alicense-L2_L3%2Bfilterui%3Aage-lt10080", "bing", "cat",
         "aspect=wide rights=commercial-modification time=week"),
        (f"{B}q=cat&qft=+filterui:imagesize-custom_640_480+filterui:face-portrait&safesearch=off&cvid=A", "bing", "cat",
         "size=over-640x480 people=portrait safe=off"),
        ("cn.bing.com/images/search?q=cat&FORM=HDRSC2", "bing", "cat", ""),
        (f"{D}q=cat&t=h_&iar=images&iax=images&ia=images&iaf=size%3ALarge%2Clicense%3AModifyCommercially%2Ccolor%3AMonochrome",
         "duckduckgo", "cat", "size=large rights=commercial-modification color=grayscale"),
        (f"{D}q=cat&iaf=layout:Wide,type:photo,time:Week&kp=-2", "duckduckgo", "cat",
         "aspect=wide type=photo time=week safe=off"),
        (f"{F}text=red%20fox&license=4%2C5%2C9%2C10&media=photos&view_all=1&advanced=1", "flickr", "red fox",
         "rights=commercial-modification"),
        (f"{F}text=cat&license=11%2C4&sort=date-posted-desc&content_types=0&safe_search=1", "flickr", "cat",
         "license=by sort=time type=photo safe=on"),
        (f"{F}text=cat&color_codes=8&orientation=landscape,panorama&dimension_search_mode=min&height=1024&width=1024",
         "flickr", "cat", "color=blue aspect=wide size=large"),
        (f"{F}q=cat&min_taken_date=1577836800&max_taken_date=1609372800&styles=blackandwhite", "flickr", "cat",
         "time=2020-01-01..2020-12-31 color=grayscale"),
        (f"{V}q=cat&license_type=modification,commercial&categories=photograph&aspect_ratio=tall&source=flickr,met",
         "openverse", "cat", "rights=commercial-modification type=photo aspect=tall provider=flickr,met"),
        (f"{V}q=cat&license=by,by-sa&includeSensitiveResults=true", "openverse", "cat", "license=by,by-sa safe=off"),
        ("https://search.naver.com/search.naver?where=image&query=%EA%B3%A0%EC%96%91%EC%9D%B4&sm=tab_jum", "naver",
         "고양이", ""),
        ("https://imgur.com/search/score/week?q_all=cat&q_type=png&q_size_px=huge&q_not=dog&qs=thumbs", "imgur",
         "q/cat", "sort=top window=week type=png size=huge exclude=dog"),
        ("https://commons.wikimedia.org/w/index.php?search=cat&title=Special:MediaSearch&type=image", "commons",
         "cat", ""),
    ],
)  # fmt: skip
def test_a_result_address_is_the_search_it_shows(address: str, source: str, words: str, filters: str) -> None:
    wanted = dict(part.split("=", 1) for part in filters.split())
    assert read(address) == (source, words, wanted)
    assert read(address, source) == (source, words, wanted)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (f"{G}udm=2", "without words (q=)"),
        (f"{G}q=cat&udm=2&tbs=rimg:CZ1", "rimg:CZ1"),
        (f"{G}q=cat&udm=2&tbs=sur:fmc", "sur:fmc"),
        (f"{G}q=cat&tbm=vid", "tbm=vid"),
        (f"{G}q=cat&udm=28", "udm=28"),
        (f"{G}q=cat&udm=2&chips=q:cat,g_1:kitten", "chips=q:cat"),
        (f"{G}q=cat&udm=2&gl=de&pws=0", "cannot be used: gl=de; set google.gl"),
        (f"{G}q=cat&as_rights=cc_publicdomain", "as_rights=cc_publicdomain"),
        (f"{B}q=cat&mkt=de-DE", "set bing.market"),
        (f"{B}q=cat&qft=+filterui:imagesize-large+filterui:new-thing", "new-thing"),
        (f"{B}q=cat&qft=+filterui:aspect-wide+filterui:aspect-tall", "aspect-wide"),
        (f"{D}q=cat&ia=videos&iax=videos", "ia=videos"),
        (f"{D}q=cat&kl=de-de", "set duckduckgo.region"),
        (f"{D}q=cat&iaf=colour:Octarine", "colour:Octarine"),
        (f"{F}text=cat&user_id=12%40N00", "user_id=12@N00"),
        (f"{F}text=cat&license=7%2C4", "license=7,4"),
        (f"{F}text=cat&color_codes=0,1", "color_codes=0,1"),
        (f"{F}text=cat&media=videos", "media=videos"),
        (f"{F}text=cat&min_taken_date=1577836800", "min_taken_date=2020-01-01"),
        (f"{V}q=cat&searchBy=creator", "searchBy=creator"),
        (f"{V}q=cat&extension=jpg,png", "extension=jpg,png"),
        ("https://imgur.com/search/relevance?q=cat", "sort=relevance"),
        ("https://search.naver.com/search.naver?where=video&query=cat", "where=video"),
        ("https://commons.wikimedia.org/w/index.php?search=cat&haslicense=attribution", "haslicense=attribution"),
    ],
)
def test_parts_that_cannot_be_used_are_refused_by_name(address: str, told: str) -> None:
    with pytest.raises(ValueError, match="address of") as refused:
        read(address)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_row_must_not_contradict_its_address() -> None:
    address = f"{B}q=cat&qft=+filterui:imagesize-large"
    assert read(address, color="red") == ("bing", "cat", {"size": "large", "color": "red"})
    with pytest.raises(ValueError, match="the address says size=large, the row size=icon"):
        read(address, size="icon")
    with pytest.raises(ValueError, match="an address of bing, in a row with the source naver"):
        read(address, "naver")
    assert read(address, "page") == ("page", address, {})
    assert sources.as_search(address, (), ("openverse", "bing"), {})[1] == ("openverse", "bing")


@pytest.mark.parametrize("name", ["google", "bing", "duckduckgo", "flickr", "openverse", "imgur"])
def test_what_is_asked_for_is_what_an_address_is_read_as(name: str) -> None:
    """Both directions of every table: the request of each value, put into an address, means that value."""
    settings = sources.defaults()[name]
    for filter, choices in sources.load(name).filters.items():
        for value in choices if isinstance(choices, tuple) else ():
            value = value.format(width=640, height=480, yyyy=2020, mm="01", dd="05", yyyy2=2021, mm2="12", dd2="31",
                                 country="DE", language="de", site="example.org", words="dog", licenses="by",
                                 providers="met")  # fmt: skip
            query = Query("cat", "cat", 1, filters=((filter, value),))
            asked = {
                "google": lambda q: google.address(q, settings),
                "bing": lambda q: B + urlencode(bing.parameters(q, settings, 1)),
                "duckduckgo": lambda q: D + urlencode(duckduckgo.parameters(q, settings, "1")),
                "flickr": lambda q: F + urlencode({**flickr.parameters(q, flickr._LICENSES), "extras": ""}),
                "openverse": lambda q: V + urlencode(openverse.parameters(q)),
                "imgur": lambda q: _imgur(q),
            }[name](query)
            if filter in ("site", "exact", "exclude", "safe", "rights", "license", "provider"):
                continue  # words of the search box, or of another form in requests
            same = {("openverse", "size", "icon"): "small"}.get((name, filter, value), value)
            assert read(asked)[2].get(filter) == same, (filter, value, asked)


def _imgur(query: Query) -> str:
    asked = imgur._ordered(understand(query.keyword), query)
    path = "/".join(filter(None, ("search", asked.sort, asked.window)))
    return f"https://imgur.com/{path}?{urlencode(imgur._parameters(asked, query))}"


ADDRESSES = """
https://example.com HTTP://EXAMPLE.COM/ hTTps://a.b/ www.example.com WWW.EXAMPLE.COM/x example.com example.com.
example.co.uk example.com:8080 example.com/cat example.com?x=1 example.com#top sub.domain.example.org/a/b.html
//example.com/x
http://[::1]/x [::1] [2001:db8::1]:80/x http://127.0.0.1:8000 192.168.0.1 10.0.0.1/x.jpg localhost:8000/x localhost/x
file:///etc/passwd file:/etc FILE:///C:/x data:image/png;base64,AAAA DATA:,x blob:https://a/1 ftp://a.b/c
view-source:http://a.b javascript:alert(1) about:blank müller.de/bild https://müller.de 例え.jp/猫 xn--mller-kva.de
пример.рф user@example.com/x
http://user:pass@example.com/ imgur.com/a/xyz?foo m.imgur.com/r/cats i.imgur.com/aB3dE5f.gifv
deviantart.com/deviation/123 fav.me/d12345 username.deviantart.com flic.kr/p/2abc
farm66.staticflickr.com/65535/5_a_b.jpg pinterest.com/pin/1
upload.wikimedia.org/wikipedia/commons/a/ab/Cat.jpg https://a.example/%20x http://a b/c
""".strip().splitlines()
WORDS = """
cat|red fox|node.js|St.Petersburg|U.S.A.|AC/DC|24/7|16:9|John3:16|and/or|Mr.Bean|3.14|v1.2|e.g.|C++|R&B
cat?|#cat|@cat|$100|"example.com"|site of example.com|example.com logo|.NET|a.k.a.|www|data: charts
file cabinet|e=mc2|-cat|cat.jpg
no.5|TCP/IP
""".strip().replace("\n", "|").split("|")  # fmt: skip


@pytest.mark.parametrize("address", [one for line in ADDRESSES[:-1] for one in line.split(" ")] + ["http://a b/c"])
def test_what_looks_like_an_address_is_never_words(address: str) -> None:
    for name in ("google", "bing", "duckduckgo", "naver", "openverse", "commons", "flickr", "serper", "brave"):
        fault = sources.validate_keyword(name, address)
        assert fault and "\n" not in fault, (name, address)
    for name in ("imgur", "deviantart"):
        fault = sources.validate_keyword(name, address)
        own = any(site in address for site in (name, "fav.me")) or (name == "deviantart" and fault)
        assert fault or own, (name, address)


@pytest.mark.parametrize("words", WORDS)
def test_words_with_dots_and_slashes_are_words(words: str) -> None:
    assert not pasted.looks_like_address(words)
    assert sources.validate_keyword("bing", words) is None


def test_a_table_is_read_whatever_the_order_of_the_parts() -> None:
    table = FilterTable(
        {"size": {"large": "z:l", "{width}x{height}": "w:{width}&h:{height}"}, "time": {"day": "t:d|d:1"}}
    )
    assert table.read(["h:2", "x", "d:1", "w:1"]) == ({"size": "1x2", "time": "day"}, ["x"])
    assert table.read(["z:l", "w:1", "h:2"]) == ({"size": "1x2"}, ["z:l"])
    assert (table.text("size", "1x2"), table.text("time", "day"), table.text("size", "x")) == ("w:1&h:2", "t:d", "")
