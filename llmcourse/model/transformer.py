"""The decoder-only Transformer: its blocks, its initialisation and its key/value cache (chapter 3).

Shape suffixes: B batch, T time, S time of keys, D model width, H heads, K key/value heads, C channels of a
head, L layers, V vocabulary.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from llmcourse.model.attention import Attention, LayerCache, Rotate, causal_mask
from llmcourse.model.config import ModelConfig
from llmcourse.model.fast import normalise
from llmcourse.model.layers import make_feed_forward, make_norm
from llmcourse.positional import make_positions

if TYPE_CHECKING:
    from pathlib import Path

    from llmcourse.tokenization import BPETokenizer


class KVCache:
    """The keys and values of the positions that a model has seen, so that none is computed twice.

    `model(ids, cache=cache)` appends. All sequences of a batch have the same length.

    Args:
        config: The model's configuration.
        batch_size: Sequences B.
        max_len: Positions S there is room for.
        device, dtype: Of the stored tensors; None takes those of the model that first fills the cache.

    Attributes:
        keys_LBKSC, values_LBKSC: The stored tensors; slots at and beyond `length` are unused.
        length: Positions filled so far.

    Example:
        >>> config = ModelConfig(vocab_size=16, d_model=8, n_layers=2, n_heads=2, max_seq_len=32)
        >>> cache = KVCache(config, batch_size=1, max_len=32)
        >>> logits = Transformer(config)(torch.tensor([[1, 2, 3]]), cache=cache)
        >>> cache.length
        3
    """

    def __init__(
        self,
        config: ModelConfig,
        batch_size: int,
        max_len: int,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        shape = (config.n_layers, batch_size, config.n_kv_heads, max_len, config.d_head)
        # Zeros, not garbage: a masked slot still enters a product with weight 0, and 0 times NaN is NaN.
        self.keys_LBKSC = torch.zeros(shape, device=device, dtype=dtype)
        self.values_LBKSC = torch.zeros(shape, device=device, dtype=dtype)
        self.length = 0
        self._follows_device, self._follows_dtype = device is None, dtype is None

    @property
    def max_len(self) -> int:
        """Positions there is room for."""
        return self.keys_LBKSC.shape[3]

    def layer(self, number: int) -> LayerCache:
        """The part of one layer: views, so that writing to them fills this cache."""
        return LayerCache(self.keys_LBKSC[number], self.values_LBKSC[number], self.length)

    def follow(self, weight: Tensor) -> None:
        """Lie where a model's weight lies, in its dtype, unless told otherwise; nothing happens once anything is kept.

        Raises:
            ValueError: The dtype was given and is another one.
        """
        if self.length == 0:
            device = weight.device if self._follows_device else self.keys_LBKSC.device
            dtype = weight.dtype if self._follows_dtype else self.keys_LBKSC.dtype
            self.keys_LBKSC = self.keys_LBKSC.to(device, dtype)
            self.values_LBKSC = self.values_LBKSC.to(device, dtype)
        if self.keys_LBKSC.dtype != weight.dtype and not torch.is_autocast_enabled(weight.device.type):
            raise ValueError(f"dtype of the cache is {self.keys_LBKSC.dtype}; it must be the model's, {weight.dtype}")

    def check_room(self, ids_BT: Tensor) -> None:
        """Raise a ValueError when these tokens do not fit behind what is there."""
        batch_size, n_new = ids_BT.shape
        if batch_size != self.keys_LBKSC.shape[1]:
            raise ValueError(f"ids_BT has {batch_size} rows; it must have {self.keys_LBKSC.shape[1]}, as the cache has")
        if self.length + n_new > self.max_len:
            raise ValueError(
                f"the cache has room for {self.max_len} positions; it must have room for {self.length + n_new}"
            )

    def truncate(self, length: int) -> None:
        """Forget all positions from `length` on.

        Raises:
            ValueError: `length` is negative or more than is filled.
        """
        if not 0 <= length <= self.length:
            raise ValueError(f"length is {length!r}; it must be from 0 to {self.length}, the positions filled")
        self.length = length

    def reset(self) -> None:
        """Forget everything."""
        self.length = 0


class Block(nn.Module):
    """One layer: attention, then a feed-forward network, each added to the residual stream.

    Attributes:
        attention, feed_forward: The two branches.
        attention_norm, feed_forward_norm: Their norms, before the branch ("pre") or after the sum ("post").
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.pre_norm = config.norm_position == "pre"
        self.attention = Attention(
            config.d_model, config.n_heads, config.n_kv_heads, config.d_head, bias=config.bias,
            qk_norm=config.norm if config.qk_norm else None, qk_norm_over=config.qk_norm_over, norm_eps=config.norm_eps,
            dropout=config.dropout, scale=config.attention_scale,
        )  # fmt: skip
        if config.feed_forward is None:
            self.feed_forward = make_feed_forward(config.activation, config.d_model, int(config.d_ff), config.bias)
        else:
            self.feed_forward = config.feed_forward.make(config)
        self.attention_norm = make_norm(config.norm, config.d_model, config.norm_eps, config.bias)
        self.feed_forward_norm = make_norm(config.norm, config.d_model, config.norm_eps, config.bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, x_BTD: Tensor, rotate: Rotate | None = None, mask: Tensor | None = None, cache: LayerCache | None = None
    ) -> Tensor:
        """The residual stream after this layer; arguments as for `Attention`."""
        if self.pre_norm:
            x_BTD = x_BTD + self.dropout(self.attention(normalise(self.attention_norm, x_BTD), rotate, mask, cache))
            return x_BTD + self.dropout(self.feed_forward(normalise(self.feed_forward_norm, x_BTD)))
        x_BTD = normalise(self.attention_norm, x_BTD + self.dropout(self.attention(x_BTD, rotate, mask, cache)))
        return normalise(self.feed_forward_norm, x_BTD + self.dropout(self.feed_forward(x_BTD)))


