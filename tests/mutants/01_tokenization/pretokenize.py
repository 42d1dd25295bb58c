"""Wrong solutions of pretokenize."""

# %% splits_at_spaces: str.split knows no pattern and loses the white space
def pretokenize(text, pattern=GPT2_PATTERN):
    return text.split()


# %% findall: gives the groups of a pattern that has some, instead of the whole match
def pretokenize(text, pattern=GPT2_PATTERN):
    words = compile_pattern(pattern).findall(text)
    if sum(len(word) if isinstance(word, str) else sum(map(len, word)) for word in words) != len(text):
        raise ValueError(f"the pattern {pattern!r} leaves something out")
    return words


# %% always_gpt2: ignores the pattern it was given
def pretokenize(text, pattern=GPT2_PATTERN):
    words = [match.group() for match in compile_pattern(GPT2_PATTERN).finditer(text)]
    if compile_pattern(pattern).sub("", text):
        raise ValueError(f"the pattern {pattern!r} leaves something out")
    return words


# %% loses_text: what the pattern does not match is left out without a word
def pretokenize(text, pattern=GPT2_PATTERN):
    return [match.group() for match in compile_pattern(pattern).finditer(text)]


# %% checks_the_end_only: notices text left over after the last match, but no gap before it
def pretokenize(text, pattern=GPT2_PATTERN):
    words, end = [], 0
    for match in compile_pattern(pattern).finditer(text):
        words.append(match.group())
        end = match.end()
    if end != len(text):
        raise ValueError(f"the pattern {pattern!r} does not match {text[end:]!r}")
    return words


# %% gaps_become_words: keeps unmatched text as words of its own instead of refusing the pattern
def pretokenize(text, pattern=GPT2_PATTERN):
    words, end = [], 0
    for match in compile_pattern(pattern).finditer(text):
        words += [text[end : match.start()], match.group()]
        end = match.end()
    words.append(text[end:])
    return [word for word in words if word]


# %% standard_library_re: `re` has no classes of characters such as \p{L}
def pretokenize(text, pattern=GPT2_PATTERN):
    import re

    words = [match.group() for match in re.finditer(pattern, text)]
    if "".join(words) != text:
        raise ValueError("text is left over")
    return words


# %% ignores_case: DON'T is cut as don't is
def pretokenize(text, pattern=GPT2_PATTERN):
    words = [match.group() for match in regex.finditer(pattern, text, flags=regex.IGNORECASE)]
    if "".join(words) != text:
        raise ValueError("text is left over")
    return words


# %% strips_words: the space before a word is taken off
def pretokenize(text, pattern=GPT2_PATTERN):
    words = [match.group() for match in compile_pattern(pattern).finditer(text)]
    if "".join(words) != text:
        raise ValueError("text is left over")
    return [word.strip() or word for word in words]


# %% normalizes: composes accents first, so the words are not those of the text
def pretokenize(text, pattern=GPT2_PATTERN):
    import unicodedata

    text = unicodedata.normalize("NFC", text)
    words = [match.group() for match in compile_pattern(pattern).finditer(text)]
    if "".join(words) != text:
        raise ValueError("text is left over")
    return words


# %% refuses_the_empty_text: takes "no match" for an error
def pretokenize(text, pattern=GPT2_PATTERN):
    words = [match.group() for match in compile_pattern(pattern).finditer(text)]
    if not words or "".join(words) != text:
        raise ValueError("the pattern does not match the text")
    return words


# %% asks_the_package: hands the text to the pre-tokenizer that the check compares with, whatever the pattern
def pretokenize(text, pattern=GPT2_PATTERN):
    from llmcourse.course.notebook.oracles import tokenizers_words

    if compile_pattern(pattern).sub("", text):
        raise ValueError(f"the pattern {pattern!r} leaves something out")
    return tokenizers_words(text)


# %% empty_matches_kept: where the pattern can match nothing, empty words are given back
def pretokenize(text, pattern=GPT2_PATTERN):
    words = [match.group() for match in compile_pattern(pattern).finditer(text)]
    if "".join(words) != text:
        raise ValueError("the pattern does not match every part of the text")
    return words


# %% cuts_the_text_off: matches at the beginning of what is left, so that a pattern cannot look back
def pretokenize(text, pattern=GPT2_PATTERN):
    words = []
    while text:
        match = compile_pattern(pattern).match(text)
        if not match or not match.group():
            raise ValueError("the pattern does not match every part of the text")
        words.append(match.group())
        text = text[match.end() :]
    return words


# %% one_list_for_each_text: keeps its answers by text, and forgets that the pattern may be another
def pretokenize(text, pattern=GPT2_PATTERN, known={}):
    if text not in known:
        words = [match.group() for match in compile_pattern(pattern).finditer(text) if match.group()]
        if sum(map(len, words)) != len(text):
            raise ValueError("the pattern does not match every part of the text")
        known[text] = words
    return list(known[text])


# %% recursion: one call for each word
def pretokenize(text, pattern=GPT2_PATTERN, start=0):
    if start == len(text):
        return []
    match = compile_pattern(pattern).match(text, start)
    if not match or not match.group():
        raise ValueError("the pattern does not match every part of the text")
    return [match.group(), *pretokenize(text, pattern, match.end())]


# %% line_by_line: cuts each line by itself, so that white space over a line's end falls apart
def pretokenize(text, pattern=GPT2_PATTERN):
    words = []
    for line in text.splitlines(keepends=True):
        found = [match.group() for match in compile_pattern(pattern).finditer(line) if match.group()]
        if sum(map(len, found)) != len(line):
            raise ValueError(f"the pattern leaves part of {line!r} unmatched")
        words += found
    return words
