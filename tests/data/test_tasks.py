"""Questions with several endings."""

from functools import partial

import pytest
import torch
from torch import Tensor

from llmcourse.data.tasks import RULES, Question, ask, next_line_questions, score_endings
from llmcourse.model import ModelConfig, Transformer

TEXTS = [
    "import numpy\n\n\ndef mean_of(values):\n    total = sum(values)\n    return total / len(values)\n",
    "import pathlib\n\n\nclass Folder:\n    places = pathlib.Path.cwd()\n    number_of_files = 17\n",
    "for word in text.split():\n    counts[word] += 1\n\nprint(max(counts.values()))\n",
]


class Bytes:
    def encode(self, text: str) -> list[int]:
        return list(text.encode())


def test_the_scores_of_a_transformer_are_those_of_one_token_after_the_other() -> None:
    torch.manual_seed(0)
    model = Transformer(ModelConfig(vocab_size=13, d_model=16, n_layers=2, n_heads=2, max_seq_len=9, init_std=0.5))
    prompt, endings = (
        torch.tensor([1, 2, 3]),
        [torch.tensor([4, 0, 5, 6, 7, 8]), torch.tensor([9]), torch.tensor([0, 0])],
    )
    want = []
    for ending in endings:
        ids, total = prompt, 0.0
        for token in ending:
            with torch.no_grad():
                total += float(model(ids[None])[0, -1].log_softmax(-1)[token])
            ids = torch.cat([ids, token[None]])
        want.append(total)
    got = score_endings(model, prompt, endings)
    torch.testing.assert_close(got, torch.tensor(want), atol=1e-5, rtol=1e-5)
    assert model.training


def test_questions_ask_for_the_next_line_among_lines_of_other_texts_that_are_indented_alike() -> None:
    questions = next_line_questions(TEXTS, 5, n_endings=3, n_lines=2)
    assert len(set(questions)) == 5
    for question in questions:
        right = question.endings[question.right]
        [source] = [text for text in TEXTS if question.prompt + right in text]
        assert 1 <= question.prompt.count("\n") <= 2 and len(set(question.endings)) == 3
        for ending in question.endings:
            assert len(ending) - len(ending.lstrip()) == len(right) - len(right.lstrip())
            assert ending == right or ending not in source
    assert max(len(ending) for question in questions for ending in question.endings) > 25
    short = next_line_questions(TEXTS, 3, n_endings=2, longest=24)
    assert max(len(ending) for question in short for ending in question.endings) <= 24 + len("\n")
    assert next_line_questions(TEXTS, 5, n_endings=3, n_lines=2) == questions
    assert next_line_questions(TEXTS, 5, n_endings=3, n_lines=2, seed=1) != questions


@pytest.mark.parametrize(
    ("settings", "named"), [({"n_endings": 1}, "n_endings 1"), ({"n_lines": 0}, "n_lines 0"), ({"n_questions": 0}, "0")]
)
def test_numbers_that_make_no_question_are_refused(settings: dict[str, int], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        next_line_questions(TEXTS, **({"n_questions": 1} | settings))


def test_texts_that_are_too_few_are_refused_with_how_far_they_went() -> None:
    with pytest.raises(ValueError, match="lines for 0 questions, and n_questions is 3"):
        next_line_questions(TEXTS[:1], 3, n_endings=2)


def test_each_rule_takes_length_into_account_in_its_own_way() -> None:
    def score(prompt: Tensor, endings: list[Tensor]) -> Tensor:
        given = {b"ab": -4.0, b"abc": -4.5, "ü".encode() * 3: -6.0}
        alone = {b"ab": -5.0, b"abc": -6.5, "ü".encode() * 3: -6.5}
        table = alone if bytes(prompt.tolist()) == b"\n" else given
        return torch.tensor([table[bytes(ending.tolist())] for ending in endings])

    questions = [Question("a prompt", ("ab", "abc", "üüü"), right) for right in range(3)]
    answers = ask(questions, score, Bytes(), max_len=32)
    # sums -4, -4.5, -6; over 2, 3 and 6 bytes, which are the tokens here, -2, -1.5, -1; the prompt adds 1, 2, 0.5
    assert tuple(answers) == RULES
    assert {rule: right.index(True) for rule, right in answers.items()} == dict(zip(RULES, (0, 2, 2, 1)))
    assert all(sum(right) == 1 for right in answers.values())


def test_of_a_prompt_that_is_too_long_the_end_is_read() -> None:
    seen: list[bytes] = []

    def score(prompt: Tensor, endings: list[Tensor]) -> Tensor:
        seen.append(bytes(prompt.tolist()))
        return torch.zeros(len(endings))

    ask([Question("0123456789", ("abc", "de"), 0)], score, Bytes(), max_len=8)
    assert seen == [b"56789", b"\n"]
    with pytest.raises(ValueError, match="max_len is 3; it must be above 3"):
        ask([Question("0123456789", ("abc", "de"), 0)], score, Bytes(), max_len=3)


def test_a_model_that_has_read_the_answers_gives_them() -> None:
    torch.manual_seed(0)
    model = Transformer(ModelConfig(vocab_size=256, d_model=32, n_layers=1, n_heads=2, max_seq_len=96, init_std=0.1))
    questions = next_line_questions(TEXTS, 5, n_endings=2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(40):
        for text in TEXTS:
            ids = torch.tensor([Bytes().encode(text)[:96]])
            loss = torch.nn.functional.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert all(ask(questions, partial(score_endings, model), Bytes(), max_len=96)["sum"])
