"""Pictures of a book's pages, drawn in a child process: python -m tasks.reading.sandbox.pictures
BOOK FIRST LAST; one line a page.
"""

import base64
import io
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tasks.store.foreign import child_process

WIDTH = 560  # pixels
MOST_SCALE = 2.0
QUALITY = 55
SECONDS = 120  # for a batch; a page takes 0.05
BATCH = 20  # pages a child draws: one that dies costs no more
MEMORY_MIB = 640


def draw_pictures(path: Path, pages: Sequence[int]) -> dict[int, str]:
    """JPEG of each page as base64; pages that cannot be drawn are missing."""
    found: dict[int, str] = {}
    for at in range(0, len(pages), BATCH):
        batch = pages[at : at + BATCH]
        for line in _draw_batch(path, batch).splitlines():
            number, _, picture = line.partition(" ")
            if number.isdecimal() and picture:
                found[int(number)] = picture
    return found


def _draw_batch(path: Path, pages: Sequence[int]) -> str:
    command = child_process.command("tasks.reading.sandbox.pictures", str(path), *map(str, pages))
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_process.environment(),
        text=True,
    )
    try:
        return process.communicate(timeout=SECONDS)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0] or ""


def _pictures(path: str, pages: Sequence[int]) -> Iterator[str]:
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    for number in pages:
        page = document[number - 1]
        scale = min(MOST_SCALE, WIDTH / max(1.0, page.get_width()))
        out = io.BytesIO()
        page.render(scale=scale).to_pil().convert("RGB").save(out, format="JPEG", quality=QUALITY)
        yield f"{number} {base64.b64encode(out.getvalue()).decode()}"


if __name__ == "__main__":
    from tasks.reading.sandbox.page_worker import limit_memory

    limit_memory(MEMORY_MIB)
    for line in _pictures(sys.argv[1], [int(page) for page in sys.argv[2:]]):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
