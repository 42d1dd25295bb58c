"""How much of a corpus is duplicate, by how much of it one looks at: a copy is found only if both are in the sample."""

import numpy as np

from llmcourse.data import duplicate_groups, exact_duplicates, near_duplicates, sign_texts, source_files
from studies import record

SIZES_MB = (5, 10, 20, 40, 80, 160, None)


def main() -> None:
    """Run the study; a few minutes on one core."""
    texts = [text for _, text in source_files()]
    sizes = np.array([len(text.encode()) for text in texts])
    first = exact_duplicates(texts)
    is_exact = first != np.arange(len(texts))
    signatures = sign_texts(texts, n_hashes=128)
    rows = []
    for limit in SIZES_MB:
        n = len(texts) if limit is None else int(np.searchsorted(sizes.cumsum(), limit * 1e6)) + 1
        unique = np.flatnonzero(~is_exact[:n])
        groups = duplicate_groups(near_duplicates(signatures[unique], 16, 0.7), len(unique))
        near = unique[groups != np.arange(len(unique))]
        total = sizes[:n].sum()
        exact_bytes, near_bytes = sizes[:n][is_exact[:n]].sum(), sizes[near].sum()
        shares = [is_exact[:n].mean(), len(near) / n, exact_bytes / total, near_bytes / total]
        rows.append([total / 1e6, n, *(float(100 * share) for share in shares)])
        print(rows[-1], flush=True)
    columns = ["size (MB)", "files", "exact copies (% of files)", "near-duplicates (% of files)"]
    columns += ["exact copies (% of bytes)", "near-duplicates (% of bytes)"]
    record("duplicate_share", columns, rows)


if __name__ == "__main__":
    main()
