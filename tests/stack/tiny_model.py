"""
Write a Qwen3 model with random weights that the real vLLM loads: one megabyte in several shards, with an index.

Run by the Python of .vllm: ``tiny_model.py FOLDER``. The same seed gives the same bytes.
"""

import json
import sys
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

VOCABULARY = 512
POSITIONS = 40960
"""Qwen3-8B's, so that a context length planned for that one is accepted."""

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MARKERS = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>")
"""Tokens as well, but not special ones: the tool and reasoning parsers look for them in the text."""

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer() -> PreTrainedTokenizerFast:
    """Return a byte-level tokenizer with Qwen's markers."""
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(SPECIAL) - len(MARKERS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    words.train_from_iterator([CHAT_TEMPLATE, __doc__ or ""], trainer)
    words.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in SPECIAL])
    words.add_tokens([AddedToken(word, special=False, normalized=False) for word in MARKERS])
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        eos_token="<|im_end|>",  # noqa: S106 - a token of text
        pad_token="<|endoftext|>",  # noqa: S106 - the same
        model_max_length=POSITIONS,
        chat_template=CHAT_TEMPLATE,
    )


def config(words: PreTrainedTokenizerFast) -> Qwen3Config:
    """Return Qwen3's shape with the smallest numbers that vLLM's attention takes on a CPU."""
    end, pad = words.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    return Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=POSITIONS,
        bos_token_id=pad,
        eos_token_id=end,
        pad_token_id=pad,
    )


def write(folder: Path) -> None:
    """Write the model to *folder*."""
    words = tokenizer()
    torch.manual_seed(0)
    model = Qwen3ForCausalLM(config(words)).to(torch.bfloat16)
    # Small shards: with one file alone there would be no index.
    model.save_pretrained(folder, max_shard_size="100KB")
    words.save_pretrained(folder)
    (folder / "configuration.json").write_text(json.dumps({"framework": "pytorch", "task": "text-generation"}))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
