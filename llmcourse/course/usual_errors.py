"""What the usual errors of Python, NumPy and PyTorch mean, in plain words, and what is usually done about them.

An error's own words are written for who knows the language well. Here are those that a beginner's answer runs into
most, by a part of their text that has stayed the same over many versions.
"""

from __future__ import annotations

import re

_MEANINGS = {
    r"changed size during iteration|mutated during iteration": (
        "the loop walks over a set or a dict that its own body changes: walk over a copy, as list(...) makes one"
    ),
    r"unhashable type: '(list|dict|set|bytearray)'": (
        "what may change cannot be a key or stand in a set: make a tuple, a frozenset or bytes of it"
    ),
    r"unhashable type: 'numpy.ndarray'": "an array cannot be a key or stand in a set: make a tuple or bytes of it",
    r"'[<>]=?' not supported between instances of": (
        "two values that have no order were compared. In tuples the next parts decide where the first ones are equal, "
        "in a heap and in a sort, too: put a number that is never equal before the part that has no order"
    ),
    r"^\w* ?(assignment )?index out of range|is out of bounds for (axis|dimension)": (
        "a place behind the last one was asked for: is i + 1 read where i is the last, or is there nothing in it?"
    ),
    r"division by zero|modulo by zero|division or modulo": (
        "what is divided by is 0 in this call: which answer does the exercise ask for there?"
    ),
    r"\b(min|max)\(\) (arg|iterable argument) is .*empty|at least one array|zero-size array|expect(s|ed) a non-empty": (
        "there is nothing to choose from or to join in this call: which answer does the exercise ask for there?"
    ),
    r"maximum recursion depth exceeded": (
        "the function calls itself for each item, deeper than Python allows: write a loop"
    ),
    r"leaf [Vv]ariable that requires grad": (
        "PyTorch records what is done to a parameter, and this changes it in place: do it within torch.no_grad()"
    ),
    r"modified by an inplace operation": (
        "backward needs a tensor as it was, and it has been changed in place since: build a new tensor there"
    ),
    r"backward through the graph a second time": (
        "the first backward has freed what it needs: is a forward pass used twice, or a part of an earlier one?"
    ),
    r"does not require grad and does not have a grad_fn": (
        "nothing on the way from a parameter to this number was recorded: does a no_grad, a detach, an .item() or a "
        "new tensor stand between?"
    ),
    r"Can't call numpy\(\) on Tensor that requires grad|[Cc]onverting a tensor with requires_grad": (
        "the tensor has a history of gradients: detach() it first, or do the sums in PyTorch"
    ),
    r"size of tensor a \(\d+\) must match the size of tensor b|could not be broadcast together": (
        "axes are lined up from the last one, and two that stand together must be equal, or one of them 1: does a "
        "tensor need one more axis, as unsqueeze or [:, None] makes it, or another order of its axes?"
    ),
    r"mat1 and mat2 shapes cannot be multiplied|matmul: Input operand|[Ee]xpected size for first two dimensions": (
        "the last axis of the left one must be as long as the last but one of the right one: is one to be transposed?"
    ),
    r"truth value of an array|Boolean value of Tensor with more than one value": (
        "an if, an and, an or or a min wants one yes or no, and this has many: use torch.where or np.where, & and |, "
        "or .any() and .all()"
    ),
    r"to have the same dtype|expected scalar type|must have the same dtype": (
        "two dtypes meet that do not mix: bring one to the dtype of the other with .to(...)"
    ),
    r"view size is not compatible": "the tensor's numbers do not lie in this order in memory: use reshape, not view",
    r"assignment destination is read-only": "the array is shared and must not be written to: work on a .copy()",
    r"[Ii]ntegers to negative integer powers": "whole numbers have no negative powers: make floats of them first",
    r"[Cc]annot cast ufunc|result type \w+ can't be cast": (
        "an operation in place cannot change the dtype, and the result needs a wider one: write x = x * y, not x *= y"
    ),
    r"generator' object (is not subscriptable|has no len)|object of type '(generator|map|zip|filter)' has no len": (
        "an iterator gives its items once, one after another, and has no length: make a list of it"
    ),
    r"'NoneType' object": (
        "a name holds None: a function without a return gives None, and so do list.sort, list.append and other methods "
        "that work in place"
    ),
    r"'(set|dict_keys|dict_values|dict_items)' object is not subscriptable": "it has no item by number: make a list",
    r"referenced before assignment|cannot access local variable": (
        "the name is given a value on another way through the function, and not on this one"
    ),
}


def meaning(error: BaseException) -> str:
    """What an error means, if it is one of the usual ones; else empty.

    Example:
        >>> meaning(TypeError("unhashable type: 'list'"))
        'what may change cannot be a key or stand in a set: make a tuple, a frozenset or bytes of it'
        >>> meaning(ValueError("n is 3; it must be even"))
        ''
    """
    if isinstance(error, AssertionError | NotImplementedError):
        return ""
    text = str(error)
    return next((words for part, words in _MEANINGS.items() if re.search(part, text)), "")
