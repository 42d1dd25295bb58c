"""What the cells of pages import: figures, tables, sizes of experiments, recorded results, oracles."""
