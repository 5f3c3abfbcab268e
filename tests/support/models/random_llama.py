"""Make a Llama of random weights in a local folder, to measure and to rehearse a study without anybody's weights.

    python tests/support/models/random_llama.py FOLDER                  the shape of Llama-3.2-1B, bfloat16: 2.5 GB
    python tests/support/models/random_llama.py FOLDER --shape small    8 million parameters, float32

Then `base.model: FOLDER` in a plan. Its tokenizer is a BPE of the handbook, filled up to the shape's vocabulary.
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))
SHAPES = {
    "small": {
        "hidden_size": 256,
        "intermediate_size": 688,
        "num_hidden_layers": 8,
        "num_attention_heads": 8,
        "num_key_value_heads": 8,
    },
    "large": {
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
    },
}
VOCABULARY = {"small": 8192, "large": 128256}
DTYPE = {"small": "float32", "large": "bfloat16"}


def make_random_llama(folder: Path, shape: str, seed: int = 0) -> None:
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


def make_tokenizer(size: int):
    """A BPE of the handbook; what is left of the vocabulary is entries that nothing is made of."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    from tasks.models.tiny_llama import BOS, EOS, train_tokenizer

    lines = [
        line
        for file in sorted((ROOT / "books" / "handbook").glob("*.md"))
        for line in file.read_text("utf-8").splitlines()
    ]
    tree = json.loads(train_tokenizer(lines, min(size, 6000)).backend_tokenizer.to_str())
    tree["model"]["vocab"] |= {
        f"<|unused {i}|>": i for i in range(len(tree["model"]["vocab"]), size)
    }
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(tree)), bos_token=BOS, eos_token=EOS
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="large")
    args = parser.parse_args()
    make_random_llama(args.folder, args.shape)
    print(args.folder)
