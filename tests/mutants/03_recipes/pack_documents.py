"""Wrong solutions of pack_documents."""

# %% across_borders: a document's last token predicts the first of the next one
def pack_documents(documents, seq_len):
    n_tokens = sum(len(document) for document in documents)
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}")
    if n_tokens == 0:
        raise ValueError(f"the {len(documents)} documents have no token")
    inputs, numbers, positions = [], [], []
    for number, document in enumerate(documents):
        start = len(inputs)
        inputs += document
        numbers += [number] * len(document)
        positions += [min(i - start, i % seq_len) for i in range(start, len(inputs))]
    targets = inputs[1:] + [IGNORED]
    filling = -n_tokens % seq_len
    columns = ((inputs, 0), (targets, IGNORED), (numbers, -1), (positions, 0))
    return Packed(*(torch.tensor(column + [fill] * filling).view(-1, seq_len) for column, fill in columns))


# %% no_target_at_the_end_of_a_row: the last token of each row predicts nothing
def pack_documents(documents, seq_len):
    n_tokens = sum(len(document) for document in documents)
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}")
    if n_tokens == 0:
        raise ValueError(f"the {len(documents)} documents have no token")
    inputs, targets, numbers, positions = [], [], [], []
    for number, document in enumerate(documents):
        start = len(inputs)
        inputs += document
        targets += [*document[1:], IGNORED] if len(document) else []
        numbers += [number] * len(document)
        positions += [min(i - start, i % seq_len) for i in range(start, len(inputs))]
    filling = -n_tokens % seq_len
    columns = ((inputs, 0), (targets, IGNORED), (numbers, -1), (positions, 0))
    packed = Packed(*(torch.tensor(column + [fill] * filling).view(-1, seq_len) for column, fill in columns))
    packed.targets[:, -1] = IGNORED
    return packed


# %% positions_go_on: positions count from the document's first token, also in the next row
def pack_documents(documents, seq_len):
    n_tokens = sum(len(document) for document in documents)
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}")
    if n_tokens == 0:
        raise ValueError(f"the {len(documents)} documents have no token")
    inputs, targets, numbers, positions = [], [], [], []
    for number, document in enumerate(documents):
        inputs += document
        targets += [*document[1:], IGNORED] if len(document) else []
        numbers += [number] * len(document)
        positions += range(len(document))
    filling = -n_tokens % seq_len
    columns = ((inputs, 0), (targets, IGNORED), (numbers, -1), (positions, 0))
    return Packed(*(torch.tensor(column + [fill] * filling).view(-1, seq_len) for column, fill in columns))


# %% always_fills: a row of filling behind the last full row
def pack_documents(documents, seq_len):
    n_tokens = sum(len(document) for document in documents)
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}")
    if n_tokens == 0:
        raise ValueError(f"the {len(documents)} documents have no token")
    inputs, targets, numbers, positions = [], [], [], []
    for number, document in enumerate(documents):
        start = len(inputs)
        inputs += document
        targets += [*document[1:], IGNORED] if len(document) else []
        numbers += [number] * len(document)
        positions += [min(i - start, i % seq_len) for i in range(start, len(inputs))]
    filling = seq_len - n_tokens % seq_len
    columns = ((inputs, 0), (targets, IGNORED), (numbers, -1), (positions, 0))
    return Packed(*(torch.tensor(column + [fill] * filling).view(-1, seq_len) for column, fill in columns))


# %% skips_empty_documents: an empty document does not get a number
def pack_documents(documents, seq_len):
    n_tokens = sum(len(document) for document in documents)
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}")
    if n_tokens == 0:
        raise ValueError(f"the {len(documents)} documents have no token")
    inputs, targets, numbers, positions = [], [], [], []
    for number, document in enumerate(document for document in documents if document):
        start = len(inputs)
        inputs += document
        targets += [*document[1:], IGNORED]
        numbers += [number] * len(document)
        positions += [min(i - start, i % seq_len) for i in range(start, len(inputs))]
    filling = -n_tokens % seq_len
    columns = ((inputs, 0), (targets, IGNORED), (numbers, -1), (positions, 0))
    return Packed(*(torch.tensor(column + [fill] * filling).view(-1, seq_len) for column, fill in columns))
