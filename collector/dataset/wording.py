"""How far pictures show what words say: the keyword of a class against those of the others, and against junk.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021 (CLIP: alternatives share
one probability); Zhai et al., "Sigmoid Loss for Language Image Pre-Training", 2023 (SigLIP: each pair has its own).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.errors import InputError, UsageError
from collector.images.embed import Directions, unit
from collector.images.hub_layout import Layout, TextTower
from collector.ledger.vectors import Vectors

JUNK: Final = ("a logo", "a screenshot", "a page of text", "a drawing", "a map", "a chart")
"""What searches bring beside photographs; what a keyword itself names is left out."""
ANYTHING: Final = "a photo"
"""What CLIP chooses for a photograph that shows none of the others."""
SOMETHING_ELSE: Final = 1e-4
"""How probable SigLIP finds it as a rule that a picture shows a thing that is not there, and at most."""

Floats = NDArray[np.float64]


class Wording:
    """A model that knows words, asked about the classes of a set: label -> its keywords."""

    def __init__(self, model: Layout, stored: Vectors, classes: Mapping[str, Collection[str]]) -> None:
        """UsageError for a model of pictures alone, InputError when its towers do not belong together."""
        self.stored = stored
        tower = tower_of(model)
        self._words = tower.words
        self._classes = {label: frozenset(map(_plain, (label, *keywords))) for label, keywords in classes.items()}
        texts = {text for own in self._classes.values() for text in own}
        self._meanings = _meanings(tower, [*sorted(texts), *JUNK, ANYTHING])
        if self._meanings[ANYTHING].shape != stored.numbers.shape[1:]:
            raise InputError(f"{model.folder}: its vectors of words and of pictures have not the same length")

    def shown(self, label: str, sha256s: Sequence[str]) -> Floats:
        """(n,): how probably each picture shows the class rather than something else, as the model says."""
        own = self._classes[label]
        junk = {name for name in JUNK if not any(name[2:] in text for text in own)}
        others = {text for texts in self._classes.values() for text in texts} - own
        pictures = unit(self.stored.of(sha256s))
        mine, theirs = (self._judged(pictures, texts) for texts in (sorted(own), sorted(others | junk)))
        if self._words.sigmoid:
            yes, no = (1 / (1 + np.exp(-np.clip(one, -80, 80))) for one in (mine, theirs))
            best = yes.max(axis=1)
            return np.asarray(best / (best + no.sum(axis=1) + SOMETHING_ELSE), np.float64)
        theirs = np.hstack([theirs, self._judged(pictures, [ANYTHING])])
        best = mine.max(axis=1, keepdims=True)
        return np.asarray(1 / (1 + np.exp(np.clip(theirs - best, -80, 80)).sum(axis=1)), np.float64)

    def _judged(self, pictures: Directions, texts: Sequence[str]) -> Floats:
        """(n, texts): the model's own logits."""
        meanings = np.stack([self._meanings[text] for text in texts]) if texts else np.zeros((0, pictures.shape[1]))
        return np.asarray(pictures @ meanings.T, np.float64) * self._words.scale + self._words.bias


def tower_of(model: Layout) -> TextTower:
    """What is asked about keywords. UsageError for a model of pictures alone, InputError for a broken tokenizer."""
    if model.words is None:
        raise UsageError(f"{model.name} knows no words: relevance needs a model that does")
    return TextTower(model.words)


def _meanings(tower: TextTower, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Text -> (numbers,) of length 1: the middle of two ways to say it."""
    said = [way for text in texts for way in (text, f"this is a photo of {text}." if text != ANYTHING else f"{text}.")]
    found = tower.vectors(said).reshape(len(texts), 2, -1).mean(axis=1)
    return dict(zip(texts, unit(found), strict=True))


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())
