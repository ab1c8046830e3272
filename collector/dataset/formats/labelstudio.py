"""Label Studio: tasks-00000.json with the class as a prediction to confirm or mend, and the labelling configuration.

Rules: labelstud.io/guide/predictions and /guide/storage (local files are served as /data/local-files/?d=<path>).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote
from xml.sax.saxutils import quoteattr

from collector.dataset.formats import rows
from collector.dataset.formats.json_stream import elements, encode
from collector.dataset.samples import EncodedSample, ExportPlan

READABLE: Final = frozenset({"jpg", "jpeg", "png", "webp", "bmp", "gif"})
"""What browsers show."""
TASKS: Final = 50_000
"""Tasks of one file; the project's own limit is 100,000."""
_SERVED: Final = "/data/local-files/?d="


def write(folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """See Exporter."""
    tasks = (_task(written, plan, rows.save(folder, written)) for written in pictures)
    for number, batch in groupby(enumerate(tasks), key=lambda pair: pair[0] // TASKS):
        with (folder / f"tasks-{number:05}.json").open("w", encoding="utf-8") as file:
            for place, task in batch:
                file.write(f"{', ' if place % TASKS else '['}{encode(task)}")
            file.write("]")
    choices = "".join(f"\n    <Choice value={quoteattr(label)}/>" for label in plan.classes)
    config = f'<View>\n  <Image name="image" value="$image"/>\n  <Choices name="choice" toName="image">{choices}'
    (folder / "config.xml").write_text(f"{config}\n  </Choices>\n</View>\n", encoding="utf-8")


def _task(written: EncodedSample, plan: ExportPlan, name: str) -> dict[str, Any]:
    facts = rows.row(written, plan, name)
    kept = ("id", "split", "title", "url", "page", "source", "licence", "creator", "sha256")
    choices = {
        "from_name": "choice",
        "to_name": "image",
        "type": "choices",
        "value": {"choices": list(written.sample.labels)},
    }
    return {
        "data": {"image": f"{_SERVED}{quote(name)}", **{field: facts[field] for field in kept}},
        "predictions": [{"model_version": "keyword", "result": [choices]}],
    }


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter."""
    return rows.checked(folder, partial(_entries, folder))


def _entries(folder: Path) -> Iterator[rows.Entry]:
    for path in sorted(folder.glob("tasks-*.json")):
        for _, task in elements(path):
            label = task["predictions"][0]["result"][0]["value"]["choices"][0]
            yield unquote(task["data"]["image"].removeprefix(_SERVED)), task["data"]["split"], label


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""
    place = folder.absolute()
    lines = [f"export LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT='{place}'"]
    return "\n".join([*lines, "label-studio start  # import tasks-*.json, and config.xml as the labelling interface"])
