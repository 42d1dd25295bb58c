"""How long a step takes and what it sends, before anybody rents the machines (chapter 4).

A model of the time: arithmetic at a share of the peak, messages by their bytes alone and at the speed of the slowest
border that they cross, and what of the two can happen at the same time. It is held against published runs. What a
thousand ranks hold and send, counted: see `paper`.

Units: seconds, bytes, floating-point operations.
"""

from __future__ import annotations

from dataclasses import dataclass

from llmcourse.model.accounting import count_parameters, flops_per_token
from llmcourse.model.config import ModelConfig


@dataclass(frozen=True)
class Hardware:
    """One accelerator and its wires, by its vendor's numbers.

    Attributes:
        name: What it is.
        flops: Peak operations a second of dense bfloat16 matrix products. Vendors also print twice this number, for
            matrices of which every second weight is zero; nobody trains with that.
        memory: Bytes of memory.
        node_bandwidth: Bytes a second that it sends to the others of its machine, in one direction.
        network_bandwidth: Bytes a second that it sends to other machines, in one direction: its share of them.
        per_node: Accelerators of a machine.
        source: Whose numbers these are.
    """

    name: str
    flops: float
    memory: float
    node_bandwidth: float
    network_bandwidth: float
    per_node: int
    source: str


HARDWARE = {
    "a100": Hardware(
        "NVIDIA A100 80 GB SXM", 312e12, 80e9, 300e9, 25e9, 8,
        "NVIDIA A100 data sheet (312 TFLOP/s, NVLink 600 GB/s in both directions together); DGX A100: 200 Gb/s a GPU",
    ),
    "h100": Hardware(
        "NVIDIA H100 80 GB SXM", 989e12, 80e9, 450e9, 50e9, 8,
        "NVIDIA H100 data sheet (1,979 TFLOP/s with sparsity, NVLink 900 GB/s in both directions together); "
        "DGX H100: 400 Gb/s a GPU",
    ),
    "h200": Hardware(
        "NVIDIA H200 141 GB SXM", 989e12, 141e9, 450e9, 50e9, 8,
        "NVIDIA H200 data sheet (1,979 TFLOP/s with sparsity, NVLink 900 GB/s in both directions together); "
        "DGX H200: 400 Gb/s a GPU",
    ),
    "b200": Hardware(
        "NVIDIA B200 180 GB SXM", 2250e12, 180e9, 900e9, 50e9, 8,
        "NVIDIA HGX B200 specifications, for eight: 36 PFLOP/s with sparsity, 1.4 TB, NVLink 14.4 TB/s and network "
        "0.8 TB/s in both directions together",
    ),
    "mi300x": Hardware(
        "AMD Instinct MI300X", 1307.4e12, 192e9, 448e9, 50e9, 8,
        "AMD Instinct MI300X data sheet (1,307.4 TFLOP/s without sparsity; seven links of 128 GB/s in both directions "
        "together); network: 400 Gb/s a GPU, an assumption",
    ),
    "rtx4090": Hardware(
        "NVIDIA GeForce RTX 4090", 165.2e12, 24e9, 32e9, 1.25e9, 4,
        "NVIDIA Ada architecture white paper, appendix A (165.2 TFLOP/s with float32 sums, 330.4 with sparsity); no "
        "NVLink: PCI Express 4.0, 64 GB/s in both directions together; four in a machine and a network of 10 Gb/s a "
        "GPU are assumptions",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class PublishedRun:
    """A run of which its authors have said how fast it was.

    Attributes:
        name: Which.
        n_devices: Accelerators.
        peak: Operations a second of one of them.
        tokens_per_second: Of the whole run.
        flops_per_token: What a training step needs for a token, without recomputation.
        published: The utilization that the authors give, or None.
        source: Where.
    """

    name: str
    n_devices: int
    peak: float
    tokens_per_second: float
    flops_per_token: float
    published: float | None
    source: str

    @property
    def mfu(self) -> float:
        """The utilization that follows from the throughput."""
        return utilization(self.tokens_per_second, self.flops_per_token, self.n_devices, self.peak)


PUBLISHED = (
    PublishedRun(
        "PaLM 540B", 6144, 275e12, 238.3e3, 6 * 540.35e9 + 12 * 118 * 48 * 256 * 2048, 0.462,
        "Chowdhery et al., PaLM (2022), section 4.1 and appendix B",
    ),
    PublishedRun(
        "LLaMA 65B", 2048, 312e12, 380.0 * 2048, 6 * 65.2e9 + 12 * 80 * 8192 * 2048, None,
        "Touvron et al., LLaMA (2023), section 2.4: about 380 tokens a second and GPU",
    ),
    PublishedRun(
        "Llama 2 70B", 2048, 312e12, 2e12 / (1_720_320 * 3600) * 2048, 6 * 69e9 + 12 * 80 * 8192 * 4096, None,
        "Touvron et al., Llama 2 (2023), table 2: 1,720,320 hours of a GPU for 2.0T tokens (their number of GPUs, "
        "which the quotient does not need, is put at 2,048 here)",
    ),
)  # fmt: skip
"""Runs from whose published throughput the utilization follows: 12 L H C T are the products of attention."""


def utilization(tokens_per_second: float, flops_per_token: float, n_devices: int, peak: float) -> float:
    """Model FLOPs utilization (MFU): the share of the peak that the model needs; what is computed twice counts once.

    Args:
        tokens_per_second: Of all devices together.
        flops_per_token: Forward and backward pass, e.g. 6 for each parameter.
        n_devices: How many.
        peak: Operations a second of one.

    Example:
        >>> palm = PUBLISHED[0]
        >>> round(palm.mfu, 3), palm.published
        (0.462, 0.462)

    Source: Chowdhery et al., "PaLM" (2022), appendix B.
    """
    return tokens_per_second * flops_per_token / (n_devices * peak)


def overlapped_step(n_layers: int, gather_s: float, forward_s: float, backward_s: float, scatter_s: float) -> float:
    """How long a step of fully sharded training takes, if messages travel while the processor computes.

    There are two queues, each of which does one thing at a time, in order, and each thing as soon as it can.

    The *network*:

    1. gathers the weights of layers 1, 2, ..., L for the forward pass; for these it waits for nobody;
    2. gathers the weights of layer L once more, for the backward pass;
    3. for each layer from L down to 1: gathers the weights of the layer below it, if there is one, and then
       reduce-scatters this layer's gradients, for which it waits until the processor has done this layer's backward
       pass.

    The *processor* does the forward passes of layers 1, 2, ..., L and then the backward passes of L, ..., 2, 1. Each
    waits for the gather of its own weights: a backward pass for the second gather of that layer.

    Args:
        n_layers: Layers L, at least 1, all alike.
        gather_s: Seconds to gather the weights of one layer.
        forward_s: Seconds of one layer's forward pass.
        backward_s: Seconds of one layer's backward pass.
        scatter_s: Seconds to reduce-scatter the gradients of one layer.

    Returns:
        Seconds until both queues are done.

    Raises:
        ValueError: `n_layers` is below 1; the message names it.

    Example:
        >>> overlapped_step(n_layers=1, gather_s=1.0, forward_s=3.0, backward_s=6.0, scatter_s=1.0)  # 1 + 3 + 6 + 1
        11.0
        >>> overlapped_step(n_layers=4, gather_s=1.0, forward_s=3.0, backward_s=6.0, scatter_s=1.0)  # 1 + 12 + 24 + 1
        38.0
        >>> overlapped_step(n_layers=4, gather_s=1.0, forward_s=0.0, backward_s=0.0, scatter_s=1.0)  # messages alone
        12.0

    Source: Zhao et al., "PyTorch FSDP" (2023), section 3.3.
    """
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers!r}; it must be at least 1")
    network = processor = 0.0
    for _ in range(n_layers):
        network += gather_s
        processor = max(processor, network) + forward_s
    network += gather_s
    arrived = network
    for n_below in reversed(range(n_layers)):
        processor = max(processor, arrived) + backward_s
        if n_below:
            network += gather_s
            arrived = network  # the next backward pass waits for this, not for the reduce-scatter behind it
        network = max(network, processor) + scatter_s
    return max(network, processor)


@dataclass(frozen=True)
class StepTime:
    """What a step takes, in seconds, and what it would take if one part were free.

    Attributes:
        seconds: The step.
        arithmetic: Of it the arithmetic alone.
        messages: The messages alone.
        mfu: The share of the peak that the model needs.
    """

    seconds: float
    arithmetic: float
    messages: float
    mfu: float


def fsdp_step(
    config: ModelConfig,
    hardware: Hardware,
    n_ranks: int,
    tokens_per_rank: int,
    seq_len: int,
    *,
    efficiency: float = 0.6,
    recompute: bool = False,
    bytes_per_weight: int = 2,
    bytes_per_gradient: int = 4,
) -> StepTime:
    """The time of a fully sharded step, layer by layer; the embedding and the head count as part of the layers.

    Args:
        config: The model.
        hardware: What it runs on.
        n_ranks: How many of them.
        tokens_per_rank: What each reads in a step.
        seq_len: Length of a sequence, for attention.
        efficiency: What share of the peak the matrix products reach while they run: the one number that no data sheet
            tells.
        recompute: Whether the backward pass computes the forward pass again.
        bytes_per_weight, bytes_per_gradient: As they travel.

    Example:
        >>> from llmcourse.model.config import PRESETS
        >>> time = fsdp_step(PRESETS["llama-2-70b"], HARDWARE["a100"], 1024, 4096, 4096)
        >>> time.seconds > max(time.arithmetic, time.messages)
        True
    """
    forward = flops_per_token(config, seq_len) * tokens_per_rank / (hardware.flops * efficiency) / config.n_layers
    backward = (3 if recompute else 2) * forward
    weights = count_parameters(config) / config.n_layers
    gather, scatter = (
        gather_seconds(weights * size, n_ranks, hardware) for size in (bytes_per_weight, bytes_per_gradient)
    )
    seconds = overlapped_step(config.n_layers, gather, forward, backward, scatter)
    return StepTime(
        seconds,
        config.n_layers * (forward + backward),
        config.n_layers * (2 * gather + scatter),
        3 * flops_per_token(config, seq_len) * tokens_per_rank / (seconds * hardware.flops),
    )


def gather_seconds(n_bytes: float, n_ranks: int, hardware: Hardware) -> float:
    """A ring all-gather, or reduce-scatter, of a tensor: each rank passes on all parts but one.

    A ring over several machines is as slow as the way between two of them. That way is shared by nobody, and the
    accelerators of a machine can use all of its wires at once, as many rings as it has cards, so that a machine passes
    on what all of them carry together. The start of a message costs nothing here.
    """
    if n_ranks <= hardware.per_node:
        return n_bytes * (n_ranks - 1) / n_ranks / hardware.node_bandwidth
    between = hardware.network_bandwidth * hardware.per_node
    return n_bytes * (n_ranks - 1) / n_ranks / min(between, hardware.node_bandwidth)


@dataclass(frozen=True)
class MegatronRun:
    """A row of table 1 of Narayanan et al. (2021): GPT models on A100s, by tensor, pipeline and data parallelism.

    Attributes:
        billions: Parameters.
        d_model, n_layers: Sizes; sequences have 2,048 tokens of a vocabulary of 51,200.
        tensor, pipeline, n_gpus, batch: Ranks of each kind, of all kinds together, and sequences of a batch.
        teraflops: Published throughput of one GPU, the recomputed forward pass counted.
    """

    billions: float
    d_model: int
    n_layers: int
    tensor: int
    pipeline: int
    n_gpus: int
    batch: int
    teraflops: float


MEGATRON = tuple(
    MegatronRun(*row)
    for row in (
        (1.7, 2304, 24, 1, 1, 32, 512, 137), (3.6, 3072, 30, 2, 1, 64, 512, 138), (7.5, 4096, 36, 4, 1, 128, 512, 142),
        (18.4, 6144, 40, 8, 1, 256, 1024, 135), (39.1, 8192, 48, 8, 2, 512, 1536, 138),
        (76.1, 10240, 60, 8, 4, 1024, 1792, 140), (145.6, 12288, 80, 8, 8, 1536, 2304, 148),
        (310.1, 16384, 96, 8, 16, 1920, 2160, 155), (529.6, 20480, 105, 8, 35, 2520, 2520, 163),
        (1008.0, 25600, 128, 8, 64, 3072, 3072, 163),
    )
)  # fmt: skip


@dataclass(frozen=True)
class StepParts:
    """Where the time of a step in three dimensions goes, in seconds; the sum is the step.

    Attributes:
        arithmetic: Matrix products.
        tensor: All-reduces within layers, for which the arithmetic waits.
        bubble: A stage waits for the others.
        data: The all-reduce of the gradients.
    """

    arithmetic: float
    tensor: float
    bubble: float
    data: float

    @property
    def seconds(self) -> float:
        """The step."""
        return self.arithmetic + self.tensor + self.bubble + self.data


def megatron_flops(run: MegatronRun, seq_len: int = 2048, vocab_size: int = 51200) -> float:
    """Operations of one step, recomputation counted: equation 3 of the paper."""
    d = run.d_model
    return (
        96 * run.batch * seq_len * run.n_layers * d**2 * (1 + seq_len / (6 * d) + vocab_size / (16 * run.n_layers * d))
    )


def megatron_step(run: MegatronRun, hardware: Hardware, efficiency: float, seq_len: int = 2048) -> StepParts:
    """The time of a step by the same few rules: nothing overlaps, micro-batches are single sequences.

    A layer has an all-reduce of its activations after each of its two branches: in the forward pass, once more when it
    is recomputed, and in the backward pass. Gradients are summed in float32 between machines.

    Example:
        >>> parts = megatron_step(MEGATRON[-1], HARDWARE["a100"], efficiency=0.6)
        >>> 0.1 < parts.bubble / (parts.arithmetic + parts.tensor) < 0.15  # (p - 1) / m = 63 / 512
        True
    """
    n_data = run.n_gpus // (run.tensor * run.pipeline)
    n_micro_batches = run.batch // n_data
    arithmetic = megatron_flops(run, seq_len) / run.n_gpus / (hardware.flops * efficiency)
    activations = 2 * seq_len * run.d_model
    ring = 2 * (run.tensor - 1) / run.tensor / hardware.node_bandwidth
    tensor = 6 * run.n_layers / run.pipeline * n_micro_batches * activations * ring
    weights = 12 * run.n_layers * run.d_model**2 / (run.tensor * run.pipeline)
    data = 2 * (n_data - 1) / n_data * 4 * weights / hardware.network_bandwidth
    bubble = (arithmetic + tensor) * (run.pipeline - 1) / n_micro_batches
    return StepParts(arithmetic, tensor, bubble, data)
