"""Names by a template: safe everywhere, unique, the same for the same facts; what is no template is one line."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import UsageError
from collector.ledger.names import STEM_BYTES, Named, Names, number_of

CAT = Named(17, 3, "tabby cat", "a tabby cat", "google", 'He said: "ha/ha"...', "example.org", "ab" * 32)
USUAL = Names.parse("{label}-{rank:04}-{id}")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{label}-{rank:04}-{id}", "tabby cat-0003-17"),
        ("{id}", "17"),
        ("{id:06d}", "000017"),
        ("{source}_{hash:.8}_{id}", "google_abababab_17"),
        ("{title} {id}", "He said_ _ha_ha 17"),
        ("{site}-{keyword:.3}-{id}", "example_org-a t-17"),
        ("{{x}}-{id}", "{x}-17"),
        ("Fotos {rank:2}-{id}", "Fotos  3-17"),
    ],
)
def test_names(template: str, expected: str) -> None:
    assert Names.parse(template).stem(CAT) == expected
    assert number_of(f"{expected}.jpg") == 17


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{label}-{rank}", "end it with -{id}"),
        ("{id}-{label}", "end it with -{id}"),
        ("{rank}{id}", "end it with -{id}"),
        ("a{id}", "end it with -{id}"),
        ("x" * 60 + "-{id}", "end it with -{id}"),
        ("", "end it with -{id}"),
        ("{label}/{id}", "no '/' in it; folders and extension are not its business"),
        ("{label}-{id}.jpg", "no '.' in it"),
        ("a\n-{id}", "no '\\n' in it"),
        ("{nr}-{id}", "no field {nr}; there are: label, keyword, source, title, site, hash, rank, id"),
        ("{}-{id}", "no field {}"),
        ("{label.__class__}-{id}", "no field {label.__class__}"),
        ("{label-{id}", "the braces do not fit together"),
        ("{label} ({rank:04})", "end it with -{id}"),
        ("{label:>9999}-{id}", "{label:>9999} cannot be written; {label:.20} can"),
        ("{id:032}", "{id:032} cannot be written; {id:04} can"),
        ("{rank:x}-{id}", "{rank:x} cannot be written"),
        ("{label!r}-{id}-}", "the braces do not fit together"),
    ],
)
def test_what_is_no_template_is_told_with_what_to_write(template: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        Names.parse(template)
    line = str(caught.value)
    assert told in line and line.endswith("such as {label}-{rank:04}-{id}") and line.startswith("--names ")


@given(st.text(max_size=300), st.text(max_size=300), st.integers(1, 10**12), st.integers(1, 10**9))
def test_any_text_makes_a_safe_name_that_ends_with_its_number(label: str, title: str, number: int, rank: int) -> None:
    named = replace(CAT, label=label, title=title, id=number, rank=rank)
    for template in ("{label}-{rank:04}-{id}", "{title}, {label}-{id}", "{title}{keyword}{site}-{id}"):
        stem = Names.parse(template).stem(named)
        assert len(stem.encode("utf-8")) <= STEM_BYTES + 8, "normalising may add a few"
        assert not set(stem) & set('<>:"/\\|?*.') and unicodedata.is_normalized("NFC", stem)
        assert stem[0] not in " .-~" and all(letter.isprintable() for letter in stem)
        assert number_of(f"{stem}.webp") == number
        assert Names.parse(template).stem(named) == stem


@pytest.mark.parametrize("label", ["CON", "nul", "COM1", "..", "-rf", "~", "aux.", "a" * 500, "ü" * 500, "​"])
def test_reserved_and_odd_labels(label: str) -> None:
    stem = USUAL.stem(replace(CAT, label=label))
    assert stem.endswith("0003-17") and stem.partition(".")[0].upper() not in {"CON", "NUL", "COM1", "AUX"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ab.jpg", None), ("a1.jpg", None), ("1.jpg", 1), ("a-007.png", 7), (".jpg", None), ("9", None)],
)
def test_the_number_of_a_name(name: str, expected: int | None) -> None:
    assert number_of(name) == expected
