"""Right solutions of pack_documents that are not written as the library's is."""

# %% whole_tensors: one long tensor each, borders found by comparing numbers
def pack_documents(documents, seq_len):
    if seq_len < 1:
        raise ValueError(f"rows of {seq_len} tokens")
    sizes = torch.tensor([len(document) for document in documents], dtype=torch.int64)
    n_tokens = int(sizes.sum())
    if n_tokens == 0:
        raise ValueError(f"{len(documents)} documents without a token")
    n_rows = (n_tokens + seq_len - 1) // seq_len
    inputs = torch.zeros(n_rows * seq_len, dtype=torch.int64)
    numbers = torch.full_like(inputs, -1)
    targets = torch.full_like(inputs, -100)
    inputs[:n_tokens] = torch.cat([torch.tensor([int(t) for t in d], dtype=torch.int64) for d in documents])
    numbers[:n_tokens] = torch.repeat_interleave(torch.arange(len(documents)), sizes)
    same = numbers[1:] == numbers[:-1]
    same &= numbers[1:] >= 0
    targets[:-1][same] = inputs[1:][same]
    rows = numbers.view(n_rows, seq_len)
    positions = torch.zeros_like(rows)
    for t in range(1, seq_len):
        positions[:, t] = torch.where(rows[:, t] == rows[:, t - 1], positions[:, t - 1] + 1, 0)
    positions[rows < 0] = 0
    return Packed(inputs.view(n_rows, seq_len), targets.view(n_rows, seq_len), rows, positions)


# %% token_by_token: rows of lists, each token placed by its number
def pack_documents(documents, seq_len):
    if seq_len < 1:
        raise ValueError(f"a row of {seq_len} tokens")
    tokens = [(number, place) for number, document in enumerate(documents) for place in range(len(document))]
    if not tokens:
        raise ValueError(f"no token in {len(documents)} documents")
    rows = []
    for k, (number, place) in enumerate(tokens):
        document = documents[number]
        if k % seq_len == 0:
            rows.append([])
        row = rows[-1]
        going_on = bool(row) and row[-1][2] == number
        target = int(document[place + 1]) if place + 1 < len(document) else -100
        row.append((int(document[place]), target, number, row[-1][3] + 1 if going_on else 0))
    rows[-1] += [(0, -100, -1, 0)] * (seq_len - len(rows[-1]))
    return Packed(*torch.tensor(rows, dtype=torch.int64).unbind(-1))


# %% another_message: the error does not name a number; rows are filled one after the other
def pack_documents(documents, seq_len):
    if not seq_len >= 1 or not any(len(document) for document in documents):
        raise ValueError("there is nothing to pack, or nowhere to pack it")
    rows = [[]]
    for number in range(len(documents)):
        ids = list(map(int, documents[number]))
        for k, token in enumerate(ids):
            if len(rows[-1]) == seq_len:
                rows.append([])
            before = rows[-1][-1] if rows[-1] else None
            position = before[3] + 1 if before and before[2] == number else 0
            rows[-1].append([token, ids[k + 1] if k + 1 < len(ids) else IGNORED, number, position])
    while len(rows[-1]) < seq_len:
        rows[-1].append([0, IGNORED, -1, 0])
    table = torch.tensor(rows, dtype=torch.long)
    return Packed(*(table[:, :, column].contiguous() for column in range(4)))
