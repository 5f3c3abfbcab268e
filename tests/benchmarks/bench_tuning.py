"""One optimizer update of 16 texts, ours beside a plain Trainer, TRL, and padding to 384: processor time on one thread.

    python tests/benchmarks/bench_tuning.py                  CASES; with BENCH_LARGE=1 that of the 1B shape, too: a quarter of an hour more
    python tests/benchmarks/bench_tuning.py --updates 14     one case of your own

Each contestant is a process of its own, they take turns update by update, with the same texts in each update, the same micro-batch and the same LoRA (the
exercise's: r 8 on q_proj and v_proj). The first update is told apart, as the time from start to it. TRL runs without its
default gradient checkpointing, which would slow it by a third. Prints a Markdown table.
"""

import argparse
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
BATCH, LIMIT = 16, 384  # texts an update, tokens a text at most
CASES, LARGE = (
    ("--updates 8",),
    ("--shape large --updates 4 --who ours trainer trl",),
)  # random weights
TARGETS = {"trl": "≥ 1.4 ×", "trainer": "≥ 1.1 ×", "padded": "≥ 5 ×"}
NAMES = {
    "ours": "book2lora",
    "packed": "book2lora, packing",
    "trainer": "transformers Trainer, dynamic padding",
    "trl": "TRL SFTTrainer",
    "padded": "transformers Trainer, padded to 384",
}


def main() -> None:
    """Build the case, run the contestants one after the other, print the table."""
    if len(sys.argv) > 1:
        case(sys.argv[1:])
        return
    for arguments in CASES + (LARGE if os.environ.get("BENCH_LARGE") else ()):
        case(arguments.split())


def case(arguments: list[str]) -> None:
    """One table."""
    args = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        from flows.cli.random_model import make_random_model

        make_random_model(folder / "base", args.shape)
        results = _in_turns(folder, args)
    _print(args, results)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=("small", "large"), default="small")
    parser.add_argument("--updates", type=int, default=8)
    parser.add_argument("--micro", type=int, default=4)
    parser.add_argument("--who", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument(
        "--folder", default=None, help="where the model is made; the large one takes 3 GB"
    )
    return parser


def pairs(count: int):
    """Vignettes of 20 to 60 words from the handbook's own, with a diagnosis of two words."""
    from tasks.schemas.item_rows import Pair

    dice = random.Random(0)
    words = [
        w
        for file in sorted((ROOT / "books").rglob("*.md"))
        for w in file.read_text("utf-8").split()
        if w.isalpha()
    ]

    def some(least: int, most: int) -> str:
        start = dice.randrange(len(words) - most)
        return " ".join(words[start : start + dice.randint(least, most)])

    return [
        Pair(id=f"p{i}", fact=str(i), symptom=some(15, 55), diagnosis=some(2, 2))
        for i in range(count)
    ]


def plan(updates: int, packing: bool = False):
    from tasks.schemas.plan_sections import FinetuningPlan

    return FinetuningPlan(
        rank=8, alpha=16, dropout=0.0, target_modules=("q_proj", "v_proj"), learning_rate=1e-4, schedule="constant", warmup=0.0, updates=updates,
        batch_size=BATCH, max_tokens=LIMIT, packing=packing, loss_on="text",
    )  # fmt: skip


def work(who: str, folder: Path, texts: int, updates: int, micro: int, dtype: str) -> None:
    """Train as one contestant; leaves the clock at each update, the losses and the peak memory."""
    from tasks.models.model_hub import resolve_base_model
    from tasks.schemas.machine import Machine
    from tasks.schemas.plan_sections import BasePlan

    checkpoint = resolve_base_model(BasePlan(model=str(folder / "base")))
    machine, clock = Machine(device="cpu", dtype=dtype, micro_batch=micro), Clock()
    clock.take()
    run = {"ours": _ours, "packed": _ours}.get(who, _theirs)
    losses = run(who, checkpoint, machine, pairs(texts), updates, folder / who, clock)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    (folder / f"{who}.json").write_text(
        json.dumps({"clock": clock, "losses": losses, "peak": peak})
    )


def _ours(who, checkpoint, machine, rows, updates, folder, clock) -> list[float]:
    from tasks.finetuning.fit import fit_adapter

    done = fit_adapter(
        checkpoint, rows, [], plan(updates, who == "packed"), language="fa", machine=machine, folder=folder / "adapter", scratch=folder / "scratch",
        progress=lambda done, total, note="": clock.take(),
    )  # fmt: skip
    return [step.loss for step in done.steps]


def _theirs(who, checkpoint, machine, rows, updates, folder, clock) -> list[float]:
    """The texts in the order of our updates, unshuffled and unsorted inside them."""
    import torch
    from transformers import TrainerCallback

    from tasks.finetuning import lora
    from tasks.models.loading import load_model

    class Tick(TrainerCallback):
        def on_log(self, *args, logs=None, **kwargs):
            if "loss" in (logs or {}):
                clock.take()

    loaded = load_model(checkpoint, machine)
    model = lora.attach_fresh_adapter(loaded.model, plan(updates))
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0)).tolist()
    trainer = (_trl if who == "trl" else _trainer)(
        model, loaded.tokenizer, [rows[i] for i in order], machine, updates, folder, who == "padded"
    )
    trainer.add_callback(Tick())
    trainer.train()
    return [row["loss"] for row in trainer.state.log_history if "loss" in row]


