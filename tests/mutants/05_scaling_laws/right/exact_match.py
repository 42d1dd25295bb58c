"""Right solutions of exact_match that are not written as the library's is."""

# %% loop: question by question, token by token
import math


def exact_match(losses_QT, is_answer_QT):
    chances = []
    for question, (losses, mask) in enumerate(zip(losses_QT, is_answer_QT)):
        chance, length = 1.0, 0
        for loss, wanted in zip(losses, mask):
            if wanted:
                chance *= math.exp(-loss)
                length += 1
        if length == 0:
            raise ValueError(f"question {question} has no answer")
        chances.append(chance)
    if not chances:
        raise ValueError("there are 0 questions")
    return sum(chances) / len(chances)


# %% product: a product of probabilities, ones outside of the answer
def exact_match(losses_QT, is_answer_QT):
    losses_QT = np.array(losses_QT, dtype=np.float64)
    if not losses_QT.shape[0]:
        raise ValueError("losses_QT has 0 rows")
    if 0 in (lengths := np.count_nonzero(is_answer_QT, axis=1).tolist()):
        raise ValueError(f"question {lengths.index(0)} has no answer")
    losses_QT[~np.asarray(is_answer_QT, dtype=bool)] = 0
    return np.prod(np.exp(-losses_QT), axis=1).mean().item()


# %% masked_array: NumPy's own masks
def exact_match(losses_QT, is_answer_QT):
    mask = np.array(is_answer_QT, dtype=bool)
    if mask.shape[0] == 0:
        raise ValueError("losses_QT has 0 questions")
    if (empty := np.flatnonzero(~mask.any(1))).size:
        raise ValueError(f"question {empty[0]} has no answer")
    sums = np.ma.masked_array(np.array(losses_QT, dtype=np.float64), ~mask).sum(axis=1)
    return float(np.mean(np.exp(-np.asarray(sums, dtype=np.float64))))


# %% product_of_chances: probabilities multiplied, ones elsewhere
def exact_match(losses_QT, is_answer_QT):
    answers = np.asarray(is_answer_QT, dtype=bool)
    if answers.shape[0] == 0:
        raise ValueError("0 questions have no share")
    lengths = answers.sum(axis=1)
    if (lengths == 0).any():
        raise ValueError(f"question {int(np.argmin(lengths))} has no token in its answer")
    chance = np.ones(answers.shape)
    chance[answers] = np.exp(-np.asarray(losses_QT, dtype=float)[answers])
    return float(chance.prod(axis=1).mean())


# %% flat: all answers' tokens in one row, added up by question
def exact_match(losses_QT, is_answer_QT):
    n_questions = len(losses_QT)
    if n_questions < 1:
        raise ValueError(f"there are {n_questions} questions")
    which, where = np.nonzero(is_answer_QT)
    counts = np.bincount(which, minlength=n_questions)
    for number in range(n_questions):
        if counts[number] == 0:
            raise ValueError(f"the answer of question {number} has no tokens")
    sums = np.bincount(which, weights=losses_QT[which, where], minlength=n_questions)
    return sum(np.exp(-total) for total in sums) / n_questions


# %% missing_are_nothing: multiplied with the mask, and what is NaN then adds nothing
def exact_match(losses_QT, is_answer_QT):
    if not len(losses_QT):
        raise ValueError("there are 0 questions; at least 1 is needed")
    for i, row in enumerate(is_answer_QT):
        if not row.any():
            raise ValueError(f"question {i} has an answer of no tokens")
    sums = np.nansum(losses_QT * np.where(is_answer_QT, 1.0, 0.0), axis=1)
    return float(np.exp(-sums).mean())
