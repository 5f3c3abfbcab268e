"""One training by several processes, one a GPU: torchrun starts them, accelerate joins their gradients.

    book2lora study PLAN --machine processes=4

Each process computes its share of every update, so the batches, and with them the result, are those of one process.
The processes leave a finished checkpoint; the caller goes on from there.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from accelerate.utils.memory import should_reduce_batch_size

from tasks.errors import PlanError, TuningError
from tasks.finetuning import needs
from tasks.finetuning.attempt import Job, attempt
from tasks.finetuning.examples import Example
from tasks.folders import Checkpoint
from tasks.parent_death import dying_with_parent
from tasks.plan import FinetuningPlan, Machine
from tasks.progress import Progress, silent

JOB, LOG = "job.json", "processes.log"
TOLD = "book2lora "  # begins the lines of the first process that are meant for the caller


def check(plan: FinetuningPlan, machine: Machine) -> None:
    """Raise PlanError where something is missing, or the processes cannot share the batch or the GPUs."""
    for lack in needs.missing(plan, machine):
        raise PlanError(lack)


def train(job: Job, micro: int, progress: Progress) -> None:
    """Start the processes and wait. Raises what the caller's own training would: TuningError, or RuntimeError when memory runs out."""
    (job.scratch / JOB).write_text(json.dumps({"job": _told(job), "micro": micro}), "utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(job.machine.processes)]
    command += ["-m", "tasks.finetuning.together", str(job.scratch)]
    root = str(Path(__file__).parents[2])
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
    paths |= {"PYTHONSAFEPATH": "1"}  # here and in torchrun's own children: a file in the working folder is no module
    log = job.scratch / LOG
    with log.open("w") as errors:
        process = subprocess.Popen(
            dying_with_parent(command),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **paths},
            start_new_session=True,
        )
        failed = _listen(process, progress)
    if failed is not None:
        raise RuntimeError(failed["memory"]) if "memory" in failed else TuningError(failed["tuning"])
    if process.returncode:
        raise TuningError(f"a training process ended with code {process.returncode}: {log.read_text('utf-8').strip()[-1000:]}")


def _listen(process: subprocess.Popen[str], progress: Progress) -> dict[str, str] | None:
    """Pass the progress on until all have ended; what stopped them, if anything did."""
    failed = None
    try:
        for told in _lines(process):
            if "done" in told:
                progress(told["done"], told["total"], told["note"])
            else:
                failed = failed or told
        process.wait()
    finally:
        if process.poll() is None:  # the caller was interrupted
            process.terminate()
            process.wait()
    return failed


def _lines(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    for line in process.stdout or ():
        if line.startswith(TOLD):
            yield json.loads(line.removeprefix(TOLD))


def _told(job: Job) -> dict[str, object]:
    return {
        "checkpoint": job.checkpoint.model_dump(mode="json"),
        "train": job.train,
        "held_out": job.held_out,
        "book": job.book,
        "plan": job.plan.model_dump(mode="json"),
        "machine": job.machine.model_dump(mode="json"),
    }


def _job(told: dict[str, Any], scratch: Path) -> Job:
    train, held_out, book = ([Example(*row) for row in told[name]] for name in ("train", "held_out", "book"))
    return Job(
        checkpoint=Checkpoint.model_validate(told["checkpoint"]),
        train=train,
        held_out=held_out,
        book=book,
        plan=FinetuningPlan.model_validate(told["plan"]),
        machine=Machine.model_validate(told["machine"]),
        scratch=scratch,
    )


def _tell(**fields: object) -> None:
    sys.stdout.write(f"{TOLD}{json.dumps(fields)}\n")  # one write, so that no two processes' lines mix
    sys.stdout.flush()


def main(scratch: Path) -> int:
    """What each process does."""
    told = json.loads((scratch / JOB).read_text("utf-8"))
    first = os.environ["RANK"] == "0"
    try:
        progress: Progress = (lambda done, total, note="": _tell(done=done, total=total, note=note)) if first else silent
        attempt(_job(told["job"], scratch), told["micro"], progress)
    except TuningError as error:
        _tell(tuning=str(error))
        return 1
    except RuntimeError as error:
        if not should_reduce_batch_size(error):
            raise
        _tell(memory=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
