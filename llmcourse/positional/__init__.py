"""Chapter 2: how a model knows where a token stands."""

from llmcourse.positional.absolute import shift_matrix, sinusoidal_table
from llmcourse.positional.alibi import alibi_bias, alibi_slopes
from llmcourse.positional.encodings import (
    ENCODINGS,
    AlibiPositions,
    LearnedPositions,
    PositionalEncoding,
    RotaryPositions,
    SinusoidalPositions,
    make_positions,
)
from llmcourse.positional.rotary import (
    LAYOUTS,
    apply_rotary,
    layout_permutation,
    rotary_cos_sin,
    rotary_frequencies,
)
from llmcourse.positional.scaling import (
    RAMPS,
    SCALINGS,
    RopeScaling,
    linear_frequencies,
    llama3_frequencies,
    ntk_frequencies,
    scaled_frequencies,
    untruncated_yarn_frequencies,
    yarn_attention_factor,
    yarn_frequencies,
)

__all__ = [
    "ENCODINGS",
    "LAYOUTS",
    "RAMPS",
    "SCALINGS",
    "AlibiPositions",
    "LearnedPositions",
    "PositionalEncoding",
    "RopeScaling",
    "RotaryPositions",
    "SinusoidalPositions",
    "alibi_bias",
    "alibi_slopes",
    "apply_rotary",
    "layout_permutation",
    "linear_frequencies",
    "llama3_frequencies",
    "make_positions",
    "ntk_frequencies",
    "rotary_cos_sin",
    "rotary_frequencies",
    "scaled_frequencies",
    "shift_matrix",
    "sinusoidal_table",
    "untruncated_yarn_frequencies",
    "yarn_attention_factor",
    "yarn_frequencies",
]
