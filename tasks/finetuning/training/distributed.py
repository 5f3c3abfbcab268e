"""One training by several processes, one a GPU: torchrun starts them, accelerate joins their
gradients.

    book2lora study PLAN --machine processes=4

Each process computes its share of every update, so the batches, and with them the result, are those
of one process.
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

from tasks.finetuning import requirements
from tasks.finetuning.examples import Example
from tasks.finetuning.training.train_once import TrainingJob, train_once
from tasks.schemas.errors import PlanError, TuningError
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Message, Ordinal, build_message
from tasks.schemas.plan_sections import FinetuningPlan
from tasks.store.artifact_folders import Checkpoint
from tasks.store.parent_death import dying_with_parent
from tasks.store.progress import ProgressCallback, ignore_progress

JOB_FILE, LOG_FILE = "job.json", "processes.log"
MESSAGE_PREFIX = "book2lora "  # begins the lines of the first process that are meant for the caller


def check_requirements(plan: FinetuningPlan, machine: Machine) -> None:
    """Raise PlanError where something is missing, or the processes cannot share the batch or the
    GPUs.
    """
    for lack in requirements.list_unmet_requirements(plan, machine):
        raise PlanError(lack)


def train_distributed(job: TrainingJob, micro: int, progress: ProgressCallback) -> None:
    """Start the processes and wait. Raises what the caller's own training would: TuningError, or
    RuntimeError when memory runs out.
    """
    (job.scratch / JOB_FILE).write_text(
        json.dumps({"job": _dump_job(job), "micro": micro}), "utf-8"
    )
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        str(job.machine.processes),
    ]
    command += ["-m", "tasks.finetuning.training.distributed", str(job.scratch)]
    root = str(Path(__file__).parents[3])
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
    paths |= {
        "PYTHONSAFEPATH": "1"
    }  # here and in torchrun's own children: a file in the working folder is no module
    log = job.scratch / LOG_FILE
    with log.open("w") as errors:
        process = subprocess.Popen(
            dying_with_parent(command),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **paths},
            start_new_session=True,
        )
        failed = _follow_processes(process, progress)
    if failed is not None:
        raise (
            RuntimeError(failed["memory"])
            if "memory" in failed
            else TuningError(*map(Message.model_validate, failed["tuning"]))
        )
    if process.returncode:
        raise TuningError(
            build_message(
                "process-ended",
                code=Ordinal(process.returncode),
                log=log.read_text("utf-8").strip()[-1000:],
            )
        )


def _follow_processes(
    process: subprocess.Popen[str], progress: ProgressCallback
) -> dict[str, Any] | None:
    """Pass the progress on until all have ended; what stopped them, if anything did."""
    failed = None
    try:
        for told in _read_messages(process):
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


def _read_messages(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    for line in process.stdout or ():
        if line.startswith(MESSAGE_PREFIX):
            yield json.loads(line.removeprefix(MESSAGE_PREFIX))


def _dump_job(job: TrainingJob) -> dict[str, object]:
    return {
        "checkpoint": job.checkpoint.model_dump(mode="json"),
        "train": job.train,
        "held_out": job.held_out,
        "book": job.book,
        "plan": job.plan.model_dump(mode="json"),
        "machine": job.machine.model_dump(mode="json"),
    }


def _load_job(told: dict[str, Any], scratch: Path) -> TrainingJob:
    train, held_out, book = (
        [Example(*row) for row in told[name]] for name in ("train", "held_out", "book")
    )
    return TrainingJob(
        checkpoint=Checkpoint.model_validate(told["checkpoint"]),
        train=train,
        held_out=held_out,
        book=book,
        plan=FinetuningPlan.model_validate(told["plan"]),
        machine=Machine.model_validate(told["machine"]),
        scratch=scratch,
    )


def _send_message(**fields: object) -> None:
    sys.stdout.write(
        f"{MESSAGE_PREFIX}{json.dumps(fields)}\n"
    )  # one write, so that no two processes' lines mix
    sys.stdout.flush()


def main(scratch: Path) -> int:
    """What each process does."""
    told = json.loads((scratch / JOB_FILE).read_text("utf-8"))
    first = os.environ["RANK"] == "0"
    try:
        progress: ProgressCallback = (
            (lambda done, total, note="": _send_message(done=done, total=total, note=note))
            if first
            else ignore_progress
        )
        train_once(_load_job(told["job"], scratch), told["micro"], progress)
    except TuningError as error:
        _send_message(tuning=[part.model_dump(mode="json") for part in error.args])
        return 1
    except RuntimeError as error:
        if not should_reduce_batch_size(error):
            raise
        _send_message(memory=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
