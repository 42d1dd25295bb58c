"""A ledger of the bytes that a rank needs to train: weights, gradients, optimizer, activations (chapter 4).

State, which stays from step to step, follows from three numbers of bytes a parameter and the ZeRO stage. Activations
are counted from what PyTorch keeps for the backward pass of this library's model, tensor by tensor. GB are 10^9 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from llmcourse.model.accounting import count_parameters, model_costs
from llmcourse.model.config import ModelConfig

STAGES = (0, 1, 2, 3)
GB = 10**9
CARDS_GB = (24, 80, 141)
"""Memory of an RTX 4090, an H100 and an H200."""


class BytesEach(NamedTuple):
    """Bytes a parameter.

    Attributes:
        weights: Of what the model computes with.
        gradients: Of a gradient.
        optimizer: Of all that the optimizer keeps: moments, and a copy of the weights where it steps a wider one.
    """

    weights: float
    gradients: float
    optimizer: float


PRECISIONS = {
    "fp32": BytesEach(4, 4, 8),
    "mixed": BytesEach(2, 2, 12),
    "bf16": BytesEach(2, 2, 4),
}
"""AdamW in float32; 2-byte weights and gradients with a float32 copy and moments, as ZeRO counts; all in bfloat16."""


class TrainingMemory(NamedTuple):
    """Bytes of one rank that stay from step to step.

    Attributes:
        weights, gradients, optimizer: As in `BytesEach`, of all parameters or of this rank's shard.
    """

    weights: int
    gradients: int
    optimizer: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self)


def training_memory(
    n_parameters: int, n_ranks: int, stage: int, bytes_each: tuple[float, float, float] = (2, 2, 12)
) -> TrainingMemory:
    """The bytes of weights, gradients and optimizer state on one rank.

    Stage 0 is plain data parallelism: every rank has everything. Stage 1 cuts the optimizer's state into as many shards
    as there are ranks, stage 2 the gradients too, stage 3 the weights too. A rank's shard has as many elements as any
    other's, so their number is rounded up: of 10 parameters on 4 ranks each keeps 3. Bytes that are not whole (4-bit
    weights have half a byte each) are rounded up too, once for each of the three.

    Args:
        n_parameters: How many parameters are trained, at least 1.
        n_ranks: How many ranks share them, at least 1.
        stage: 0, 1, 2 or 3.
        bytes_each: Bytes a parameter: of weights, gradients and optimizer state. The default is mixed precision with
            Adam as the paper counts it: 2-byte weights and gradients; a float32 copy and two moments.

    Returns:
        The bytes, whole numbers.

    Raises:
        ValueError: The stage is none of the four, or a number is below 1; the message names the value.

    Example:
        >>> training_memory(7_500_000_000, n_ranks=64, stage=1)  # 15 + 15 + 90/64 GB
        TrainingMemory(weights=15000000000, gradients=15000000000, optimizer=1406250000)
        >>> training_memory(10, n_ranks=4, stage=3, bytes_each=(4, 4, 8))  # three of each
        TrainingMemory(weights=12, gradients=12, optimizer=24)

    Source: Rajbhandari et al., "ZeRO" (2020), figure 1 and section 5.
    """
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage is {stage!r}; it must be 0, 1, 2 or 3")
    for name, value in (("n_parameters", n_parameters), ("n_ranks", n_ranks)):
        if value < 1:
            raise ValueError(f"{name} is {value!r}; it must be at least 1")
    shard = -(-n_parameters // n_ranks)
    counts = [shard if stage >= first else n_parameters for first in (3, 2, 1)]
    return TrainingMemory(*(int(-(-count * each // 1)) for count, each in zip(counts, bytes_each)))


@dataclass(frozen=True)
class Run:
    """What decides the memory of a step, beside the model.

    Attributes:
        n_ranks, stage: Of the sharding.
        precision: One of `PRECISIONS`.
        batch_size, seq_len: Of one rank's micro-batch.
        recompute: Whether blocks keep their inputs alone and compute the rest again in the backward pass.
        prefetch: In stage 3, how many layers ahead are gathered.
        accumulates: Whether a step has several micro-batches: from the second on, the gradients of those before lie
            there all the time.

    Raises:
        ValueError: A value is not allowed, named with those that are.
    """

    n_ranks: int = 1
    stage: int = 0
    precision: str = "mixed"
    batch_size: int = 1
    seq_len: int = 1024
    recompute: bool = False
    prefetch: int = 1
    accumulates: bool = False

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise ValueError(f"stage is {self.stage!r}; it must be 0, 1, 2 or 3")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}; it must be one of {', '.join(map(repr, PRECISIONS))}")
        for name in ("n_ranks", "batch_size", "seq_len"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be at least 1")


class StepMemory(NamedTuple):
    """Bytes of one rank at the worst moment of a step.

    Attributes:
        weights, gradients, optimizer: What stays, as in `TrainingMemory`.
        in_flight: Layers that are whole for a while, and gradients on their way.
        activations: What the backward pass needs of the forward pass.
    """

    weights: int
    gradients: int
    optimizer: int
    in_flight: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self)


def _norm_activations(config: ModelConfig, width: int, fast_norms: bool) -> int:
    """What a norm keeps of one token, in bytes; `block_activations` says what it is."""
    float32, elements = 4 * config.d_model, width * config.d_model
    if config.norm != "rmsnorm":
        return float32 + elements + 8
    return float32 + 4 + elements * (1 if fast_norms else 2)


def block_activations(
    config: ModelConfig, n_tokens: int, width: int = 4, joined: bool = False, fast_norms: bool = False
) -> int:
    """Bytes that one block keeps for its backward pass.

    Of each token, with elements of `width` bytes:
    - each of the two RMSNorms keeps its float32 input, its root, what it made of the input, and its result; a LayerNorm
      its float32 input, two numbers, and its result;
    - attention keeps queries, keys (rotated ones in tensors of their own), values, the logarithm of each head's sum,
      its result, and, where the rotated heads lie in another order, that result once more;
    - SwiGLU keeps both projections, the gate's activation and the product; other networks both sides of the activation.

    Args:
        config: The model's configuration, without dropout, ALiBi or norms on queries and keys.
        n_tokens: In one rank's micro-batch.
        width: Bytes of an element, 4 or 2.
        joined: Whether one product with joined weights makes queries, keys and values. The queries and keys of before
            the rotation, and a copy of these weights, are kept then.
        fast_norms: Whether `fast_rms_norm` computes the RMSNorms, as in float32 on a CPU: what it made of its input it
            makes again.

    Returns:
        Bytes.

    Example:
        >>> config = ModelConfig(vocab_size=100, d_model=32, n_layers=1, n_heads=4, max_seq_len=64, d_ff=80)
        >>> block_activations(config, n_tokens=32, joined=True)
        107264

    Source: the same kind of count for another model: Korthikanti et al., "Reducing Activation Recomputation in Large
    Transformer Models" (2022), section 4.1.
    """
    d_model, q_size, kv_size = config.d_model, config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    is_rope = config.positions == "rope"
    norm = _norm_activations(config, width, fast_norms)
    heads = (3 if is_rope else 2) * q_size + 2 * kv_size
    heads += q_size + kv_size if joined and is_rope else 0
    wide = {"swiglu": 4, "relu": 1}.get(config.activation, 2) * config.d_ff
    a_token = 2 * norm + width * (heads + wide) + 4 * config.n_heads
    return n_tokens * a_token + (width * d_model * (q_size + 2 * kv_size) if joined else 0)


def block_parameters(config: ModelConfig) -> int:
    """The parameters of one block.

    Example:
        >>> block_parameters(ModelConfig(vocab_size=100, d_model=32, n_layers=3, n_heads=4, max_seq_len=64, d_ff=80))
        11840
    """
    one, two = (model_costs(replace(config, n_layers=n), 1).parameters for n in (1, 2))
    return two - one


def step_memory(config: ModelConfig, run: Run, joined: bool = False, fast_norms: bool = False) -> StepMemory:
    """The bytes of one rank at the worst moment of a step.

    Three moments are looked at: the loss has just been computed, the backward pass works on the last block, and on the
    first one. At each there are other activations, gradients and layers in flight; the largest sum counts.

    Args:
        config: The model's configuration.
        run: How it is trained.
        joined, fast_norms: As for `block_activations`.

    Example:
        >>> from llmcourse.model.config import PRESETS
        >>> memory = step_memory(PRESETS["llama-2-7b"], Run(64, 3, seq_len=4096, recompute=True))
        >>> f"{memory.total / GB:.1f} GB, of which state {sum(memory[:3]) / GB:.1f}"
        '5.9 GB, of which state 1.5'
    """
    each, width = PRECISIONS[run.precision], int(PRECISIONS[run.precision].weights)
    n_tokens, n_layers = run.batch_size * run.seq_len, config.n_layers
    block = block_parameters(config)
    root = model_costs(config, 1).parameters - n_layers * block
    state = training_memory(root + n_layers * block, run.n_ranks, run.stage, each)
    full = block_activations(config, n_tokens, width, joined, fast_norms)
    kept = n_tokens * config.d_model * width if run.recompute else full
    logits = 4 * n_tokens * config.vocab_size
    grads_of_block = int(state.gradients * block / (root + n_layers * block))

    def moment(n_kept: int, works: int, n_sent: int, n_whole: int, extra: int) -> StepMemory:
        """With the activations of so many blocks, `works` bytes of the block at hand, so many gradients there."""
        in_flight = 0
        if run.stage == 3:
            in_flight += width * (root + min(n_whole, n_layers) * block)
        if run.stage >= 2 and n_sent >= 0:
            in_flight += int(each.gradients * (root + min(2, n_sent + 1) * block))
        there = n_sent if run.stage >= 2 else n_sent + 1
        gradients = max(there, 0) * grads_of_block
        if run.stage < 2 and n_sent >= 0:
            gradients += int(each.gradients * root)
        gradients = state.gradients if run.accumulates else gradients
        return StepMemory(state.weights, gradients, state.optimizer, in_flight, n_kept * kept + works + extra)

    again = full if run.recompute else 0
    works = 3 * width * n_tokens * max(config.d_ff, config.d_model)  # gradients of the widest tensors of a block
    loss = moment(n_layers, 0, -1, 1, 3 * logits)
    last = moment(n_layers, again + works, 0, run.prefetch + 1, 0)
    first = moment(1, again + works, n_layers - 1, 1, 0)
    return max((loss, last, first), key=sum)


def count_activation_bytes(config: ModelConfig, run: Run, joined: bool = False, fast_norms: bool = False) -> int:
    """Bytes that are kept for the backward pass when the loss of a rank's micro-batch has been computed.

    To the blocks come the token ids and the targets, the last norm, the logarithms of the softmax, and RoPE's tables.

    Example:
        >>> config = ModelConfig(vocab_size=100, d_model=32, n_layers=2, n_heads=4, max_seq_len=64, d_ff=80)
        >>> count_activation_bytes(config, Run(precision="fp32", batch_size=2, seq_len=16), joined=True)
        240772
    """
    width, n_tokens = int(PRECISIONS[run.precision].weights), run.batch_size * run.seq_len
    norm = _norm_activations(config, width, fast_norms)
    tables = 4 * run.seq_len * config.d_head if config.positions == "rope" else 0
    tables += 8 * run.seq_len if config.positions == "learned" else 0
    ends = n_tokens * (16 + norm + 4 * config.vocab_size) + tables + 4
    full = block_activations(config, n_tokens, width, joined, fast_norms)
    return ends + config.n_layers * (n_tokens * config.d_model * width if run.recompute else full)


def count_model_parameters(config: ModelConfig) -> int:
    """`count_parameters`, or what a network in the place of the feed-forward networks says."""
    return count_parameters(config) if config.feed_forward is None else model_costs(config, 1).parameters
