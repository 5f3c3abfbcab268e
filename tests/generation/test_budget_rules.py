"""The money limit at its borders: the last cent, what is told of what was lost, what is forced to disk and how often."""

import errno

import psutil
import pytest

from tasks.generation import budget as budgets
from tasks.generation.budget import Budget, Charge

CAP = 1.0


@pytest.fixture
def book(tmp_path):
    return Budget(tmp_path / "study" / "charges.jsonl", CAP)


def test_the_last_cent_may_be_reserved_and_no_more(book):
    assert book.reserve_usd("a", 0.7) and book.reserve_usd("b", 0.3)  # 0.7 + 0.3 rounds to 1 or so
    assert book.reserve_usd("c", 1e-6) is None and book.reserve_usd("c", 0.0) is not None


def test_a_reservation_tells_its_request_and_its_price(book):
    first, other = book.reserve_usd("a", 0.4), book.reserve_usd("b", 0.5)
    assert (first.key, first.usd, first.lost) == ("a", 0.4, False) and len(first.id) == 16
    assert first.id != other.id and book.list_open_charges() == [first, other]


def test_only_the_refused_reservation_is_freed(book):
    first, other = book.reserve_usd("a", 0.4), book.reserve_usd("a", 0.5)
    book.free_charge(first)
    assert book.list_open_charges() == [other] and book.get_spent_usd() == pytest.approx(0.5)


def test_an_answer_closes_its_own_request_s_reservations_and_no_other(book):
    book.reserve_usd("a", 0.2)
    kept = book.reserve_usd("b", 0.3)
    book.settle_charges("a", 0.1, "answer of a")
    assert book.list_open_charges() == [kept] and book.knows() == {"a"}
    book.settle_charges("a", 0.1, "answer of a")  # entered by another process, too
    assert book.get_known_spent_usd() == (pytest.approx(0.1), 0)
    book.settle_charges("a", 0.1, "second answer of a")
    assert book.get_known_spent_usd() == (pytest.approx(0.2), 0)


def test_what_was_lost_is_listed_by_request_once_for_each_answer(book):
    for usd in (0.1, 0.2):
        book.reserve_usd("a", usd)
        book.mark_lost("a")
    book.reserve_usd("b", 0.3)
    book.mark_lost("b")
    book.reserve_usd("a", 0.05)  # under way: not lost
    assert sorted(book.list_lost_usd(["a"])) == [0.1, 0.2]
    assert sorted(book.list_lost_usd(["a", "b"])) == [0.1, 0.2, 0.3]
    assert book.list_lost_usd(["c"]) == []
    lines = book.file.read_text().splitlines()
    assert sum("lost" in line for line in lines) == 3, "each is entered once"


def test_a_reservation_of_an_earlier_attempt_counts_as_lost_once_the_next_is_made(book):
    book.reserve_usd("a", 0.3)  # its process was killed
    assert book.reserve_usd("a", 0.3) is not None
    assert book.list_lost_usd(["a"]) == [0.3] and book.get_spent_usd() == pytest.approx(0.6)


def test_the_share_of_tokens_is_entered_while_it_is_new_and_later_only_where_it_is_larger(book):
    for share in (0.1, 0.2, 0.3, 0.2, 0.1):
        assert book.get_token_share("m") == 1.0
        book.learn_token_share(share, "m")
    book.learn_token_share(0.3, "m")
    assert book.file.read_text().count("share") == 5
    book.learn_token_share(0.4, "m")
    assert book.file.read_text().count("share") == 6
    assert book.get_token_share("m") == pytest.approx(1.25 * 0.4)
    book.learn_token_share(0.9, "m")
    assert book.get_token_share("m") == 1.0, "a token is at least a byte"
    other = Budget(book.file, CAP)
    assert other.get_spent_usd() == 0 and other.get_token_share("m") == 1.0
    assert other._token_shares == {"m": [0.1, 0.2, 0.3, 0.2, 0.1, 0.4, 0.9]}


@pytest.fixture
def forced(monkeypatch):
    """What was put on disk, in order."""
    paths = []
    monkeypatch.setattr(budgets, "force", paths.append)
    return paths


def test_a_reservation_is_forced_to_disk_once_and_the_file_s_own_name_the_first_time(book, forced):
    book.force()
    assert forced == [], "nothing was reserved"
    book.reserve_usd("a", 0.0)
    book.force()
    assert forced == [], "what costs nothing need not outlive a power cut"
    book.reserve_usd("a", 0.1)
    book.force()
    book.force()
    names = list(book.file.parents[: budgets.NEW_FOLDERS])  # which it may have made itself
    assert forced == [book.file, *names]
    for key in "bc":
        book.reserve_usd(key, 0.1)
    book.force()
    book.force()
    assert forced == [book.file, *names, book.file]


