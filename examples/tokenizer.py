"""Learn a tokenizer from your own files, and use it with `transformers`.

python examples/tokenizer.py my_texts/ --vocab-size 2048 --out my_tokenizer
"""

import argparse
from pathlib import Path

from llmcourse.pretrain.data.documents import read_documents
from llmcourse.tokenization import BPETokenizer

parser = argparse.ArgumentParser(description="Learn a tokenizer.")
parser.add_argument("texts", help="A folder or a file.")
parser.add_argument("--vocab-size", type=int, default=2048)
parser.add_argument("--out", type=Path, default=Path("my_tokenizer"))
wanted = parser.parse_args()

tokenizer = BPETokenizer.train(read_documents(wanted.texts), wanted.vocab_size, special_tokens=["<|endoftext|>"])
wanted.out.mkdir(parents=True, exist_ok=True)
tokenizer.save(wanted.out / "tokenizer.json")

text = next(read_documents(wanted.texts))[:2000]
ids = tokenizer.encode(text)
print(f"{len(tokenizer)} tokens; {len(text.encode()) / len(ids):.2f} bytes a token in the first text")

try:
    from transformers import PreTrainedTokenizerFast
except ImportError:
    print("transformers is not installed; tokenizer.json is for it and for `tokenizers`, too")
else:
    theirs = PreTrainedTokenizerFast(tokenizer_file=str(wanted.out / "tokenizer.json"), eos_token="<|endoftext|>")
    assert theirs(text).input_ids == ids
    theirs.save_pretrained(wanted.out)
    print(f"transformers gives the same ids; AutoTokenizer.from_pretrained({str(wanted.out)!r}) loads it")
