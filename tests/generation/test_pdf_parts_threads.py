"""Pages are cut in many threads at once, as the chapters' tasks do."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = """
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tasks.generation.pdf_parts import PdfPages

def cut(number):
    pages = PdfPages(Path("books/handbook.pdf"))
    body = {"messages": [{"role": "user", "content": [pages.build_placeholder([number])]}]}
    return len(str(pages.fill_placeholders(body))), pages.get_text_bytes(number)

with ThreadPoolExecutor(8) as pool:
    alone, together = [cut(n) for n in range(3, 11)], list(pool.map(cut, range(3, 11)))
assert alone == together and min(size for size, _ in alone) > 1000
print("ok")
"""


def test_many_threads_cut_pages_without_ending_the_process():
    """pdfium crashes the whole interpreter when two threads are in it, so the test has one of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert (done.returncode, done.stdout.strip()) == (0, "ok"), done.stderr
