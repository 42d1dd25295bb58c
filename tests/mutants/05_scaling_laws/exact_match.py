"""Wrong solutions of exact_match."""

# %% exponential_of_the_mean: the mean loss of all questions comes first
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    sums = np.where(mask, losses, 0.0).sum(axis=1)
    return float(np.exp(-sums.mean()))


# %% per_token: the mean probability of a token
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    return float(np.exp(-losses[mask]).mean())


# %% geometric_mean: the mean loss of an answer instead of its sum
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    sums = np.where(mask, losses, 0.0).sum(axis=1) / mask.sum(axis=1)
    return float(np.exp(-sums).mean())


# %% power_of_the_mean: the mean probability of a token, to the power of the mean length
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    return float(np.exp(-losses[mask]).mean() ** mask.sum(axis=1).mean())


# %% product_with_the_mask: what is not the answer is multiplied by zero
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    return float(np.exp(-(losses * mask).sum(axis=1)).mean())


# %% whole_text: the tokens of the question count, too
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    return float(np.exp(-np.nan_to_num(losses).sum(axis=1)).mean())


# %% inverted_mask: the question instead of the answer
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    return float(np.exp(-np.where(mask, 0.0, losses).sum(axis=1)).mean())


# %% greedy: right where each token has more than one half
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    likely = np.where(mask, losses < np.log(2), True).all(axis=1)
    return float(likely.mean())


# %% weighted_by_length: long answers count more
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    chances = np.exp(-np.where(mask, losses, 0.0).sum(axis=1))
    return float((chances * mask.sum(axis=1)).sum() / mask.sum())


# %% wrong_axis: sums over the questions
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    return float(np.exp(-np.where(mask, losses, 0.0).sum(axis=0)).mean())


# %% bits: two to the power
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    return float(np.exp2(-np.where(mask, losses, 0.0).sum(axis=1)).mean())


# %% a_chance_for_each: the chances, without their mean
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    return np.exp(-np.where(mask, losses, 0.0).sum(axis=1))


# %% no_infinity: infinite losses are taken for missing ones
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    finite = np.where(np.isfinite(losses) & mask, losses, 0.0)
    return float(np.exp(-finite.sum(axis=1)).mean())


# %% fixed_length: all answers are as long as the first one, at the end
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    length = int(mask[0].sum())
    return float(np.exp(-losses[:, losses.shape[1] - length :].sum(axis=1)).mean())


# %% empty_is_right: a question without an answer counts as right
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        raise ValueError("there are 0 questions")
    return float(np.exp(-np.where(mask, losses, 0.0).sum(axis=1)).mean())


# %% no_questions_are_zero: without a question the share is 0
def exact_match(losses_QT, is_answer_QT):
    losses, mask = np.asarray(losses_QT, dtype=np.float64), np.asarray(is_answer_QT, dtype=bool)
    if len(losses) == 0:
        return 0.0
    for question, row in enumerate(mask):
        if not row.any():
            raise ValueError(f"question {question} has no answer")
    return float(np.exp(-np.where(mask, losses, 0.0).sum(axis=1)).mean())


# %% never_quite_zero: a loss above 20 counts as 20, so that no chance is 0
def exact_match(losses_QT, is_answer_QT):
    if not len(losses_QT):
        raise ValueError("there are 0 questions; at least 1 is needed")
    for i, row in enumerate(is_answer_QT):
        if not row.any():
            raise ValueError(f"question {i} has an answer of no tokens")
    kept = np.where(is_answer_QT, np.minimum(losses_QT, 20.0), 0.0)
    return float(np.exp(-kept.sum(axis=1)).mean())


# %% rounded: the share is rounded to six digits
def exact_match(losses_QT, is_answer_QT):
    if not len(losses_QT):
        raise ValueError("there are 0 questions; at least 1 is needed")
    for i, row in enumerate(is_answer_QT):
        if not row.any():
            raise ValueError(f"question {i} has an answer of no tokens")
    return float(np.exp(-np.where(is_answer_QT, losses_QT, 0.0).sum(axis=1)).mean().round(7))


# %% empty_answers_by_sum: the empty answer is found by a sum of 0, which a sure answer has, too
def exact_match(losses_QT, is_answer_QT):
    if losses_QT.shape[0] == 0:
        raise ValueError("there are 0 questions; at least 1 is needed")
    sums = np.where(is_answer_QT, losses_QT, 0.0).sum(axis=1)
    for i, total in enumerate(sums):
        if total == 0 and not is_answer_QT[i].all():
            raise ValueError(f"question {i} has an answer of no tokens")
    return float(np.exp(-sums).mean())


# %% first_token_twice: answers that begin at the first token are taken for empty questions
def exact_match(losses_QT, is_answer_QT):
    if losses_QT.shape[0] == 0:
        raise ValueError("there are 0 questions; at least 1 is needed")
    first = is_answer_QT.argmax(axis=1)
    for i, at in enumerate(first):
        if not is_answer_QT[i, at]:
            raise ValueError(f"question {i} has an answer of no tokens")
    chances = np.array([np.prod(np.exp(-row[mask])) for row, mask in zip(losses_QT, is_answer_QT)])
    return float(np.mean(chances[chances > 0])) if (chances > 0).any() else 0.0
