"""A chapter fails; the next run redoes only that chapter."""

import pytest
from support.small_study import build_small_plan

from tasks.generation.rules import rule_writer


def test_only_the_failed_chapter_is_done_again(rerun, monkeypatch):
    plan = build_small_plan(**{"generation.seed": 5})  # new drafts, so that every chapter is due
    write, seen = rule_writer.write_items_by_rules, []

    def third_fails(passages, *rest):
        seen.append(passages[0].chapter)
        if len(seen) == 3:
            raise RuntimeError("the third chapter fails")
        return write(passages, *rest)

    monkeypatch.setattr(rule_writer, "write_items_by_rules", third_fails)
    with pytest.raises(RuntimeError, match="third chapter"):
        rerun(plan)
    failed = seen[2]
    succeeded = set(seen) - {failed}
    seen.clear()
    seen.extend(["…"] * 3)  # past the fault
    ran = rerun(plan)
    assert failed in seen
    assert not succeeded & set(seen[3:]), "a finished chapter was written again"
    assert ran[-1] == ("write_report", "done")
