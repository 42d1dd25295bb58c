"""Right solutions of decode that are not written as the library's is."""

# %% incremental: Python's incremental decoder, fed token by token
def decode(ids, vocab):
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = []
    for token in ids:
        try:
            if token < 0:
                raise IndexError
            text.append(decoder.decode(vocab[token]))
        except IndexError:
            raise ValueError(f"no token has the id {token}") from None
    return "".join(text) + decoder.decode(b"", final=True)


# %% bytearray: one growing buffer, checked against a range
def decode(ids: Iterable[int], vocab: Sequence[bytes]) -> str:
    known, buffer = range(len(vocab)), bytearray()
    for token in ids:
        if token not in known:
            raise ValueError(f"{token} is not an id of this vocabulary of {len(vocab)} tokens")
        buffer.extend(vocab[token])
    return str(bytes(buffer), "utf-8", "replace")


# %% a_dictionary: the vocabulary as a dictionary, whose KeyError becomes a ValueError
def decode(ids: Iterable[int], vocab: Sequence[bytes]) -> str:
    spelled = dict(enumerate(vocab))
    try:
        return str(b"".join([spelled[token] for token in ids]), encoding="utf-8", errors="replace")
    except KeyError as error:
        raise ValueError(f"there is no token with the id {error.args[0]}") from None
