"""What a model costs before it is built: parameters, floating-point operations, bytes of key/value cache
(chapter 3)."""

from dataclasses import replace

from llmcourse.model.config import Costs, ModelConfig

N_FEED_FORWARD_MATRICES = {"swiglu": 3, "gelu": 2, "gelu_tanh": 2, "relu": 2}


def count_parameters(config: ModelConfig) -> int:
    """The number of parameters of a model, from its configuration alone.

    The parts are: the embedding; a learned position table, if there is one; in each layer the four projections of
    attention, the matrices of the feed-forward network (three for "swiglu", two otherwise) and two norms; with
    norm_position "pre" one norm after the last layer; an output matrix unless embeddings are tied. With `bias`, every
    projection and matrix inside the layers has a bias as long as its output, and each LayerNorm has one (an RMSNorm has
    none). With `qk_norm`, each layer has two more norms of d_head weights each, without biases; where `qk_norm_over` is
    "all", they are as long as the queries and the keys of all heads instead. Tied weights count once.

    Args:
        config: The model's configuration, its blocks with the feed-forward network of `activation` and `d_ff`.

    Returns:
        The number of parameters.

    Example:
        >>> from llmcourse.model.config import PRESETS
        >>> count_parameters(PRESETS["gpt2"]), count_parameters(PRESETS["llama-3-8b"])
        (124439808, 8030261248)
    """
    d_model, n_matrices = config.d_model, N_FEED_FORWARD_MATRICES[config.activation]
    q_size, kv_size = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    attention = 2 * d_model * q_size + 2 * d_model * kv_size
    feed_forward = n_matrices * d_model * config.d_ff
    norm = d_model * (2 if config.norm == "layernorm" and config.bias else 1)
    layer = attention + feed_forward + 2 * norm
    if config.bias:
        layer += q_size + 2 * kv_size + d_model + (n_matrices - 1) * config.d_ff + d_model
    if config.qk_norm:
        layer += q_size + kv_size if config.qk_norm_over == "all" else 2 * config.d_head
    n_tables = 1 if config.tie_embeddings else 2
    position_table = config.max_seq_len * d_model if config.positions == "learned" else 0
    final_norm = norm if config.norm_position == "pre" else 0
    return n_tables * config.vocab_size * d_model + position_table + config.n_layers * layer + final_norm


def flops_per_token(config: ModelConfig, seq_len: int) -> int:
    """Floating-point operations of a forward pass, for each token of a sequence; training takes three times as many.

    Only matrix products count, at 2 operations for each multiply-add: every matrix of the layers and the output matrix
    (tied or not) once a token, and in each layer the scores of a query with `seq_len` keys and the sum of `seq_len`
    values, over all query heads. Keys that the causal mask hides count too, as is the custom. Looking up an embedding
    is not a product; biases, norms and activations are left out.

    Args:
        config: The model's configuration, its blocks with the feed-forward network of `activation` and `d_ff`.
        seq_len: The length T of the sequence.

    Returns:
        Operations a token.

    Example:
        >>> from llmcourse.model.config import PRESETS
        >>> flops_per_token(PRESETS["gpt2"], seq_len=1024) / 1e6  # 247.1 from the matrices, 37.7 from attention
        284.812...

    Source: Chowdhery et al., "PaLM" (2022), appendix B; Kaplan et al. (2020), section 2.1.
    """
    q_size, kv_size = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    attention = 2 * config.d_model * (q_size + kv_size)
    feed_forward = N_FEED_FORWARD_MATRICES[config.activation] * config.d_model * config.d_ff
    scores_and_sums = 2 * seq_len * q_size
    layer = attention + feed_forward + scores_and_sums
    return 2 * (config.n_layers * layer + config.vocab_size * config.d_model)


