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
