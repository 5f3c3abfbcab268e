"""Paired evaluation against two lm_eval commands, on one machine, in turns: seconds of processor time on one thread.

    python tests/benchmarks/bench_scoring.py                  CASES; with BENCH_LARGE=1 those of the 1B shape, too: half an hour more
    python tests/benchmarks/bench_scoring.py --shape large --modes digits --rounds 1        one case of your own

Both sides start a process, import, load, score base and tuned, and write; lm_eval does so twice. Prints a Markdown table.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
DTYPE = {"small": "float32", "large": "bfloat16"}
CASES = {  # arguments: the ratio wanted
    "--after-paper": "≥ 5 ×",
    "": "≥ 5 ×",
}
LARGE = {
    "--shape large --after-paper --rounds 1": "≥ 4 ×",
    "--shape large --modes digits --rounds 1": "≥ 1.7 ×",
}  # random weights


class Cost(NamedTuple):
    """What one command took."""

    cpu: float  # seconds of processor time, children and all
    wall: float  # seconds
    memory: float  # GB at the peak


def main() -> None:
    """Build the case, run the contestants in turns, print the table."""
    if len(sys.argv) > 1:
        case(sys.argv[1:])
        return
    for arguments, target in (CASES | (LARGE if os.environ.get("BENCH_LARGE") else {})).items():
        case(arguments.split(), target)
    rotations()


def rotations() -> None:
    """Four rotations beside one, in digits; both with their start, which the one cannot share out."""
    from headline import print_headline

    with tempfile.TemporaryDirectory() as name:
        costs: dict[int, list[float]] = {1: [], 4: []}
        for count in costs:
            build(Path(name) / str(count), "small", 100, ["digits"], count)
        for _ in range(3):
            for count, seconds in costs.items():
                args = _parser().parse_args(
                    ["--ours-only", "--modes", "digits", "--rotations", str(count)]
                )
                seconds.append(
                    _measure(commands(Path(name) / str(count), args)["book2lora"][0]).cpu
                )
    ratio = median(costs[4]) / median(costs[1])
    print(
        f"\nfour rotations beside one, small model, digits: {median(costs[4]):.1f} s and {median(costs[1]):.1f} s of CPU, {ratio:.2f} ×"
    )
    print_headline(
        "four rotations of the options beside one, whole command", f"{ratio:.2f} ×", "≤ 2.2 ×"
    )


def case(arguments: list[str], target: str = "") -> None:
    """One table."""
    args = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        lengths = build(folder, args.shape, args.questions, args.modes, args.rotations)
        if args.after_paper:
            _ask_after_paper(folder / "tasks" / "bench.jsonl")
        names = list(commands(folder, args))
        costs: dict[str, list[Cost]] = {who: [] for who in names}
        for _ in range(args.rounds):
            for who, runs in commands(folder, args).items():
                costs[who].append(_sum([_measure(run) for run in runs]))
        _print(args, lengths, costs, target)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=DTYPE, default="small")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rotations", type=int, default=1)
    parser.add_argument("--modes", nargs="+", default=["digits", "cloze"])
    parser.add_argument(
        "--folder", default=None, help="where the models are made; the large one takes 3 GB"
    )
    parser.add_argument("--ours-only", action="store_true")
    parser.add_argument(
        "--after-paper",
        action="store_true",
        help="option texts after the whole paper instead of the study's short frame",
    )
    return parser


def commands(folder: Path, args: argparse.Namespace) -> dict[str, list[list[str]]]:
    """The contestants, and the commands that each one needs."""
    ours = [
        sys.executable,
        "-c",
        "from flows.cli.main import main; main()",
        "evaluate",
        "--base",
        str(folder / "base"),
    ]
    ours += [
        "--adapter",
        str(folder / "adapter"),
        "--questions",
        str(folder / "questions.jsonl"),
        "--out",
        str(folder / "out.jsonl"),
    ]
    ours += [
        "--set",
        f"evaluation.modes={json.dumps(args.modes)}",
        "--set",
        f"evaluation.rotations={args.rotations}",
    ]
    ours += [
        "--set",
        f"comparison.primary_mode={args.modes[0]}",
        "--machine",
        "device=cpu",
        "--machine",
        f"dtype={DTYPE[args.shape]}",
    ]
    if args.after_paper:
        ours = [sys.executable, __file__, "--work", str(folder), DTYPE[args.shape], *args.modes]
    if args.ours_only:
        return {"book2lora": [ours]}
    kinds = [f"book2lora_bench_{mode}" for mode in args.modes if mode in ("digits", "cloze")] + [
        f"book2lora_bench_digits_r{r}" for r in range(1, args.rotations)
    ]
    shared = [
        sys.executable,
        "-m",
        "lm_eval",
        "--model",
        "hf",
        "--include_path",
        str(folder / "tasks"),
        "--tasks",
        ",".join(kinds),
    ]
    shared += ["--device", "cpu", "--batch_size", "8"]
    base = f"pretrained={folder / 'base'},dtype={DTYPE[args.shape]}"
    theirs = [
        [*shared, "--model_args", base],
        [*shared, "--model_args", f"{base},peft={folder / 'adapter'}"],
    ]
    return {"lm_eval, twice": theirs, "book2lora": [ours]}


def build(folder: Path, shape: str, count: int, modes: list[str], rotations: int) -> float:
    """Model, adapter, questions and task folder; the mean length of a paper in tokens."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from flows.cli.random_model import make_random_model
    from tasks import prompts
    from tasks.evaluation import lm_eval_task
    from tasks.schemas.plan_sections import EvaluationPlan

    folder.mkdir(exist_ok=True)
    make_random_model(folder / "base", shape)
    tokenizer = AutoTokenizer.from_pretrained(folder / "base")
    model = AutoModelForCausalLM.from_pretrained(
        folder / "base", dtype=getattr(torch, DTYPE[shape])
    )
    adapter = LoraConfig(
        r=16,
        lora_alpha=32,
        target_modules="all-linear",
        init_lora_weights=False,
        task_type="CAUSAL_LM",
    )
    get_peft_model(model, adapter).save_pretrained(folder / "adapter")
    questions = _questions(count)
    plan = EvaluationPlan(modes=tuple(modes), rotations=rotations)
    lm_eval_task.write_task_folder(folder / "tasks", {"bench": questions}, plan)
    (folder / "questions.jsonl").write_text(
        "".join(question.model_dump_json() + "\n" for question in questions), "utf-8"
    )
    return (
        sum(
            len(tokenizer(prompts.build_question_prompt(question))["input_ids"])
            for question in questions
        )
        / count
    )