def model_costs(config: ModelConfig, seq_len: int) -> Costs:
    """What a whole model costs, whatever stands in the place of its feed-forward networks.

    `count_parameters` and `flops_per_token` count the networks that a `ModelConfig` describes by itself; those of
    `config.feed_forward` say what they cost and are put in their place.

    Args:
        config: The model's configuration.
        seq_len: The length T of the sequence, for the operations of attention.

    Example:
        >>> from llmcourse.model.config import PRESETS
        >>> model_costs(PRESETS["gpt2"], seq_len=1024)
        Costs(parameters=124439808, active_parameters=124439808, flops_per_token=284812800)
    """
    dense = replace(config, feed_forward=None)
    parameters, flops = count_parameters(dense), flops_per_token(dense, seq_len)
    if config.feed_forward is None:
        return Costs(parameters, parameters, flops)
    own, usual = config.feed_forward.costs(config), _feed_forward_costs(dense)
    return Costs(
        parameters + config.n_layers * (own.parameters - usual.parameters),
        parameters + config.n_layers * (own.active_parameters - usual.parameters),
        flops + config.n_layers * (own.flops_per_token - usual.flops_per_token),
    )


def _feed_forward_costs(config: ModelConfig) -> Costs:
    """What the feed-forward network of one layer costs that the configuration describes by itself."""
    n_matrices = N_FEED_FORWARD_MATRICES[config.activation]
    weights = n_matrices * config.d_model * config.d_ff
    biases = (n_matrices - 1) * config.d_ff + config.d_model if config.bias else 0
    return Costs(weights + biases, weights + biases, 2 * weights)


def kv_cache_bytes(config: ModelConfig, seq_len: int, batch_size: int = 1, bytes_per_value: int = 2) -> int:
    """The bytes of a key/value cache: one key and one value for each layer, key/value head, position and sequence.

    Args:
        config: The model's configuration.
        seq_len: Positions kept.
        batch_size: Sequences.
        bytes_per_value: 2 for bfloat16, 4 for float32.

    Example:
        >>> from llmcourse.model.config import PRESETS
        >>> kv_cache_bytes(PRESETS["llama-2-7b"], seq_len=1)
        524288
    """
    values = 2 * config.n_layers * config.n_kv_heads * config.d_head
    return values * seq_len * batch_size * bytes_per_value


def windowed_cache_bytes(
    config: ModelConfig, seq_len: int, window: int, n_global: int, batch_size: int = 1, bytes_per_value: int = 2
) -> int:
    """The bytes of a key/value cache where most layers look back over a window only and drop what has left it.

    Args:
        config: The model's configuration.
        seq_len: Positions of the text.
        window: Positions that a layer with a window reads, the query's own among them.
        n_global: Layers that read everything; the others have the window.
        batch_size, bytes_per_value: As for `kv_cache_bytes`.

    Raises:
        ValueError: The window is below 1, or `n_global` is not a number of layers between 0 and all.

    Example:
        >>> from llmcourse.model.config import PRESETS
        >>> config = PRESETS["llama-3-8b"]
        >>> kv_cache_bytes(config, 131_072) / windowed_cache_bytes(config, 131_072, window=1024, n_global=8)
        3.9083...

    Source: Gemma Team, "Gemma 3" (2025), section 2, for layers with and without a window side by side.
    """
    if window < 1:
        raise ValueError(f"window is {window!r}; it must be at least 1")
    if not 0 <= n_global <= config.n_layers:
        raise ValueError(f"n_global is {n_global!r}; it must be from 0 to {config.n_layers!r}, the number of layers")
    kept = n_global * seq_len + (config.n_layers - n_global) * min(seq_len, window)
    return 2 * int(config.n_kv_heads) * int(config.d_head) * kept * batch_size * bytes_per_value


def latent_cache_bytes(
    n_layers: int, d_latent: int, d_rotary: int, seq_len: int, batch_size: int = 1, bytes_per_value: int = 2
) -> int:
    """The bytes of the cache of multi-head latent attention (MLA), which stores one compressed vector for all heads.

    Args:
        n_layers: Layers.
        d_latent: Components of the compressed vector from which keys and values are made again.
        d_rotary: Components of the one rotated key that all heads share.
        seq_len, batch_size, bytes_per_value: As for `kv_cache_bytes`.

    Example:
        >>> latent_cache_bytes(n_layers=61, d_latent=512, d_rotary=64, seq_len=1)  # DeepSeek-V3
        70272

    Source: DeepSeek-AI, "DeepSeek-V2" (2024), section 2.1.
    """
    return n_layers * (d_latent + d_rotary) * seq_len * batch_size * bytes_per_value
