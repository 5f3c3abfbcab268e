"""The audit tells holes, and never takes what it could not look up for sound."""

from deployments.audit import summarize_audit

SOUND = {"name": "a", "version": "1", "vulns": []}
HOLED = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["2.1"]}]}
UNKNOWN = {"name": "c", "skip_reason": "Dependency not found on PyPI"}


def test_a_hole_is_told_with_its_remedy():
    assert summarize_audit([SOUND, HOLED]) == (
        1,
        "b 2: CVE-1, mended in 2.1\n1 known holes in 2 packages",
    )


def test_what_could_not_be_looked_up_is_counted():
    assert summarize_audit([SOUND, UNKNOWN]) == (
        0,
        "0 known holes in 1 packages; 1 could not be looked up",
    )


def test_without_a_network_nothing_is_claimed():
    code, sentence = summarize_audit([UNKNOWN])
    assert code == 2 and sentence.startswith("not audited")
