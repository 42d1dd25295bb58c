"""Wrong solutions of train_bpe_naive."""

# %% largest_pair_wins_ties: max over (count, pair) takes the largest of equally frequent pairs
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    merges = []
    for new_id in range(256, vocab_size):
        counts = count_pairs(words)
        if not counts:
            break
        best = max(counts, key=lambda pair: (counts[pair], pair))
        merges.append(best)
        words = {merge_pair(ids, best, new_id): n for ids, n in words.items()}
    return merges


# %% first_seen_wins_ties: among equally frequent pairs the one that was counted first is merged
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    merges = []
    while len(merges) < vocab_size - 256:
        counts = count_pairs(words)
        if not counts:
            break
        best, _ = counts.most_common(1)[0]
        words = {merge_pair(ids, best, 256 + len(merges)): n for ids, n in words.items()}
        merges.append(best)
    return merges


# %% ties_by_bytes: among equally frequent pairs the one whose bytes come first is merged, not the one with smaller ids
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    vocab, merges = list(BASE_VOCAB), []
    while len(vocab) < vocab_size:
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], vocab[pair[0]], vocab[pair[1]]))
        words = {merge_pair(ids, best, len(vocab)): n for ids, n in words.items()}
        vocab.append(vocab[best[0]] + vocab[best[1]])
        merges.append(best)
    return merges


# %% every_word_once: forgets how often a word occurs
def train_bpe_naive(word_counts, vocab_size):
    words = list(split_bytes(word_counts, vocab_size))
    merges = []
    for new_id in range(256, vocab_size):
        counts = Counter(pair for ids in words for pair in zip(ids, ids[1:]))
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        words = [merge_pair(ids, best, new_id) for ids in words]
    return merges


# %% one_merge_too_many: stops when there is one token more than wanted
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    merges = []
    while 256 + len(merges) <= vocab_size:
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        words = {merge_pair(ids, best, 256 + len(merges)): n for ids, n in words.items()}
        merges.append(best)
    return merges


# %% counts_once: takes the most frequent pairs of the first count, and never merges
def train_bpe_naive(word_counts, vocab_size):
    counts = count_pairs(split_bytes(word_counts, vocab_size))
    return sorted(counts, key=lambda pair: (-counts[pair], pair))[: vocab_size - 256]


# %% ids_one_too_high: appends the merge before it computes the new id
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    merges = []
    while 256 + len(merges) < vocab_size:
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        words = {merge_pair(ids, best, 256 + len(merges)): n for ids, n in words.items()}
    return merges


# %% never_runs_out: expects a pair to be left at each step
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    merges = []
    for new_id in range(256, vocab_size):
        counts = count_pairs(words)
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        words = {merge_pair(ids, best, new_id): n for ids, n in words.items()}
    return merges


# %% bytes_as_ids: a byte's value is not its id
def train_bpe_naive(word_counts, vocab_size):
    split_bytes(word_counts, vocab_size)
    words = {tuple(word): n for word, n in word_counts.items()}
    merges = []
    for new_id in range(256, vocab_size):
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        words = {merge_pair(ids, best, new_id): n for ids, n in words.items()}
    return merges


# %% wants_two_occurrences: stops when the best pair occurs only once
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    merges = []
    for new_id in range(256, vocab_size):
        counts = count_pairs(words)
        best = min(counts, key=lambda pair: (-counts[pair], pair), default=None)
        if best is None or (counts[best] < 2 and len(words) > 1):
            break
        merges.append(best)
        words = {merge_pair(ids, best, new_id): n for ids, n in words.items()}
    return merges


# %% no_checks: spells the words itself and checks neither the counts nor the size
def train_bpe_naive(word_counts, vocab_size):
    words = {tuple(BYTE_IDS[byte] for byte in word): n for word, n in word_counts.items()}
    merges = []
    for new_id in range(256, vocab_size):
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        words = {merge_pair(ids, best, new_id): n for ids, n in words.items()}
    return merges


# %% asks_the_package: hands the work to the function that the check compares with
def train_bpe_naive(word_counts, vocab_size):
    from llmcourse.course.notebook.oracles import tokenizers_merges

    split_bytes(word_counts, vocab_size)
    return tokenizers_merges(word_counts, vocab_size)


# %% asks_the_fast_trainer: hands the work to the library's other trainer
def train_bpe_naive(word_counts, vocab_size):
    return train_bpe(word_counts, vocab_size)


# %% empties_its_input: takes the words out of the dictionary it was given
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    word_counts.clear()
    merges = []
    for new_id in range(256, vocab_size):
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        words = {merge_pair(ids, best, new_id): n for ids, n in words.items()}
    return merges


# %% counts_in_int32: the counts of a large corpus wrap around
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    merges = []
    while 256 + len(merges) < vocab_size:
        counts = count_pairs(words)
        counts = {pair: (count + 2**31) % 2**32 - 2**31 for pair, count in counts.items()}
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        words = {merge_pair(ids, best, 255 + len(merges)): count for ids, count in words.items()}
    return merges


# %% ties_by_the_sum: among equally frequent pairs the one whose ids have the smallest sum is merged
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    merges = []
    while 256 + len(merges) < vocab_size:
        counts = count_pairs(words)
        counts = dict(counts)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], sum(pair), pair))
        merges.append(best)
        words = {merge_pair(ids, best, 255 + len(merges)): count for ids, count in words.items()}
    return merges


# %% ties_by_the_right_token: among equally frequent pairs the one whose second id is smallest is merged
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    merges = []
    while 256 + len(merges) < vocab_size:
        counts = count_pairs(words)
        counts = dict(counts)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair[1], pair[0]))
        merges.append(best)
        words = {merge_pair(ids, best, 255 + len(merges)): count for ids, count in words.items()}
    return merges


# %% one_answer_for_each_corpus: keeps the merges by the words, and forgets their counts and the size
def train_bpe_naive(word_counts, vocab_size, known={}):
    words = split_bytes(word_counts, vocab_size)
    key = frozenset(words)
    if key not in known:
        merges = known[key] = []
        while 256 + len(merges) < vocab_size:
            counts = count_pairs(words)
            if not counts:
                break
            best = min(counts, key=lambda pair: (-counts[pair], pair))
            merges.append(best)
            words = {merge_pair(ids, best, 255 + len(merges)): count for ids, count in words.items()}
    return list(known[key])


# %% vocab_counts_merges: makes vocab_size merges on top of the 256 bytes
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    merges = []
    for k in range(vocab_size):
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        words = {merge_pair(ids, best, 256 + k): n for ids, n in words.items()}
        merges.append(best)
    return merges


# %% frequency_lost: after the first merge each word counts once
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    merges = []
    while 256 + len(merges) < vocab_size:
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        words = Counter(merge_pair(ids, best, 256 + len(merges)) for ids in words)
        merges.append(best)
    return merges


# %% tokens_for_pairs: gives the new tokens' ids instead of the pairs that they are made of
def train_bpe_naive(word_counts, vocab_size):
    words = split_bytes(word_counts, vocab_size)
    merges = []
    while 256 + len(merges) < vocab_size:
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        new_id = 256 + len(merges)
        words = {merge_pair(ids, best, new_id): n for ids, n in words.items()}
        merges.append(new_id)
    return merges
