"""A Llama of random weights in a local folder, to measure and to rehearse a study without anybody's
weights.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from tasks.schemas.errors import PlanError
from tasks.schemas.messages import build_message

SHAPES: dict[str, dict[str, int]] = {
    "small": {  # 8 million parameters
        "hidden_size": 256,
        "intermediate_size": 688,
        "num_hidden_layers": 8,
        "num_attention_heads": 8,
        "num_key_value_heads": 8,
    },
    "large": {  # Llama-3.2-1B's: 2.5 GB
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
    },
}
VOCABULARY = {"small": 8192, "large": 128256}
DTYPE = {"small": "float32", "large": "bfloat16"}
Shape = Literal["small", "large"]


def random_model(
    folder: Annotated[Path, Parameter(help="folder to write; must not exist")],
    /,
    *,
    shape: Annotated[
        Shape, Parameter(help="small: 8 million parameters; large: Llama-3.2-1B's, 2.5 GB")
    ] = "large",
) -> int:
    """Write a Llama of random weights, to rehearse a study with --set base.model=FOLDER."""
    if folder.exists():
        raise PlanError(build_message("place-taken", option="FOLDER", path=repr(str(folder))))
    make_random_model(folder, shape)
    print(folder)
    return 0


def make_random_model(folder: Path, shape: Shape, seed: int = 0) -> None:
    """Config, weights and tokenizer, as save_pretrained leaves them."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer(VOCABULARY[shape])
    config = LlamaConfig(
        **SHAPES[shape],
        vocab_size=len(tokenizer),
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=1,
        max_position_embeddings=4096,
    )
    torch.manual_seed(seed)
    kept = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, DTYPE[shape]))
    try:
        LlamaForCausalLM(config).save_pretrained(folder)
    finally:
        torch.set_default_dtype(kept)
    tokenizer.save_pretrained(folder)


def make_tokenizer(size: int) -> Any:
    """A BPE of the handbook; what is left of the vocabulary is entries that nothing is made of."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    from tasks.models.tiny_llama import BOS, EOS, train_tokenizer
    from tasks.reading.pdf import read_pages
    from tasks.schemas.plan_sections import ReadingPlan
    from tasks.schemas.project import PROJECT_ROOT

    pages = read_pages(PROJECT_ROOT / "books" / "handbook.pdf", ReadingPlan(), "fa")
    lines = [line for page in pages for line in page.text.splitlines()]
    tree = json.loads(train_tokenizer(lines, min(size, 6000)).backend_tokenizer.to_str())
    known = len(tree["model"]["vocab"])
    tree["model"]["vocab"] |= {f"<|unused {i}|>": i for i in range(known, size)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(tree)), bos_token=BOS, eos_token=EOS
    )