def test_those_who_wait_for_the_disk_together_share_one_turn(book, monkeypatch):
    paths = []

    def force_slowly(path):
        paths.append(path)
        if len(paths) == 1:
            book.reserve_usd("late", 0.1)  # after the turn began: not covered by it

    monkeypatch.setattr(budgets, "force", force_slowly)
    book.reserve_usd("a", 0.1)
    book.force()
    book.force()
    assert paths.count(book.file) == 2


def test_forcing_closes_what_it_opened(tmp_path):
    (tmp_path / "file").touch()
    before = psutil.Process().num_fds()
    budgets.force(tmp_path / "file")
    budgets.force(tmp_path)
    assert psutil.Process().num_fds() == before


def test_a_book_that_is_emptied_under_way_is_read_from_its_new_beginning(book):
    book.reserve_usd("a", 0.4)
    book.file.write_bytes(b"")
    Budget(book.file, CAP).settle_charges("b", 0.1)
    assert book.get_spent_usd() == pytest.approx(0.5), "what is known stays known"
    Budget(book.file, CAP).settle_charges("c", 0.1)
    assert book.get_spent_usd() == pytest.approx(0.6)
    assert book.knows() == {"b", "c"}


def test_a_line_that_was_cut_off_is_closed_so_that_the_next_one_counts(book):
    book.reserve_usd("a", 0.4)
    with book.file.open("ab") as file:
        file.write(b'{"answer": "x"')
    other = Budget(book.file, CAP)
    other.settle_charges("b", 0.1)
    book.settle_charges("c", 0.2)
    for one in (book, other, Budget(book.file, CAP)):
        assert one.get_spent_usd() == pytest.approx(0.7) and one.knows() == {"b", "c"}
    assert book.file.read_bytes().count(b"\n\n") == 0


@pytest.mark.parametrize("line", [b"[1]\n", b'"answer"\n', b"7\n", b"{}\n", b'{"lost": "x"}\n'])
def test_a_line_that_is_no_entry_counts_for_nothing(book, line):
    book.reserve_usd("a", 0.4)
    with book.file.open("ab") as file:
        file.write(line + b'{"settle": "unknown", "usd": 0.3}\n')
    assert Budget(book.file, CAP).get_spent_usd() == pytest.approx(0.4)


def test_a_full_disk_reserves_nothing_and_is_told_with_the_file(book, monkeypatch):
    monkeypatch.setattr(budgets.os, "write", lambda handle, line: len(line) - 1)
    with pytest.raises(OSError, match="No space left") as told:
        book.reserve_usd("a", 0.4)
    assert told.value.errno == errno.ENOSPC and told.value.filename == str(book.file)
    assert book._open_charges == {}


def test_the_book_is_its_owner_s_alone_and_its_lock_is_free_afterwards(book):
    before = psutil.Process().num_fds()
    book.reserve_usd("a", 0.4)
    assert book.file.stat().st_mode & 0o777 == 0o600
    assert psutil.Process().num_fds() == before


def test_a_book_may_lie_in_a_folder_that_is_there_or_in_one_that_is_not(tmp_path):
    for folder in (tmp_path, tmp_path / "a" / "b", tmp_path / "a" / "b"):
        assert Budget(folder / "c", CAP).reserve_usd("a", 0.4).usd == 0.4


def test_an_earlier_version_s_price_after_a_loss_stays_beside_the_answers(book):
    book.file.write_text(
        '{"reserve": "1", "request": "a", "usd": 0.4}\n{"lost": "1"}\n{"settle": "1", "usd": 0.1}\n'
        '{"reserve": "2", "request": "a", "usd": 0.4}\n{"lost": "2"}\n{"settle": "2", "usd": 0.2}\n'
        '{"reserve": "3", "request": "b", "usd": 0.4}\n{"settle": "3", "usd": 0.3}\n'
        '{"reserve": "4", "request": "b", "usd": 0.4}\n{"settle": "4", "usd": 0.3}\n'
        '{"share": 0.5}\n'
    )
    assert book.get_spent_usd() == pytest.approx(0.9)
    assert book.get_known_spent_usd() == (pytest.approx(0.6), pytest.approx(0.3))
    assert book.list_lost_usd(["a", "b"]) == [0.1, 0.2] and book.knows() == {"b"}
    assert book._token_shares == {"": [0.5]}
    assert book.list_open_charges() == []


def test_a_charge_is_not_lost_unless_it_is_said():
    assert Charge("1", "a", 0.1).lost is False
