"""Openverse: pages read to their bound, licences kept, throttle obeyed, tokens sent."""

from __future__ import annotations

from typing import Any

import pytest

from collector.errors import InputError, SourceError
from collector.http.contract import Answer, Request
from collector.model import Hit, Query, SearchState
from collector.practice import Knobs, PracticeWeb
from collector.practice.openverse import Double
from collector.sources import check_filters, openverse
from tests.support.lent_web import LentWeb, search_for


def found(double: Double, keyword: str = "cat", filters: dict[str, str] | None = None, **settings: Any) -> list[Hit]:
    with PracticeWeb(Knobs.calm(), doubles={"openverse": double}) as web:
        table = {**openverse.SOURCE.settings, "home": f"{web.url}/openverse", **settings}
        with LentWeb(table) as loan:
            return list(openverse.search(search_for(keyword, "openverse", **(filters or {})), loan))


def test_pages_are_read_to_the_last_one() -> None:
    double = Double(total=45)
    hits = found(double)
    assert len({hit.key for hit in hits}) == 45
    assert [hit.title for hit in hits[:2]] == ["cat 0", "cat 1"]
    assert len(double.agents) == 3


def test_licence_creator_and_attribution_are_kept() -> None:
    hit = found(Double())[1]
    assert hit.licence.url == "https://creativecommons.org/licenses/by-sa/4.0/"
    assert hit.licence.creators == ("Painter 1",)
    assert hit.licence.credit == '"cat 1" by Painter 1 is licensed under by-sa 4.0.'
    assert hit.licence.page == hit.page
    assert dict(hit.fields)["license"] == "by-sa 4.0"
    assert hit.width > 0
    assert hit.thumbnail_url
    assert found(Double())[8].licence.creators == (), "what is not known is not made up"


def test_who_we_are_is_said() -> None:
    double = Double()
    found(double, contact="me@example.org")
    assert all(agent.startswith("collector/") and "me@example.org" in agent for agent in double.agents)


@pytest.mark.parametrize(
    ("filters", "licenses"),
    [
        ({"rights": "commercial"}, {"by", "by-sa", "by-nd", "cc0", "pdm"}),
        ({"rights": "commercial-modification"}, {"by", "by-sa", "cc0", "pdm"}),
        ({"rights": "public-domain"}, {"cc0", "pdm"}),
        ({"license": "by|cc0"}, {"by", "cc0"}),
        ({"license": "by|cc0", "rights": "public-domain"}, {"cc0"}),
        ({"license": "by|by-nc|pdm", "rights": "commercial"}, {"by", "pdm"}),
        ({"license": "by-sa|by-nd", "rights": "commercial-modification"}, {"by-sa"}),
        ({"license": "by-nd", "rights": "creative-commons"}, {"by-nd"}),
    ],
)
def test_filters_of_rights(filters: dict[str, str], licenses: set[str]) -> None:
    check_filters("openverse", filters)
    assert {dict(hit.fields)["license"].split()[0] for hit in found(Double(), filters=filters)} == licenses


@pytest.mark.parametrize("source", ["openverse", "flickr"])
@pytest.mark.parametrize(
    ("rights", "license", "fit"),
    [
        ("public-domain", "by", "cc0, pdm"),
        ("public-domain", "by-sa|by-nc", "cc0, pdm"),
        ("commercial", "by-nc-sa", "by, by-sa, by-nd, cc0, pdm"),
        ("modification", "by-nd", "by, by-sa, by-nc, by-nc-sa, cc0, pdm"),
        ("commercial-modification", "by-nc|by-nd", "by, by-sa, cc0, pdm"),
    ],
)
def test_filters_that_contradict_each_other_are_refused(source: str, rights: str, license: str, fit: str) -> None:
    with pytest.raises(InputError) as caught:
        check_filters(source, {"rights": rights, "license": license})
    assert str(caught.value) == (
        f"{source}: rights={rights} and license={license} contradict each other: of {rights} are only {fit};"
        " leave one out"
    )


def test_a_ledger_that_holds_contradicting_filters_asks_for_nothing() -> None:
    double = Double()
    assert found(double, filters={"rights": "public-domain", "license": "by"}) == []
    assert double.agents == []


def test_the_other_filters() -> None:
    given = {
        "size": "icon",
        "aspect": "tall",
        "type": "photo",
        "extension": "png",
        "provider": "met, nasa",
        "safe": "off",
    }
    check_filters("openverse", given)
    assert openverse.parameters(Query("cat", "cat", 1, filters=tuple(given.items()))) == {
        "q": "cat", "size": "small", "aspect_ratio": "tall", "category": "photograph", "extension": "png",
        "source": "met,nasa", "mature": "true",
    }  # fmt: skip


def test_the_deepest_page_ends_a_search_well() -> None:
    assert len(found(Double(total=200, deepest=3))) == 60
    assert len(found(Double(total=200), pages=2)) == 40


def test_a_throttle_is_waited_for() -> None:
    double = Double(total=5, throttled=1)
    assert len(found(double)) == 5
    assert len(double.agents) == 2


def test_nothing_is_empty() -> None:
    assert found(Double(), "nothing at all") == []


def test_a_registered_client_may_ask_for_more_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    double = Double(total=120, clients={"id1": "word"})
    assert len(found(double, page_size=100, client_id="id1", client_secret="word")) == 120
    assert len(double.agents) == 2
    monkeypatch.setenv("OPENVERSE_CLIENT_ID", "id1")
    monkeypatch.setenv("OPENVERSE_CLIENT_SECRET", "wrong-word")
    with pytest.raises(SourceError) as caught:
        found(double)
    assert (caught.value.state, caught.value.reason) == (SearchState.BLOCKED, "page.denied")
    assert "wrong-word" not in caught.value.detail


def test_too_large_pages_without_a_client_are_denied() -> None:
    with pytest.raises(SourceError, match="page_size") as caught:
        found(Double(), page_size=100)
    assert caught.value.reason == "page.denied"


@pytest.mark.parametrize("answer", [None, [], {}, {"results": []}, {"results": [{"id": 1}], "page_count": 1}])
def test_what_is_no_result_page_is_said(answer: Any) -> None:
    with pytest.raises(SourceError) as caught:
        openverse.parse(answer)
    assert caught.value.reason == "page.layout"


def test_a_provider_that_the_interface_does_not_know_is_an_error() -> None:
    met = {"url": "https://a.test/1.jpg", "source": "met"}
    openverse._check_providers(openverse.parse({"results": [met], "page_count": 1})[0], "met,nasa")
    with pytest.raises(SourceError, match="asked for provider mett, it brought met"):
        openverse._check_providers(openverse.parse({"results": [met], "page_count": 1})[0], "mett")


class Listening(LentWeb):
    """Answers every page with nothing and notes how fast it was asked."""

    rates: tuple[float, ...] = ()

    def get(self, request: Request) -> Answer:
        self.rates += (request.rate,)
        text = '{"access_token": "t"}' if "auth_tokens" in request.url else '{"results": [], "page_count": 0}'
        return Answer(request.url, 200, {}, text.encode(), text)


@pytest.mark.parametrize(("client", "rate"), [({}, 0.33), ({"client_id": "i", "client_secret": "s"}, 1.6)])
def test_a_registered_client_has_a_pace_of_its_own(client: dict[str, str], rate: float) -> None:
    with Listening({**openverse.SOURCE.settings, **client}) as web:
        assert not list(openverse.search(search_for("cat", "openverse"), web))
    assert web.rates[-1] == rate
