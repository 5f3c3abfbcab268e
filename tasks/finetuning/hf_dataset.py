"""Pairs and questions as a folder that `datasets.load_dataset` reads, here or on the hub.

load_dataset(folder, "pairs")["train"], load_dataset(folder, "questions")["same_fact"]
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from datasets import Dataset, disable_progress_bars

from tasks.schemas.item_rows import StoredRow


def write_hf_dataset(
    pairs: Mapping[str, Sequence[StoredRow]],
    questions: Mapping[str, Sequence[StoredRow]],
    folder: Path,
) -> None:
    """One JSON-lines file a split; a split without a row has no file, since an empty file cannot be
    read.
    """
    disable_progress_bars()
    configs = []
    for name, splits in (("pairs", pairs), ("questions", questions)):
        filled = {split: rows for split, rows in splits.items() if rows}
        for split, rows in filled.items():
            _write_split(rows, folder / name / f"{split}.jsonl")
        if filled:
            files = [{"split": split, "path": f"{name}/{split}.jsonl"} for split in filled]
            configs.append({"config_name": name, "data_files": files})
    counts = "".join(
        f"| {name} | {split} | {len(rows)} |\n"
        for name, splits in (("pairs", pairs), ("questions", questions))
        for split, rows in splits.items()
    )
    head = yaml.safe_dump({"configs": configs}, sort_keys=False)
    body = (
        "# Pairs and questions drawn from a book\n\n| set | split | rows"
        f" |\n|---|---|---|\n{counts}"
    )
    (folder / "README.md").write_text(f"---\n{head}---\n{body}", "utf-8")


def _write_split(rows: Sequence[StoredRow], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_list([row.model_dump(mode="json") for row in rows]).to_json(
        file, force_ascii=False
    )
