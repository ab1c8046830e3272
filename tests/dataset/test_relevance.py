"""What belongs to a class and what does not: by its middle, by its senses, by a person, and by how sure that is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from collector.dataset import relevance
from collector.dataset.relevance import Company, Directions, Floats, Judged, Likened, Words, companies, likened, senses

SIZE = 64


def around(axis: int, count: int, seed: int, noise: float = 0.12) -> NDArray[np.float32]:
    """Directions near one axis: pictures of one thing."""
    middle = np.eye(SIZE, dtype=np.float32)[axis]
    return unit(middle + np.random.default_rng(seed).normal(0, noise, (count, SIZE)))


def anything(count: int, seed: int) -> NDArray[np.float32]:
    return unit(np.random.default_rng(seed).normal(0, 1, (count, SIZE)))


def unit(looks: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(looks / np.linalg.norm(looks, axis=1, keepdims=True), np.float32)


def words(count: int, kept: tuple[int, ...] = (), dropped: tuple[int, ...] = (), named: float = 0.0) -> Words:
    marks = [np.isin(np.arange(count), places) for places in (kept, dropped)]
    return Words(marks[0], marks[1], np.full(count, named))


def likeness(looks: Directions, words: Words, company: Company | None = None) -> Floats:
    """(n,): the higher, the more like its class."""
    return relevance._alike(looks, words, company)[0]


def judge(looks: Directions, words: Words, company: Company | None = None) -> Judged:
    """A set of one class."""
    return relevance.judge([likened(looks, words, company)])[0]


@pytest.mark.parametrize("foreign", [3, 13, 30])
def test_what_lies_apart_is_off_topic_and_nothing_else(foreign: int) -> None:
    looks = np.vstack([around(0, 30, 1), anything(foreign, 2)])
    done = judge(looks, words(len(looks)))
    assert (done.probability[:30] > 0.5).all()
    assert done.probability[30:].max() < done.probability[:30].min()
    assert done.probability[30:].mean() < 0.35
    assert len(done.senses) == 1


def test_two_senses_are_told_and_the_smaller_one_is_less_likely_meant() -> None:
    looks = np.vstack([around(0, 30, 1), around(1, 20, 2), anything(8, 3)])
    done = judge(looks, words(len(looks)))
    assert [set(part[:15].tolist()) <= set(range(30)) for part in done.senses] == [True, False]
    assert set(done.senses[1][:10].tolist()) <= set(range(30, 50))
    assert (done.probability[:30] > 0.5).all()
    assert (done.probability[30:50] > 0.2).all(), "nothing of it is dropped for that"
    assert done.probability[30:].max() < done.probability[:30].min()
    assert done.probability[50:].mean() < done.probability[30:50].mean()
    kept = judge(looks, words(len(looks), kept=(40,))).probability
    assert (kept[:50] > 0.5).all(), "a person says that both are meant"
    refused = judge(looks, words(len(looks), kept=(40,), dropped=(41, 42))).probability
    assert refused[30:40].max() < refused[:30].min(), "one that strayed into what is dropped does not vouch for it"
    other = judge(looks, words(len(looks), kept=(40, 41), dropped=(0, 1))).probability
    assert other[2:30].max() < other[[*range(30, 40), *range(42, 50)]].min(), "the smaller one was meant"
    dropped = judge(looks, words(len(looks), dropped=tuple(range(28)))).probability
    assert (dropped[30:50] > 0.5).all(), "the other is not"


@pytest.mark.parametrize("right", [14, 70])
def test_foreign_pictures_of_one_kind_do_not_vouch_for_each_other(right: int) -> None:
    foreign = right * 3 // 7
    for seed in range(4):
        looks = np.vstack([around(0, right, seed, 0.2), around(1, foreign, seed + 50, 0.05)])
        found = judge(looks, words(len(looks))).probability
        assert found[right:].max() < found[:right].min(), "more alike than the others are, but fewer"


@pytest.mark.parametrize("count", [40, 100])
def test_foreign_pictures_of_all_kinds_are_no_sense(count: int) -> None:
    looks = np.vstack([around(0, 40, 1), anything(count // 2, 2)])
    assert len(senses(looks)) == 1


def test_seven_pictures_are_no_sense() -> None:
    looks = np.vstack([around(0, 30, 1), around(1, relevance.SENSE - 1, 2)])
    assert len(senses(looks)) == 1


def test_a_person_overrules_and_teaches() -> None:
    """Half of what looks alike is dropped by hand, in the two places where it can be told apart."""
    shared = np.zeros(SIZE)
    shared[0] = 1.0
    wolves, huskies = (unit(shared + 0.5 * np.eye(SIZE)[axis] + np.random.default_rng(axis).normal(0, 0.05, (20, SIZE)))
                       for axis in (5, 6))  # fmt: skip
    looks = np.vstack([wolves, huskies])
    before = judge(looks, words(40)).probability
    after = judge(looks, words(40, kept=(0, 1, 2), dropped=(20, 21, 22))).probability
    assert after[[0, 1, 2]].tolist() == [1, 1, 1]
    assert after[[20, 21, 22]].tolist() == [0, 0, 0]
    assert before[23:].mean() > 0.5
    assert after[3:20].min() > after[23:].max()


def test_what_imagenet_names_is_kept() -> None:
    looks = np.vstack([around(0, 20, 1), anything(5, 2)])
    plain = judge(looks, words(25)).probability
    named = judge(looks, Words(np.zeros(25, bool), np.zeros(25, bool), np.r_[np.zeros(22), 0.8, 0.4, 0.0])).probability
    assert named[22] == pytest.approx(0.8)
    assert named[23] > plain[23] + 0.1, "less than half of its judgement counts, too"
    assert named[24] == pytest.approx(plain[24], abs=0.02)


def test_other_classes_tell_what_is_foreign() -> None:
    """What a class of birds has in common with all other classes says nothing, and a fish is no bird."""
    common = np.zeros(SIZE)
    common[0] = 2.0
    kinds = [unit(common + np.eye(SIZE)[axis] + np.random.default_rng(axis).normal(0, 0.15, (30, SIZE)))
             for axis in range(1, 7)]  # fmt: skip
    strangers = unit(common + np.eye(SIZE)[2] + np.random.default_rng(9).normal(0, 0.15, (12, SIZE)))
    classes = [np.vstack([kinds[0], strangers]), *kinds[1:]]
    alone = judge(classes[0], words(42)).probability
    together = judge(classes[0], words(42), companies(classes)[0]).probability
    assert together[:30].min() > together[30:].max()
    assert together[:30].mean() - together[30:].mean() > alone[:30].mean() - alone[30:].mean()


def test_a_class_of_any_size_is_judged_some_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = [np.vstack([around(axis, 30, axis), anything(12, 40 + axis)]) for axis in range(4)]

    def judged() -> list[Judged]:
        asked = zip(classes, companies(classes), strict=True)
        return relevance.judge([likened(looks, words(42, kept=(1, 33), dropped=(2,)), one) for looks, one in asked])

    whole = judged()
    monkeypatch.setattr(relevance, "_CELLS", 100)  # Two or three rows.
    for one, other in zip(whole, judged(), strict=True):
        assert np.allclose(one.probability, other.probability, atol=1e-5)


def test_a_few_classes_say_nothing_of_each_other() -> None:
    assert companies([around(axis, 20, axis) for axis in range(3)]) == [None] * 3
    assert companies([]) == []
    assert companies([around(0, 20, 1), anything(2, 1), anything(2, 2), anything(2, 3)]) == [None] * 4


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_class_of_a_few_has_no_middle(count: int) -> None:
    done = judge(anything(count, 1), words(count))
    assert np.isnan(done.probability).all()
    kept, *rest = judge(anything(count, 1), words(count, kept=(0,))).probability.tolist()
    assert kept == 1.0 and np.isnan(rest).all(), "a person's word stands"


def test_what_a_person_dropped_makes_no_class_larger() -> None:
    done = judge(anything(9, 1), words(9, dropped=(0, 1, 2, 3, 4)))
    assert done.probability[:5].tolist() == [0.0] * 5
    assert np.isnan(done.probability[5:]).all()


def test_odd_words_break_nothing() -> None:
    looks = around(0, 6, 1)
    assert judge(looks, words(6, kept=tuple(range(6)))).probability.tolist() == [1.0] * 6
    assert judge(looks, words(6, dropped=tuple(range(6)))).probability.tolist() == [0.0] * 6
    same = np.repeat(around(0, 1, 1), 9, axis=0)
    assert (judge(same, words(9)).probability > 0.5).all()


def test_the_order_does_not_depend_on_the_order() -> None:
    looks = np.vstack([around(0, 30, 1), anything(10, 2)])
    turned = judge(looks[::-1].copy(), words(40)).probability[::-1]
    assert judge(looks, words(40)).probability == pytest.approx(turned, abs=1e-4)


def test_words_are_believed_as_far_as_they_know_what_belongs() -> None:
    """Forty of a class, five of another thing of that kind, and eight of anything."""
    looks = np.vstack([around(0, 40, 1, 0.2), around(0, 5, 2, 0.2), anything(8, 3)])
    nobody, numbers = np.zeros(53, bool), np.arange(53)
    knows, ignorant = np.where(numbers < 40, 0.999, 0.001), np.full(53, 0.01)
    by_looks, by_words, by_nothing = (
        judge(looks, Words(nobody, nobody, np.zeros(53), read)).probability for read in (None, knows, ignorant)
    )
    assert by_looks[40:45].min() > 0.8, "looks cannot tell them"
    assert by_words[40:45].max() < by_words[:40].min(), "they come first"
    assert by_words[40:45].min() > 0.2, "and are not dropped"
    assert by_words[45:].mean() < 0.15
    assert by_words[:40].min() > 0.8
    assert np.abs(by_nothing - by_looks).max() < 0.05, "what it does not know changes next to nothing"


def test_a_few_pictures_are_ordered_by_words_alone_and_not_dropped() -> None:
    nobody = np.zeros(3, bool)
    told = Words(nobody, nobody, np.zeros(3), np.array([0.999, 0.5, 0.001]))
    assert judge(anything(3, 1), told).probability.round(2).tolist() == [0.88, 0.5, 0.12]
    assert np.isnan(judge(anything(3, 1), words(3)).probability).all()


def of_odds(odds: NDArray[np.float64], read: float | None = None) -> Likened:
    """A class whose pictures are so much likelier to look like this where they belong."""
    count = len(odds)
    told = words(count) if read is None else Words(*[np.zeros(count, bool)] * 2, np.zeros(count), np.full(count, read))
    return Likened(odds, told, (np.arange(count),))


def wrong_share(judged: Judged, odds: NDArray[np.float64]) -> float:
    """The share of wrong pictures that a class was taken to have."""
    against = odds[0] * (1 - judged.probability[0]) / judged.probability[0]
    return float(against / (1 + against))


def test_the_share_of_wrong_pictures_is_that_which_explains_them() -> None:
    odds = np.repeat([20.0, 0.05], [60, 40])
    (done,) = relevance.judge([of_odds(odds)])
    explained = (float((1 - done.probability).sum()) + relevance.USUAL[1]) / (len(odds) + sum(relevance.USUAL))
    assert wrong_share(done, odds) == pytest.approx(explained, abs=1e-6)


def test_what_other_classes_have_wrong_counts_for_one_as_twenty_pictures_at_most() -> None:
    odds = np.repeat([1000.0, 0.001], [25, 25])
    done, *_ = relevance.judge([of_odds(odds), *(of_odds(np.full(100, 1000.0)) for _ in range(10))])
    assert wrong_share(done, odds) == pytest.approx(25 / (50 + relevance.OTHERS), abs=0.01)


def test_what_a_model_that_knows_words_names_is_at_even_odds_at_least() -> None:
    odds = np.array([1e-6] * 10)
    shown, unsaid = (relevance.judge([of_odds(odds, read)])[0].probability for read in (relevance.NAMED, 0.4))
    assert shown.tolist() == [relevance.NAMED] * 10 and unsaid.max() < 0.01


def test_what_looks_like_nothing_else_of_its_class_may_belong_all_the_same() -> None:
    looks = np.vstack([around(0, 30, 1), -around(0, 1, 2)])
    odds = likened(looks, words(31)).odds
    assert odds is not None and odds[30] == pytest.approx(relevance.STRANGE, rel=1e-3)


def test_no_picture_vouches_for_itself() -> None:
    """Twelve that have nothing in common: none is nearer to the others than the rest, in the core or not."""
    assert likeness(np.eye(12, dtype=np.float32), words(12)) == pytest.approx(np.zeros(12), abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_small_cliques_in_the_core_do_not_vouch_for_themselves(seed: int) -> None:
    """Half of a class is foreign, six pictures each of five kinds, so that the core has some of them."""
    kinds = [around(axis, 6, axis + 9 * seed, 0.05) for axis in range(1, 6)]
    near = likeness(np.vstack([around(0, 30, seed, 0.2), *kinds]), words(60))
    assert near[30:].max() < near[:30].min()


def test_a_persons_word_decides_what_the_core_is_made_of() -> None:
    looks = np.vstack([around(0, 20, 1), anything(4, 2)])
    _, core = relevance._near(looks, words(24))
    assert 3 in core and 22 not in core
    _, core = relevance._near(looks, words(24, kept=(22,), dropped=(3,)))
    assert 22 in core and 3 not in core


def test_what_a_person_dropped_says_nothing_of_what_many_are_like() -> None:
    looks = np.vstack([around(0, 12, 1), around(1, 40, 2)])
    without = relevance._like_many(looks[:12], words(12))
    dropped = words(52, dropped=tuple(range(12, 52)))
    assert relevance._like_many(looks, dropped)[:12] == pytest.approx(without, abs=1e-6)


def test_four_classes_are_enough_and_a_likeness_to_another_class_counts_against_a_picture() -> None:
    classes = [around(axis, 20, axis) for axis in range(4)]
    company, *others = companies(classes)
    assert company is not None and None not in others
    twin = Company(company.middle, company.axes, np.vstack([company.others, *[classes[0][7:8]] * 5]))
    before, after = (likeness(classes[0], words(20), one) for one in (company, twin))
    assert after[7] < before[7] - 0.1
    assert np.argmin(after - before) == 7


@pytest.mark.parametrize("count", [40, 400])
def test_what_looks_right_and_is_not_what_the_keyword_says_is_at_even_odds(count: int) -> None:
    """However many pictures show that the model knows the keyword; looks still put the likelier one later."""
    wrong = around(0, 2, 2, 0.05)
    looks = np.vstack([around(0, count, 1, 0.05), wrong, -around(0, 1, 3)])
    read = np.r_[np.full(count, 0.999), 0.001, 0.001, 0.999]
    nobody = np.zeros(count + 3, bool)
    odds = likened(looks, Words(nobody, nobody, np.zeros(count + 3), read)).odds
    assert odds is not None
    assert 0.7 < odds[count : count + 2].min() < odds[count : count + 2].max() < 1.4
    likely = likeness(looks, words(count + 3))[count : count + 2]
    assert odds[count + np.argmax(likely)] == odds[count : count + 2].max() and len(set(odds[-3:-1])) == 2
    assert odds[-1] < 0.1, "no word makes it belong that looks like nothing else"
