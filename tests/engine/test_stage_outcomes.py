"""What stands behind each tick: the counts that the tables hold, as they were found or made."""

import json

from tasks.engine.stage_outcomes import OUTCOMES, describe_outcome
from tasks.schemas.item_rows import FilterStep, Page, Passage, Rejection
from tasks.schemas.messages import build_message
from tasks.schemas.result_rows import Preflight, TrainingStep
from tasks.stages import list_stages
from tasks.store.artifact_folders import Adapter
from tasks.store.artifact_groups import BookText, ChapterDrafts, ChapterItems, TrainedAdapter
from tasks.store.artifacts import Drafts, Passages, TrainingSteps


def build_rejection(items: int) -> Rejection:
    return Rejection(
        draft_id="d",
        kind="pair",
        check="parsing",
        reason=build_message("no-items"),
        raw="",
        items=items,
    )


def test_every_stage_but_the_split_of_a_sweep_tells_what_came_of_it():
    assert set(list_stages()) - OUTCOMES.keys() == {"halve_questions"}


def test_a_chapter_is_named_with_its_kept_and_refused_items(runs, monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    items = ChapterItems.save_tables(
        [],
        [build_rejection(1), build_rejection(10)],
        [FilterStep(name="parsing", kind="pair", came=11, kept=0)],
        True,
    )
    drafts = ChapterDrafts(drafts=Drafts.save_rows([]), items=items)
    for label, told in (("Eye [and] \x1bear", "Eye [and] ⟦U+001B⟧ear"), ("", "(no title)")):
        chapter = Passages.save_rows([], label=label)
        text = describe_outcome("generate_drafts", {"chapter": chapter}, drafts)
        assert text == f"{told}: 0 kept, 11 refused", "a draft that was not read stands for ten"


def test_pages_updates_and_losses_are_those_of_the_tables(runs, monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    page = {"page": 1, "text": "t", "script": "latin", "engine": "pdfium", "legibility": 1.0}
    pages = [Page.model_validate(page | {"page": n}) for n in (1, 2, 3)]
    passages = [Passage(id=f"p{n}", chapter=f"c{n // 2}", page=1, text="t") for n in range(4)]
    text = BookText.save_tables(passages, pages)
    assert describe_outcome("read_book", {}, text) == "3 pages, 2 chapters"
    steps = [
        TrainingStep(step=n, epoch=0, loss=loss, split=split)
        for n, (loss, split) in enumerate([(6.821, "train"), (5.0, "held_out"), (5.5, "train")])
    ]
    counts = json.loads(
        '{"texts": 9, "updates": 14, "epochs": 2, "batch_size": 4, "trainable_parameters": 1,'
        ' "parameters": 2, "target_tokens": 3, "tokens": 4, "longest": 5, "too_long": 0}'
    )
    tuned = TrainedAdapter(
        adapter=Adapter.build_folder(lambda folder: (folder / "w").touch()),
        log=TrainingSteps.save_rows(steps),
        preflight=Preflight.model_validate(counts),
    )
    told = describe_outcome("finetune_adapter", {}, tuned)
    assert told == "14 updates, loss 6.82 → 5.50"
