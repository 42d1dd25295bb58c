"""What one types with the folder of a run: `llmcourse sample`, `export-model`, `curves`."""

from __future__ import annotations

import pytest
import torch
from typer.testing import CliRunner

from llmcourse.course.cli import app
from llmcourse.pretrain.run.sampling import stream
from tests.pretrain.small_runs import MARK, MIXTRAL, a_run, a_tokenizer


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    a_run(folder, MIXTRAL, a_tokenizer(), steps=(5, 10))
    return folder


def typed(*words, given=None):
    result = CliRunner().invoke(app, [str(word) for word in words], input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def written(model, prompt, n, **settings):
    tokenizer = a_tokenizer()
    return prompt + "".join(stream(model, tokenizer, prompt, n, end_of_text=tokenizer.special_tokens[MARK], **settings))


def test_a_run_continues_a_text(run, tmp_path):
    from llmcourse.pretrain.results.trained import read_trained

    model = read_trained(run).model
    code, text = typed("sample", run, "--prompt", "for i", "--tokens", 12, "--temperature", 0)
    assert code == 0 and text == written(model, "for i", 12, temperature=0) + "\n"
    code, text = typed("sample", run, "--prompt", "for i", "--tokens", 9, "--samples", 2, "--seed", 4, "--top-k", 5)
    first, second = (written(model, "for i", 9, seed=seed, top_k=5) for seed in (4, 5))
    assert text.startswith(f"{first}\n{'-' * 40}\n{second}\n") and "of 2 parse as Python" in text
    older = read_trained(run, 5).model
    assert not torch.equal(older.embedding.weight, model.embedding.weight)
    assert typed("sample", run, "--prompt", "x", "--tokens", 9, "--temperature", 0, "--checkpoint", 5)[1] == (
        written(older, "x", 9, temperature=0) + "\n"
    )


def test_without_a_prompt_it_is_asked_line_by_line(run):
    from llmcourse.pretrain.results.trained import read_trained

    model = read_trained(run).model
    code, text = typed("sample", run, "--tokens", 4, "--temperature", 0, given="one\ntwo\n")
    assert code == 0
    assert text == "".join(written(model, prompt, 4, temperature=0) + "\n" for prompt in ("one", "two"))


def test_a_model_is_exported_and_talks_from_there(run, tmp_path):
    code, text = typed("export-model", run, tmp_path / "out", "--dtype", "fp32", "--max-shard-mb", 0.02)
    assert code == 0, text
    assert "tensors read back, each bit as it was written" in text and "greedy tokens" in text
    assert len(list((tmp_path / "out").glob("*.safetensors"))) > 3
    same = [
        typed("sample", folder, "--prompt", "x", "--tokens", 9, "--temperature", 0)
        for folder in (run, tmp_path / "out")
    ]
    assert same[0] == same[1]
    code, text = typed("export-model", run, tmp_path / "out")
    assert code == 1 and "which is there already" in text
    code, text = typed("export-model", run, tmp_path / "out", "--overwrite", "--no-compare", "--checkpoint", 5)
    assert code == 0 and "were not compared with transformers" in text
    assert [path.name for path in (tmp_path / "out").glob("*.safetensors")] == ["model.safetensors"]


def test_a_text_longer_than_what_the_model_has_read_is_noted(run):
    code, text = typed("sample", run, "--prompt", "x", "--tokens", 64)
    assert code == 0 and text.startswith("note  the model has read at most 64 tokens at a time")


def test_curves_are_a_page(run, tmp_path):
    code, text = typed("curves", run, "--out", tmp_path / "page.html")
    assert code == 0 and "page.html" in text and (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("sample", "{none}", "--prompt", "x"), "holds no model"),
        (("sample", "{run}", "--prompt", "x", "--samples", 0), "samples is 0; it must be at least 1"),
        (("sample", "{run}", "--prompt", "x", "--top-k", 0), "top_k is 0; it must be at least 1"),
        (("sample", "{run}", "--prompt", "x", "--checkpoint", 7), "step-00000007 is not there"),
        (("export-model", "{run}", "{none}/out", "--layout", "llama"), "layout is 'llama'; it must be 'mixtral'"),
        (("curves", "{none}"), "has no history"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(run, tmp_path, words, says):
    code, text = typed(*[str(word).replace("{run}", str(run)).replace("{none}", str(tmp_path)) for word in words])
    assert code == 1 and says in text and "Traceback" not in text
