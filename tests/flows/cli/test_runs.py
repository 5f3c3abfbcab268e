"""The list of studies shows every study that can be read, and names each that cannot."""

import json

from flows.cli.summary import list_runs

SOUND = {
    "verdict": "improved",
    "base": {"rate": 0.25},
    "tuned": {"rate": 0.5},
    "set": "same_fact",
    "mode": "cloze",
    "p_value": 0.001,
    "n": 100,
    "gained": 30,
    "lost": 5,
}


def write_record(store, name: str, content: str) -> None:
    (store / "studies" / name).mkdir(parents=True)
    (store / "studies" / name / "verdict.json").write_text(content, "utf-8")


def test_a_broken_record_hides_no_other(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    broken = {"cut": '{"verdict": "impr', "list": "[]", "number": '{"verdict": 3, "base": 1}'}
    for name, content in {"sound": json.dumps(SOUND), **broken}.items():
        write_record(tmp_path, name, content)
    lines = {line.split()[0]: line for line in list_runs(tmp_path)}
    assert "IMPROVED: base 25.0%" in lines.pop("sound")
    assert lines.keys() == broken.keys()
    assert all("cannot be read" in line for line in lines.values())
