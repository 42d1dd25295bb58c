"""What a run leaves in a notebook's cells: outputs that give a check its points, and what its student may read."""

from __future__ import annotations

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output

from llmcourse.course.grading.trial.orders import GRADER_ERRORS, NOT_RUN, TOLD, Failure
from llmcourse.course.notebooks import facts_of, kind_of


def settle(cell: NotebookNode, failure: Failure | None) -> None:
    """Make a cell's outputs say what its process said: an error if and only if it failed."""
    errors = [out for out in cell.outputs if out.output_type == "error"]
    if kind_of(cell) == "check":
        cell.outputs = [_neutral(out) for out in cell.outputs if out.output_type != "error"]
    elif failure and failure.ename in GRADER_ERRORS:
        cell.outputs = [out for out in cell.outputs if out.output_type != "error"]
    else:
        return
    if failure:
        told = failure.ename not in GRADER_ERRORS
        same = [out for out in errors if told and out.ename == failure.ename and out.get("traceback")]
        line = f"{failure.ename}: {failure.evalue}"
        new = new_output("error", ename=failure.ename, evalue=failure.evalue[:4000], traceback=[line[:4000]])
        cell.outputs.append(same[-1] if same else new)


def passed_on(failure: Failure) -> Failure:
    """What a check gets when its exercise cell failed."""
    if failure.ename == NOT_RUN:
        return failure
    name = "" if failure.ename in GRADER_ERRORS else f"{failure.ename}: "
    told = None if failure.told is None else f"the exercise cell failed: {failure.told}"
    return Failure(NOT_RUN, f"the exercise cell failed: {name}{failure.evalue}", told)


def tell(cell: NotebookNode, failure: Failure | None) -> None:
    """Note in a cell what its student may read about its failure."""
    facts = {name: value for name, value in facts_of(cell).items() if name != TOLD}
    if failure is not None:
        facts[TOLD] = failure.for_student
    if facts != facts_of(cell):
        cell.metadata["llmcourse"] = facts


def _neutral(output: NotebookNode) -> NotebookNode:
    """A check's output without meaning for nbgrader: no warning costs points, no displayed number sets them."""
    if output.output_type == "stream":
        output.name = "stdout"
    elif output.output_type == "execute_result":
        return new_output("display_data", data=output.data, metadata=output.metadata)
    return output