def _text() -> str:
    return "\n".join(file.read_text("utf-8") for file in sorted((ROOT / "books").rglob("*.md")))


def _questions(count: int):
    """Stems of about 40 words and options of about 3, from the handbook's own words."""
    from tasks.schemas.item_rows import Question

    rng, words = random.Random(0), [word for word in _text().split() if word.isalpha()]

    def some(least: int, most: int) -> str:
        start = rng.randrange(len(words) - most)
        return " ".join(words[start : start + rng.randint(least, most)])

    return [
        Question(
            id=f"q{i}",
            fact=str(i),
            question=some(22, 42) + "؟",
            options=tuple(some(2, 4) for _ in range(4)),
            answer=1 + i % 4,
        )
        for i in range(count)
    ]


def _ask_after_paper(file: Path) -> None:
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    file.write_text(
        "".join(
            json.dumps(row | {"cloze": row["paper_0"]}, ensure_ascii=False) + "\n" for row in rows
        ),
        "utf-8",
    )


def work(folder: Path, dtype: str, modes: list[str]) -> None:
    """The evaluation with option texts after the whole paper, which is not one of the study's modes."""
    from tasks.evaluation.eval_requests import build_requests, get_prompt_builder
    from tasks.evaluation.evaluate import score_requests
    from tasks.models.loading import load_model
    from tasks.models.model_hub import resolve_base_model
    from tasks.schemas.item_rows import Question
    from tasks.schemas.machine import Machine
    from tasks.schemas.plan_sections import BasePlan, EvaluationPlan
    from tasks.store.progress import ignore_progress

    machine, plan = Machine(device="cpu", dtype=dtype), EvaluationPlan(modes=tuple(modes))
    questions = [
        Question.model_validate_json(line)
        for line in (folder / "questions.jsonl").read_text("utf-8").splitlines()
    ]
    loaded = load_model(
        resolve_base_model(BasePlan(model=str(folder / "base"))), machine, folder / "adapter"
    )
    words = get_prompt_builder(plan, "fa")
    put = build_requests(
        questions,
        plan,
        words._replace(build_cloze_prompt=lambda question: words.build_prompt(question, 0)),
        loaded.model,
        loaded.tokenizer,
    )
    rows = [
        row
        for tuned in (False, True)
        for row in score_requests(loaded, put, plan, "fa", machine, ignore_progress, tuned)
    ]
    (folder / "out.jsonl").write_text(
        "".join(row.model_dump_json() + "\n" for row in rows), "utf-8"
    )


def _measure(command: list[str]) -> Cost:
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    environment["PYTHONPATH"] = str(ROOT)
    start = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    stderr = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{stderr.decode()[-2000:]}")
    return Cost(
        usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss * 1024 / 1e9
    )


def _sum(costs: list[Cost]) -> Cost:
    return Cost(sum(c.cpu for c in costs), sum(c.wall for c in costs), max(c.memory for c in costs))


def _print(
    args: argparse.Namespace, length: float, costs: dict[str, list[Cost]], target: str
) -> None:
    from headline import print_headline

    first = next(iter(costs))
    print(
        f"\n{args.shape} model, {DTYPE[args.shape]}, {args.questions} questions of {length:.0f} tokens, {' and '.join(args.modes)}, base and tuned, "
        f"{args.rotations} rotation(s){', option texts after the paper' * args.after_paper}, one thread; medians of {args.rounds}\n"
    )
    print("| | CPU s | wall s | peak GB | times faster |\n|---|---|---|---|---|")
    for who, rows in costs.items():
        ratios = [theirs.cpu / ours.cpu for theirs, ours in zip(costs[first], rows, strict=True)]
        cpu, wall, memory = (median(getattr(row, field) for row in rows) for field in Cost._fields)
        print(f"| {who} | {cpu:.1f} | {wall:.1f} | {memory:.2f} | {median(ratios):.2f} |")
    what = f"{' + '.join(args.modes)}{', option texts after the paper' * args.after_paper}, {args.rotations} rotation(s)"
    print_headline(
        f"base and tuned, {args.questions} questions, {what}, {args.shape} model: CPU of two `lm_eval` commands beside ours",
        f"{median(ratios):.1f} × faster",
        target,
    )
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("torch", "transformers", "peft", "lm_eval")
    )
    print(
        f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(Path(sys.argv[2]), sys.argv[3], sys.argv[4:])
    else:
        main()
