"""What a model card says: what the model is, what it was trained on, how far it came, how to use it (chapter 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmcourse.model.accounting import model_costs
from llmcourse.pretrain.results.trained import Trained
from llmcourse.pretrain.settings.toml import to_toml

TOLD = {
    "loss": "loss of the last training batch (nats per token)",
    "val_loss": "validation loss (nats per token)",
    "val_bits_per_byte": "validation bits per byte",
    "python_share": "share of samples that parse as Python",
}


def model_card(trained: Trained, theirs: Mapping[str, Any], dtype: str, name: str) -> str:
    """The text of `README.md`. Nothing in it names a folder of the machine that trained the model.

    Args:
        trained: The model and what is known of its run.
        theirs: Its `config.json`.
        dtype: Of the weights in the files.
        name: Of the folder.
    """
    facts = _facts(trained, theirs, dtype)
    table = "\n".join(f"| {what} | {value} |" for what, value in facts)
    parts = [
        f"---\nlibrary_name: transformers\npipeline_tag: text-generation\ntags: [{theirs['model_type']}]\n---",
        f"# {name}",
        f"A language model trained with `llmcourse`, in the layout of `{theirs['architectures'][0]}`. It continues "
        "text; it follows no instructions, and nothing was done to keep it from wrong or harmful text.",
        f"| | |\n| :-- | :-- |\n{table}",
        f"## Use\n\n```python\n{_usage(trained, name)}\n```",
    ]
    if settings := _settings(trained):
        parts.append(f"## How it was trained\n\n```toml\n{settings.strip()}\n```")
    return "\n\n".join(parts) + "\n"


def _facts(trained: Trained, theirs: Mapping[str, Any], dtype: str) -> list[tuple[str, str]]:
    config = trained.model.config
    costs = model_costs(config, config.max_seq_len)
    facts = [("parameters", f"{costs.parameters:,}")]
    if costs.active_parameters != costs.parameters:
        facts.append(("of which a token meets", f"{costs.active_parameters:,}"))
    facts += [
        ("weights", {"bf16": "bfloat16", "fp32": "float32"}[dtype]),
        ("context", f"{config.max_seq_len:,} tokens"),
    ]
    if trained.tokenizer is not None:
        facts.append(("tokenizer", f"byte-level BPE, {len(trained.tokenizer):,} tokens"))
    if trained.step is not None:
        facts.append(("steps", f"{trained.step:,}"))
    if trained.run is not None and trained.step is not None:
        data = trained.run.data
        facts.append(("training tokens", f"{trained.step * data.batch_size * data.seq_len:,}"))
        facts.append(("text", ", ".join(source.name for source in data.sources)))
    for field, what in TOLD.items():
        if found := [row for row in trained.rows if field in row]:
            facts.append((what, f"{found[-1][field]:.4g}, after step {found[-1]['step']:,}"))  # type: ignore[literal-required]
    return facts


def _usage(trained: Trained, name: str) -> str:
    lines = [
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n",
        f'model = AutoModelForCausalLM.from_pretrained("{name}")',
    ]
    if trained.tokenizer is None:
        return "\n".join(lines)
    begin = "" if trained.end_of_text is None else trained.tokenizer.token_bytes(trained.end_of_text).decode()
    lines += [
        f'tokenizer = AutoTokenizer.from_pretrained("{name}")',
        f'ids = tokenizer({begin + "def "!r}, return_tensors="pt")',
        "print(tokenizer.decode(model.generate(**ids, max_new_tokens=64, do_sample=True, temperature=0.8)[0]))",
    ]
    return "\n".join(lines)


def _settings(trained: Trained) -> str:
    """The settings that decide what a run computes, without the places where its files lie."""
    if trained.run is None:
        return ""
    told = trained.run.as_dict()
    told["data"] = {name: value for name, value in told["data"].items() if name not in ("folder", "workers")}
    told["data"]["sources"] = [
        {name: value for name, value in source.items() if name != "files"} for source in told["data"]["sources"]
    ]
    return to_toml({name: told[name] for name in ("data", "model", "training")})