def _settings(machine, updates: int, folder: Path) -> dict:
    return {
        "output_dir": str(folder), "per_device_train_batch_size": machine.micro_batch, "max_steps": updates, "learning_rate": 1e-4,
        "gradient_accumulation_steps": BATCH // machine.micro_batch, "lr_scheduler_type": "constant", "logging_steps": 1, "report_to": "none",
        "save_strategy": "no", "use_cpu": True, "bf16": False, "disable_tqdm": True, "train_sampling_strategy": "sequential",
    }  # fmt: skip


def _trl(model, tokenizer, rows, machine, updates, folder, padded):
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from tasks.prompts import split_training_text

    args = SFTConfig(
        **_settings(machine, updates, folder),
        max_length=LIMIT,
        gradient_checkpointing=False,
        dataset_text_field="text",
    )
    texts = Dataset.from_dict({"text": ["".join(split_training_text(row, "fa")) for row in rows]})
    return SFTTrainer(model=model, args=args, train_dataset=texts, processing_class=tokenizer)


def _trainer(model, tokenizer, rows, machine, updates, folder, padded):
    from transformers import Trainer, TrainingArguments

    from tasks.finetuning.examples import IGNORED_LABEL, build_dataset, encode_pairs
    from tasks.finetuning.training.batches import pad_rows

    def to_limit(texts):
        """Every text filled up to the limit, as older scripts do."""
        filled = [
            {
                name: text[name] + [value] * (LIMIT - len(text[name]))
                for name, value in (("input_ids", 1), ("labels", IGNORED_LABEL))
            }
            for text in texts
        ]
        mask = [
            [1] * len(text["input_ids"]) + [0] * (LIMIT - len(text["input_ids"])) for text in texts
        ]
        import torch

        return pad_rows(filled, 1) | {"attention_mask": torch.tensor(mask)}

    examples = encode_pairs(rows, tokenizer, plan(updates), "fa").examples
    collate = to_limit if padded else lambda texts: pad_rows(texts, 1)
    return Trainer(
        model=model,
        args=TrainingArguments(**_settings(machine, updates, folder)),
        train_dataset=build_dataset(examples),
        data_collator=collate,
    )


def _in_turns(folder: Path, args: argparse.Namespace) -> dict[str, dict]:
    """All contestants at once, one update at a time: each stops itself after an update and is woken when it is its turn."""
    running = {who: _start(who, folder, args) for who in args.who}
    while running:
        for who, process in list(running.items()):
            os.kill(process.pid, signal.SIGCONT)
            _, status = os.waitpid(process.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                del running[who]
                if status:
                    raise SystemExit(
                        f"{who} failed:\n{(folder / f'{who}.err').read_text()[-2000:]}"
                    )
    return {who: json.loads((folder / f"{who}.json").read_text()) for who in args.who}


def _start(who: str, folder: Path, args: argparse.Namespace) -> subprocess.Popen:
    updates = min(args.updates, 3) if who == "padded" else args.updates  # five times as long
    dtype = {"small": "float32", "large": "bfloat16"}[args.shape]
    command = [
        sys.executable,
        __file__,
        "--work",
        who,
        str(folder),
        str(BATCH * args.updates),
        str(updates),
        str(args.micro),
        dtype,
    ]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=(folder / f"{who}.err").open("w"),
    )
    os.waitpid(process.pid, os.WUNTRACED)  # it stops before any work
    return process


class Clock(list):
    """Seconds of processor time after each update; taking one ends the turn."""

    def take(self) -> None:
        self.append(time.process_time())
        os.kill(os.getpid(), signal.SIGSTOP)


def _print(args: argparse.Namespace, results: dict[str, dict]) -> None:
    from headline import print_headline

    tokens = "float32" if args.shape == "small" else "bfloat16"
    print(
        f"\n{args.shape} model, {tokens}, {BATCH} texts an update in micro-batches of {args.micro}, one thread; medians over the updates after the first\n"
    )
    print(
        "| | CPU s an update | times faster | start to first update, CPU s | peak GB | largest difference of a loss |\n|---|---|---|---|---|---|"
    )
    steps = {
        who: median(b - a for a, b in zip(r["clock"][1:], r["clock"][2:], strict=False))
        for who, r in results.items()
    }
    first = "ours" if "ours" in results else next(iter(results))
    for who, r in results.items():
        apart = max(abs(a - b) for a, b in zip(r["losses"], results[first]["losses"], strict=False))
        print(
            f"| {NAMES[who]} | {steps[who]:.2f} | {steps[who] / steps[first]:.2f} × ours | {r['clock'][1]:.1f} | {r['peak']:.2f} | {apart:.0e} |"
        )
        if who in TARGETS:
            print_headline(
                f"CPU of an update, {args.shape} model: {NAMES[who]} beside ours",
                f"{steps[who] / steps[first]:.2f} ×",
                TARGETS[who],
            )
    print_headline(
        f"start to first update, {args.shape} model",
        f"{results[first]['clock'][1]:.1f} s CPU; peak {results[first]['peak']:.2f} GB",
    )
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("torch", "transformers", "peft", "trl")
    )
    print(
        f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"
    )


if __name__ == "__main__":
    if "--work" in sys.argv:
        place = sys.argv.index("--work")
        who, where, texts, updates, micro, dtype = sys.argv[place + 1 :]
        work(who, Path(where), int(texts), int(updates), int(micro), dtype)
    else:
        main()
