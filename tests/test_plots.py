import io
import itertools

import matplotlib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from llmcourse.course.notebook import plots


@pytest.fixture(autouse=True)
def keep_settings():
    with matplotlib.rc_context():
        yield


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def draw_svg() -> bytes:
    figure = Figure()
    FigureCanvasSVG(figure)
    ax = figure.subplots()
    ax.plot([0, 1, 2], [3, 1, 2], **plots.line_style("BPE"))
    plots.label(ax, "merges", "tokens")
    ax.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def test_the_same_figure_is_the_same_bytes():
    plots.use_style()
    assert draw_svg() == draw_svg()


def test_text_has_the_contrast_that_wcag_asks_of_small_text():
    assert contrast(plots.INK, plots.CARD) >= 7
    assert contrast(plots.SOFT, plots.CARD) >= 4.5


def test_every_colour_stands_out_from_the_card_and_from_the_others():
    assert [name for name, shade in plots.PALETTE.items() if contrast(shade, plots.CARD) < plots.VISIBLE] == []
    for one, other in itertools.combinations(plots.PALETTE.values(), 2):
        assert sum(abs(int(one[i : i + 2], 16) - int(other[i : i + 2], 16)) for i in (1, 3, 5)) > 60, (one, other)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_on_every_ground_there_is_an_ink_that_can_be_read(parts):
    ground = "#{:02x}{:02x}{:02x}".format(*parts)
    assert contrast(plots.ink_on(ground), ground) >= plots.LEGIBLE
    assert plots.contrast(ground, plots.CARD) == pytest.approx(contrast(ground, plots.CARD))
    assert contrast(plots.legible(ground), plots.CARD) >= plots.LEGIBLE


def test_what_shines_through_is_judged_by_what_is_seen():
    assert plots.ink_on(("#000000", 0.05)) == plots.INK and plots.ink_on("#000000") == "#ffffff"


def test_colours_of_an_order_get_darker_and_all_stand_out():
    for count in (1, 2, 7):
        lights = [luminance(shade) for shade in plots.ordered_colours(count)]
        assert lights == sorted(lights, reverse=True) and len(set(lights)) == count
        assert contrast(plots.ordered_colours(count)[0], plots.CARD) >= plots.VISIBLE
    with pytest.raises(ValueError, match="count is 0; it must be positive"):
        plots.ordered_colours(0)


def test_a_method_has_one_colour_however_it_is_written():
    assert plots.colour("BPE") == plots.colour(" bpe ") == plots.PALETTE["blue"]


def test_methods_compared_in_one_figure_differ():
    groups = [
        ["characters", "words", "bytes", "BPE", "Huffman", "WordPiece", "Unigram"],
        ["none", "learned", "sinusoidal", "ALiBi", "RoPE"],
        ["SGD", "Adam", "AdamW", "Muon"],
        ["MHA", "MQA", "GQA", "MLA"],
        ["one process", "DDP", "FSDP", "expert parallel"],
        ["dense", "MoE", "shared experts"],
        ["BPE", "GPT-2", "GPT-4"],
    ]
    for group in groups:
        for a, b in itertools.combinations(group, 2):
            assert plots.colour(a) != plots.colour(b), (a, b)
            assert plots.line_style(a)["marker"] != plots.line_style(b)["marker"]


def test_an_unknown_method_gets_the_same_palette_colour_in_every_process():
    # Fixed values: Python's own hash() of a string differs from one process to the next.
    assert [plots.colour(name) for name in ("lion", "sophia")] == ["#005FA8", "#00835A"]


def test_every_registered_colour_is_in_the_palette():
    assert set(plots.METHODS.values()) <= set(plots.PALETTE)


def test_a_missing_label_is_an_error():
    figure = Figure()
    ax = figure.subplots()
    with pytest.raises(ValueError, match="y axis"):
        plots.label(ax, "steps", " ")
    ax.set(xlabel="", ylabel="loss")
    with pytest.raises(ValueError, match="x axis of axes 0"):
        plots.check_labels(figure)


def test_shared_and_hidden_axes_and_colour_bars_need_no_label_of_their_own():
    figure = Figure()
    (left, right), (image, off) = figure.subplots(2, 2)
    right.sharey(left)
    plots.label(left, "steps", "loss (nats)")
    right.set_xlabel("tokens")
    off.set_axis_off()
    bar = figure.colorbar(image.imshow([[0, 1]]), ax=image)
    plots.label(image, "position", "head")
    with pytest.raises(ValueError):
        plots.check_labels(figure)
    bar.set_label("weight")
    plots.check_labels(figure)


def test_an_unknown_format_is_an_error():
    with pytest.raises(ValueError, match="'gif'"):
        plots.use_style("gif")


@pytest.mark.parametrize("fmt", ["svg", "png"])
def test_style_needs_no_notebook(fmt):
    plots.use_style(fmt)
    assert matplotlib.rcParams["figure.facecolor"] == plots.CARD
