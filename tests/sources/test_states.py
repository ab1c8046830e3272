"""Kinds of pages, from the facts of one look."""

import pytest

from collector.model import SearchState
from collector.reasons import REASONS
from collector.sources.google.page import Look
from collector.sources.google.states import State, classify, failure

GOOD = {"root": True, "frame": True, "layout": "mosaic", "count": 100, "status": 200}


@pytest.mark.parametrize(
    ("look", "state"),
    [
        (Look(**GOOD), State.RESULTS),
        (Look(root=True, frame=True), State.EMPTY),
        (Look(frame=True, text=300), State.EMPTY),
        (Look(root=True, frame=True, images=40), State.UNKNOWN),
        (Look(root=True, frame=True, links=60), State.UNKNOWN),
        (Look(**GOOD, consent=True), State.CONSENT),
        (Look(host="consent.google.de"), State.CONSENT),
        (Look(path="/sorry/index", status=429), State.CAPTCHA),
        (Look(captcha=True, status=429), State.CAPTCHA),
        (Look(**GOOD, cover="/sorry/index?continue=x"), State.CAPTCHA),
        (Look(wall=True), State.SCRIPT_WALL),
        (Look(wall=True, frame=True), State.EMPTY),
        (Look(legacy=20, wall=True), State.LEGACY),
        (Look(status=403), State.REFUSED),
        (Look(status=503), State.BROKEN),
        (Look(), State.UNKNOWN),
    ],
)
def test_classify(look: Look, state: State) -> None:
    assert classify(look) is state


def test_rows_alone_are_results() -> None:
    assert classify(Look(root=True), rows=100) is State.RESULTS


@pytest.mark.parametrize("state", [state for state in State if state not in (State.RESULTS, State.EMPTY)])
def test_every_failure_has_a_listed_reason_and_is_not_done(state: State) -> None:
    error = failure(state, Look(status=503))
    assert error.reason in {reason.slug for reason in REASONS}
    assert error.state in (SearchState.BLOCKED, SearchState.LAYOUT, SearchState.UNREACHABLE)
    assert not error.state.done
    assert "\n" not in error.detail