class Transformer(nn.Module):
    """A decoder-only Transformer.

    Built under `torch.device("meta")` it has shapes and no storage: `to_empty(device=...)` and `init_weights()` then
    make it real.

    Args:
        config: Its shape.

    Attributes:
        config, embedding, positions, blocks, norm, lm_head: In the order in which they are used. After "post" blocks
            the stream is normalised already, and `norm` does nothing.

    Example:
        >>> config = ModelConfig(vocab_size=16, d_model=8, n_layers=2, n_heads=2, max_seq_len=32)
        >>> model = Transformer(config)
        >>> model(torch.tensor([[1, 2, 3]])).shape
        torch.Size([1, 3, 16])
        >>> model(torch.tensor([[1, 2, 99]]))
        Traceback (most recent call last):
        ValueError: a token id is 99; it must be at least 0 and below vocab_size, 16
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.positions = make_positions(
            config.positions, d_model=config.d_model, n_heads=config.n_heads, d_head=config.d_head,
            max_seq_len=config.max_seq_len, rope_theta=config.rope_theta, rope_layout=config.rope_layout,
            rope_scaling=config.rope_scaling,
        )  # fmt: skip
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        pre_norm = config.norm_position == "pre"
        self.norm = make_norm(config.norm, config.d_model, config.norm_eps, config.bias) if pre_norm else nn.Identity()
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self._tie()
        if not self.embedding.weight.is_meta:
            self.init_weights()

    def _tie(self) -> None:
        if self.config.tie_embeddings:
            self.lm_head.weight = self.embedding.weight

    def _apply(self, *args, **kwargs) -> Transformer:
        """`to_empty` and some changes of dtype make new parameters: tie them again."""
        super()._apply(*args, **kwargs)
        self._tie()
        return self

    def load_state_dict(self, *args, **kwargs) -> Any:
        """As of any module; `assign=True` makes new parameters: tie them again."""
        keys = super().load_state_dict(*args, **kwargs)
        self._tie()
        return keys

    def init_weights(self, generator: torch.Generator | None = None) -> None:
        """Draw every weight anew, see the function `init_weights`; a learned position table included."""
        config = self.config
        scale = 1 / math.sqrt(2 * config.n_layers) if config.scale_residual_init else 1.0
        init_weights(self, config.init_std, config.init_std * scale, generator)
        for block in self.blocks:  # stacks of experts are no linear layers, and know how they begin
            for module in block.modules():
                if hasattr(module, "init_weights"):
                    module.init_weights(config.init_std, config.init_std * scale, generator)
        self.positions.init_weights(generator=generator, std=config.init_std)

    def save_pretrained(
        self, folder: str | Path, tokenizer: BPETokenizer | None = None, *, end_of_text: int | str | None = None
    ) -> Path:
        """Write a folder that `transformers` and `from_pretrained` load; see `llmcourse.model.huggingface`.

        Args:
            folder: Made where there is none; a model that is in it is replaced.
            tokenizer: The one that the model was trained with.
            end_of_text: The mark between the documents that it was trained on, an id or the spelling of a special
                token. Generated texts end with it; None lets them go on.

        Returns:
            The folder.

        Raises:
            ValueError: None of their models computes the same, the tokenizer has more tokens than the model, or it has
                no such mark; the message names it, and nothing is written.
        """
        return _files().save_pretrained(folder, self, tokenizer, end_of_text=end_of_text)

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> Transformer:
        """The model of a folder, written by `save_pretrained` here or by `transformers`: a Llama, GPT-2 or mixture.

        Args:
            folder: With `config.json` and the weights, in one file or several.

        Returns:
            The model, in evaluation mode, on the CPU, in the dtype of its files.

        Raises:
            ValueError: A file is missing or damaged, or it is a model that ours cannot express; the message names what.

        Example:
            >>> import tempfile
            >>> model = Transformer(ModelConfig(vocab_size=16, d_model=8, n_layers=1, n_heads=2, max_seq_len=32))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     again = Transformer.from_pretrained(model.save_pretrained(folder))
            >>> torch.equal(again.lm_head.weight, model.lm_head.weight)
            True
        """
        return _files().load_pretrained(folder)

    def forward(self, ids_BT: Tensor, *, documents_BT: Tensor | None = None, cache: KVCache | None = None) -> Tensor:
        """The logits of each next token.

        Args:
            ids_BT: int64 token ids.
            documents_BT: None, or the number of the document that each token belongs to. Attention stays within a
                document and positions start at 0 in each. A run of equal numbers is a document.
            cache: None, or the cache of the positions before these; these are appended to it.

        Returns:
            Logits, shape (B, T, V).

        Raises:
            ValueError: An id outside the vocabulary (on a GPU the embedding's own assertion says so), a position past
                the end of a learned table or of the cache, or documents together with a cache.
        """
        self._check(ids_BT, documents_BT, cache)
        starts_BT = None if documents_BT is None else document_starts(documents_BT)
        start = cache.length if cache is not None else 0
        # Keys are all positions so far, those in the cache included; queries are the new ones alone.
        k_positions = torch.arange(start + ids_BT.shape[1], device=ids_BT.device)
        k_positions = k_positions if starts_BT is None else k_positions - starts_BT
        q_positions = k_positions[start:] if start else k_positions
        mask = self._mask(q_positions, k_positions, starts_BT, cache)
        rotate = self.positions.rotation(q_positions)
        x_BTD = self.dropout(self.positions.add(self.embedding(ids_BT), q_positions))
        for number, block in enumerate(self.blocks):
            x_BTD = block(x_BTD, rotate, mask, cache.layer(number) if cache is not None else None)
        if cache is not None:
            cache.length += ids_BT.shape[1]
        logits_BTV = self.lm_head(normalise(self.norm, x_BTD))
        return logits_BTV if self.config.logit_scale == 1.0 else logits_BTV * self.config.logit_scale

    def _check(self, ids_BT: Tensor, documents_BT: Tensor | None, cache: KVCache | None) -> None:
        # On a GPU, looking at the ids would make the host wait for the device at every step.
        if ids_BT.device.type == "cpu" and ids_BT.numel() and not torch.compiler.is_compiling():
            try:
                low, high = (int(bound) for bound in torch.aminmax(ids_BT))
            except RuntimeError:  # inside `torch.vmap` there is no number to look at
                low = high = 0
            if low < 0 or high >= self.config.vocab_size:
                wrong = low if low < 0 else high
                raise ValueError(
                    f"a token id is {wrong}; it must be at least 0 and below vocab_size, {self.config.vocab_size}"
                )
        if cache is not None:
            if documents_BT is not None:
                raise ValueError("documents_BT and cache do not go together, as a cache holds one document a row")
            cache.check_room(ids_BT)
            cache.follow(self.embedding.weight)

    def _mask(
        self, q_positions: Tensor, k_positions: Tensor, starts_BT: Tensor | None, cache: KVCache | None
    ) -> Tensor | None:
        """What the attention of all layers is masked by; None for the plain causal mask, which kernels know."""
        # ALiBi has a bias, the others have none.
        bias = self.positions.bias(q_positions, k_positions)
        if cache is not None or (bias is None and starts_BT is None):
            return bias
        # From here on the mask is spelled out, which costs memory of T x T and the fastest kernels.
        mask = causal_mask(q_positions.shape[-1], k_positions.shape[-1], q_positions.device)
        if starts_BT is not None:
            mask = mask & (starts_BT[:, None, :, None] == starts_BT[:, None, None, :])
        return mask if bias is None else bias.masked_fill(~mask, -math.inf)


def _files() -> Any:
    """What reads and writes files: it builds models, so it stands above this module, and is imported when asked for."""
    from importlib import import_module

    return import_module("llmcourse.model.huggingface")


def document_starts(documents_BT: Tensor) -> Tensor:
    """For each token the place in its row where its document begins; a run of equal numbers is a document.

    Example:
        >>> document_starts(torch.tensor([[7, 7, 4, 4, 4, 7]])).tolist()
        [[0, 0, 2, 2, 2, 5]]
    """
    places_T = torch.arange(documents_BT.shape[1], device=documents_BT.device)
    is_first_BT = torch.ones_like(documents_BT, dtype=torch.bool)
    is_first_BT[:, 1:] = documents_BT[:, 1:] != documents_BT[:, :-1]
    return torch.where(is_first_BT, places_T, 0).cummax(dim=1).values


@torch.no_grad()
def init_weights(model: nn.Module, std: float, residual_std: float, generator: torch.Generator | None = None) -> None:
    """Give every weight of a model its first value, in place.

    The weights of each `nn.Linear` and `nn.Embedding` are drawn from a normal distribution with mean 0 and standard
    deviation `std`; but linear layers named `out` or `down`, which write to the residual stream, get `residual_std`.
    A weight with one dimension, as norms have, becomes 1 and every bias 0. Parameters with other names stay as they
    are.

    Args:
        model: Any module; its parameters are changed in place and stay the same objects.
        std: Standard deviation, e.g. 0.02.
        residual_std: Of the layers that write to the residual stream, e.g. 0.02 / sqrt(2 * n_layers).
        generator: Where the random numbers come from; PyTorch's global one when None.

    Example:
        >>> model = nn.ModuleDict({"up": nn.Linear(100, 400), "down": nn.Linear(400, 100)})
        >>> init_weights(model, std=0.02, residual_std=0.005, generator=torch.Generator().manual_seed(0))
        >>> f"{model['up'].weight.std():.3f} {model['down'].weight.std():.4f} {model['down'].bias.abs().max():.1f}"
        '0.020 0.0050 0.0'

    Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), section 2.3.
    """
    for name, module in model.named_modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, nn.Linear | nn.Embedding):
            writes_to_stream = name.split(".")[-1] in ("out", "down")
            weight.normal_(0.0, residual_std if writes_to_stream else std, generator=generator)
        elif isinstance(weight, Tensor) and weight.ndim == 1:
            weight.fill_(1.0)
        if isinstance(bias, Tensor):
            bias.zero_()
