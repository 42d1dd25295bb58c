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


# %% drops_the_rest: a last row that is not full is thrown away
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
    full = n_tokens // seq_len * seq_len
    return Packed(*(torch.tensor(column[:full]).view(-1, seq_len) for column in (inputs, targets, numbers, positions)))


# %% cuts_long_documents: a document longer than a row loses its end
def pack_documents(documents, seq_len):
    n_tokens = sum(len(document) for document in documents)
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}")
    if n_tokens == 0:
        raise ValueError(f"the {len(documents)} documents have no token")
    inputs, targets, numbers, positions = [], [], [], []
    for number, document in enumerate(documents):
        document = document[:seq_len]
        start = len(inputs)
        inputs += document
        targets += [*document[1:], IGNORED] if len(document) else []
        numbers += [number] * len(document)
        positions += [min(i - start, i % seq_len) for i in range(start, len(inputs))]
    filling = -len(inputs) % seq_len
    columns = ((inputs, 0), (targets, IGNORED), (numbers, -1), (positions, 0))
    return Packed(*(torch.tensor(column + [fill] * filling).view(-1, seq_len) for column, fill in columns))


# %% a_row_for_each: a document begins a row of its own
def pack_documents(documents, seq_len):
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}")
    if not any(map(len, documents)):
        raise ValueError(f"the {len(documents)} documents have no token")
    inputs, targets, numbers, positions = [], [], [], []
    for number, document in enumerate(documents):
        filling = -len(document) % seq_len
        inputs += [*document, *[0] * filling]
        targets += [*document[1:], IGNORED, *[IGNORED] * filling] if len(document) else []
        numbers += [number] * len(document) + [-1] * filling
        positions += [i % seq_len for i in range(len(document))] + [0] * filling
    return Packed(*(torch.tensor(column).view(-1, seq_len) for column in (inputs, targets, numbers, positions)))


# %% token_0_is_filling: every token 0 is taken for filling, also one that a document holds
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
    inputs, targets, numbers, positions = (
        torch.tensor(column + [0] * (-n_tokens % seq_len)).view(-1, seq_len)
        for column in (inputs, targets, numbers, positions)
    )
    filling = inputs == 0
    return Packed(inputs, targets.masked_fill(filling, IGNORED), numbers.masked_fill(filling, -1), positions)


# %% finds_by_content: looks a document's number up, and two equal documents get the same
def pack_documents(documents, seq_len):
    n_tokens = sum(len(document) for document in documents)
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}")
    if n_tokens == 0:
        raise ValueError(f"the {len(documents)} documents have no token")
    inputs, targets, numbers, positions = [], [], [], []
    for document in documents:
        start = len(inputs)
        inputs += document
        targets += [*document[1:], IGNORED] if len(document) else []
        numbers += [documents.index(document)] * len(document)
        positions += [min(i - start, i % seq_len) for i in range(start, len(inputs))]
    filling = -n_tokens % seq_len
    columns = ((inputs, 0), (targets, IGNORED), (numbers, -1), (positions, 0))
    return Packed(*(torch.tensor(column + [fill] * filling).view(-1, seq_len) for column, fill in columns))


# %% grows_the_first_document: writes the others behind the first one, in the caller's list
def pack_documents(documents, seq_len):
    n_tokens = sum(len(document) for document in documents)
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}")
    if n_tokens == 0:
        raise ValueError(f"the {len(documents)} documents have no token")
    targets, numbers, positions = [], [], []
    for number, document in enumerate(documents):
        start = len(targets)
        targets += [*document[1:], IGNORED] if len(document) else []
        numbers += [number] * len(document)
        positions += [min(i - start, i % seq_len) for i in range(start, len(targets))]
    inputs = documents[0]
    for document in documents[1:]:
        inputs += document
    filling = -n_tokens % seq_len
    columns = ((inputs, 0), (targets, IGNORED), (numbers, -1), (positions, 0))
    return Packed(*(torch.tensor(column + [fill] * filling).view(-1, seq_len) for column, fill in columns))


# %% lists_only: adds a list to the end of each document
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
        targets += (document + [IGNORED])[1:] if len(document) else []
        numbers += [number] * len(document)
        positions += [min(i - start, i % seq_len) for i in range(start, len(inputs))]
    filling = -n_tokens % seq_len
    columns = ((inputs, 0), (targets, IGNORED), (numbers, -1), (positions, 0))
    return Packed(*(torch.tensor(column + [fill] * filling).view(-1, seq_len) for column, fill in columns))


# %% ids_of_16_bits: token ids pass through 16 bits
def pack_documents(documents, seq_len):
    n_tokens = sum(len(document) for document in documents)
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}")
    if n_tokens == 0:
        raise ValueError(f"the {len(documents)} documents have no token")
    inputs, targets, numbers, positions = [], [], [], []
    for number, document in enumerate(documents):
        ids = [int(token) % 2**16 for token in document]
        start = len(inputs)
        inputs += ids
        targets += [*ids[1:], IGNORED] if ids else []
        numbers += [number] * len(ids)
        positions += [min(i - start, i % seq_len) for i in range(start, len(inputs))]
    filling = -n_tokens % seq_len
    columns = ((inputs, 0), (targets, IGNORED), (numbers, -1), (positions, 0))
    return Packed(*(torch.tensor(column + [fill] * filling).view(-1, seq_len) for column, fill in columns))


# %% a_plain_tuple: returns four tensors without names
def pack_documents(documents, seq_len):
    n_tokens = sum(len(document) for document in documents)
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}")
    if n_tokens == 0:
        raise ValueError(f"the {len(documents)} documents have no token")
    inputs, targets, numbers, positions = [], [], [], []
    for number, document in enumerate(documents):
        ids = [int(token) for token in document]
        start = len(inputs)
        inputs += ids
        targets += [*ids[1:], IGNORED] if ids else []
        numbers += [number] * len(ids)
        positions += [min(i - start, i % seq_len) for i in range(start, len(inputs))]
    filling = -n_tokens % seq_len
    columns = ((inputs, 0), (targets, IGNORED), (numbers, -1), (positions, 0))
    return tuple(torch.tensor(column + [fill] * filling).view(-1, seq_len) for column, fill in columns)


# %% positions_in_the_filling: the filling has positions, too
def pack_documents(documents, seq_len):
    if seq_len < 1:
        raise ValueError(f"seq_len is {seq_len}; it must be at least 1")
    tokens, targets, numbers, positions = [], [], [], []
    for number, document in enumerate(documents):
        start, ids = len(tokens), [int(token) for token in document]
        tokens += ids
        targets += ids[1:] + [IGNORED] * bool(ids)
        numbers += [number] * len(ids)
        positions += [min(i - start, i % seq_len) for i in range(start, start + len(ids))]
    if not tokens:
        raise ValueError("there is no token")
    fill = -len(tokens) % seq_len
    rows = (tokens + [0] * fill, targets + [IGNORED] * fill, numbers + [-1] * fill, positions + [*range(fill)])
    return Packed(*(torch.tensor(row).view(-1, seq_len) for row in rows))
