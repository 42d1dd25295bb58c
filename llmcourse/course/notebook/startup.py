"""Run by every Python that `llmcourse lab` starts, before anything else: what `%%build` says until it can be used.

It is no part of a notebook: a cell near the top of each, `%load_ext llmcourse.course`, puts the real magics in place.
"""


def _announce() -> None:
    try:
        shell = get_ipython()  # type: ignore[name-defined]
    except NameError:  # a Python in a terminal
        return

    class NotLoaded(Exception):
        """The cell that loads the course has not run in this kernel."""

        def _render_traceback_(self) -> list[str]:
            return [str(self)]

    def magic(line: str, cell: str = "") -> None:
        raise NotLoaded(
            "The course is not loaded in this kernel: run the cell near the top of the notebook that begins "
            "with `%load_ext llmcourse.course`. After a restart, Run > Run All Above Selected Cell does all that this "
            "cell needs."
        )

    for name in ("build", "check"):
        shell.register_magic_function(magic, "cell", name)
        shell.register_magic_function(magic, "line", f"%{name}")  # what such a line is called below others


_announce()
del _announce
