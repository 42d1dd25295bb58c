"""Questions with several endings, of which a model chooses the most probable one (chapter 3).

Shape suffixes: N endings, T tokens of the prompt and the longest ending, V vocabulary.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from llmcourse.model.losses import IGNORED, evaluation_mode, next_token_loss

SHORTEST = 12
"""Characters of a line that is asked for, its indentation left out: `else:` would fit in too many places."""


@torch.no_grad()
def score_endings(model: Callable[[Tensor], Tensor], prompt_T: Tensor, endings: Sequence[Tensor]) -> Tensor:
    """Score each ending of a prompt by its log-probability.

    ln p(ending | prompt) is the sum of ln p(token | all tokens before it) over the tokens of the ending. Those of the
    prompt count for nothing, and nor does what fills up a row behind its ending.

    Args:
        model: Gives logits (N, T, V) for ids (N, T), int64; those at a position follow from the ids up to there and
            from the position's number in its row. In evaluation mode here, and put back afterwards.
        prompt_T: Token ids, int64, at least one.
        endings: Token ids of each ending, int64; at least one ending, of at least one token each. They may differ in
            length; prompt and ending together are no longer than what the model can read.

    Returns:
        (N,), in nats, sums, not means; of the logits' dtype, or float32 where that is narrower. No gradient hangs on
        them.

    Raises:
        ValueError: The prompt or an ending is empty, or there is no ending.

    Example:
        >>> uniform = lambda ids_NT: torch.zeros(*ids_NT.shape, 8)  # ln 8 = 2.0794 for each token
        >>> score_endings(uniform, torch.tensor([1, 2]), [torch.tensor([3]), torch.tensor([4, 5])])
        tensor([-2.0794, -4.1589])
    """
    if not len(endings) or not all(map(len, (prompt_T, *endings))):
        lengths = [len(ending) for ending in endings]
        raise ValueError(
            f"the prompt has {len(prompt_T)} tokens and the endings have {lengths}; there must be one ending at least, "
            "and one token in each and in the prompt"
        )
    start = len(prompt_T)
    ids_NT = prompt_T.new_zeros(len(endings), start + max(map(len, endings)))
    targets_NT = torch.full_like(ids_NT, IGNORED)
    ids_NT[:, :start] = prompt_T
    for ids_T, targets_T, ending in zip(ids_NT, targets_NT, endings):
        ids_T[start : start + len(ending)] = targets_T[start : start + len(ending)] = ending
    with evaluation_mode(model):
        logits_NTV = model(ids_NT[:, :-1])
    return -next_token_loss(logits_NTV, targets_NT[:, 1:], reduction="none").sum(dim=1)


class Question(NamedTuple):
    """A prompt with some endings, one of which is right.

    Attributes:
        prompt: The text before.
        endings: What may follow.
        right: The position of the right one in `endings`.
    """

    prompt: str
    endings: tuple[str, ...]
    right: int


class Encoder(Protocol):
    """What turns a text into token ids."""

    def encode(self, text: str) -> Sequence[int]:
        """The ids of a text."""


def next_line_questions(
    texts: Sequence[str], n_questions: int, *, n_endings: int = 4, n_lines: int = 12, longest: int = 80, seed: int = 0
) -> list[Question]:
    """Ask which line comes next: the true one, or a line of another text that is indented as deep.

    Args:
        texts: What the lines are taken from; best such as no model has seen.
        n_questions: How many.
        n_endings: How many lines to choose from, at least 2.
        n_lines: How many lines before it are shown.
        longest: The most characters of a line to choose from, with its indentation.
        seed: Of the choice of lines and of their order.

    Raises:
        ValueError: A number is too small, or the texts have too few lines to ask for.

    Example:
        >>> texts = ["import math\\nprint(math.sqrt(2))\\n", "for word in text:\\n    count[word] += 1\\n"]
        >>> next_line_questions(texts, 1, n_endings=2)[0].prompt
        'import math\\n'
    """
    if n_questions < 1 or n_endings < 2 or n_lines < 1:
        raise ValueError(
            f"n_questions is {n_questions!r}, n_endings {n_endings!r}, n_lines {n_lines!r}; they must be at least 1, 2 "
            "and 1"
        )
    lines = [text.splitlines() for text in texts]
    places = defaultdict(list)  # by indentation: the text, the line
    for i, of_text in enumerate(lines):
        for k, line in enumerate(of_text):
            if len(line.strip()) >= SHORTEST and len(line) <= longest:
                places[len(line) - len(line.lstrip())].append((i, k))
    several = [alike for alike in places.values() if len({i for i, _ in alike}) > 1]
    asked = [place for alike in several for place in alike if place[1] > 0]
    dice = random.Random(seed)
    questions: list[Question] = []
    for i, k in dice.sample(asked, len(asked)):
        line = lines[i][k]
        alike = places[len(line) - len(line.lstrip())]
        others = sorted({lines[j][m] for j, m in alike if j != i} - {line})
        if len(others) < n_endings - 1:
            continue
        endings = [line, *dice.sample(others, n_endings - 1)]
        dice.shuffle(endings)
        before = lines[i][max(0, k - n_lines) : k]
        prompt = "".join(f"{text}\n" for text in before)
        questions.append(Question(prompt, tuple(f"{text}\n" for text in endings), endings.index(line)))
        if len(questions) == n_questions:
            return questions
    raise ValueError(f"the texts have lines for {len(questions)} questions, and n_questions is {n_questions!r}")


RULES = ("sum", "per token", "per byte", "mutual information")
"""How scores of endings become a choice."""


def ask(
    questions: Sequence[Question],
    score: Callable[[Tensor, Sequence[Tensor]], Tensor],
    tokenizer: Encoder,
    max_len: int,
    *,
    no_prompt: str = "\n",
    device: str | torch.device = "cpu",
) -> dict[str, list[bool]]:
    """Ask questions and say which were answered right, by each of four rules.

    The answer is the ending with the largest log-probability, as a "sum" or "per token" or "per byte" of the ending; or
    the one that the prompt makes more probable by most, the pointwise "mutual information" of prompt and ending:
    ln p(ending | prompt) - ln p(ending).

    Args:
        questions: What is asked.
        score: Log-probabilities of endings after a prompt, as from `functools.partial(score_endings, model)`.
        tokenizer: Encodes prompt and endings, each by itself.
        max_len: The most tokens that prompt and ending have together; of a longer prompt the last ones are kept.
        no_prompt: What stands before an ending where its own probability is asked for.
        device: Where the ids are.

    Returns:
        For each of `RULES` whether the answer is right; a list entry a question.

    Raises:
        ValueError: An ending leaves no room for a prompt.

    Example:
        >>> of_bytes = type("Bytes", (), {"encode": lambda self, text: list(text.encode())})()
        >>> shortest = lambda prompt, endings: torch.tensor([-float(len(ending)) for ending in endings])
        >>> ask([Question("a ", ("cat", "bird"), 0)], shortest, of_bytes, max_len=8)["sum"]
        [True]

    Source: the rules are those that Gao compares in "Multiple Choice Normalization in LM Evaluation" (2021).
    """
    answers: dict[str, list[bool]] = {rule: [] for rule in RULES}

    def encode(text: str) -> Tensor:
        return torch.tensor(tokenizer.encode(text), dtype=torch.int64, device=device)

    for question in questions:
        endings = [encode(text) for text in question.endings]
        n_tokens = torch.tensor([len(ending) for ending in endings])
        n_bytes = torch.tensor([len(text.encode()) for text in question.endings])
        room = max_len - int(n_tokens.max())
        if room < 1:
            raise ValueError(f"max_len is {max_len!r}; it must be above {n_tokens.max()}, the tokens of an ending")
        given, alone = (score(encode(text)[-room:], endings).cpu() for text in (question.prompt, no_prompt))
        for rule, values in zip(RULES, (given, given / n_tokens, given / n_bytes, given - alone), strict=True):
            answers[rule].append(int(values.argmax()) == question.right)
    return answers
