"""States of the result page pass, and no answer leads away from this machine."""

from __future__ import annotations

from urllib.parse import quote

import pytest
import requests

from collector.practice import STATES, Knobs, PracticeWeb


def test_answers_never_lead_to_another_host() -> None:
    with PracticeWeb(Knobs.calm()) as calm, requests.Session() as session:
        for target in ("https://elsewhere.example/", "//elsewhere.example/"):
            form = {"continue": target}
            answer = session.post(f"{calm.url}/consent/save", data=form, allow_redirects=False, timeout=5)
            assert answer.headers["Location"] == "/"
            assert session.get(f"{calm.url}/url?q={quote(target)}", allow_redirects=False, timeout=5).status_code == 404


@pytest.mark.parametrize("name", STATES)
def test_a_state_can_pass(name: str) -> None:
    knobs = Knobs.calm(keywords={"cat": {"state": name, "state_times": 1}})
    with PracticeWeb(knobs) as web, requests.Session() as fresh:
        if name in ("silent", "reset"):
            with pytest.raises(requests.RequestException):
                fresh.get(f"{web.url}/search?q=cat", timeout=0.3)
        else:
            fresh.get(f"{web.url}/search?q=cat", timeout=5)
        again = fresh.get(f"{web.url}/search?q=Cat", timeout=5)
        assert again.text.count("data-lpage=") >= 100
