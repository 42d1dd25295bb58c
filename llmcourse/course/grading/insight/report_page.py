"""The analysis of a class for the instructor: a summary on the terminal, and a page that stands alone."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from llmcourse.course.grading.insight.analysis import WHY_LOWER_TRUST, Analysis, Mistake
from llmcourse.course.grading.results.pages import escaped, number, page, plain, preformatted, table
from llmcourse.course.grading.results.report import ClassReport, ExerciseResult, bins, print_summary

NO_VERDICT = (
    "Something to look at, not a verdict: pairs whose answers share what is rare in this class, whatever their names, "
    "comments and layout. What everybody was given, the course's own solution and what many wrote do not count."
)


def headline(mistake: Mistake, n: int) -> str:
    """A mistake in one line.

    Example:
        >>> headline(Mistake("RMSNorm", "adds epsilon to the root", "same failure", ("a", "b"), "a", "…"), 30)
        '2 of 30, RMSNorm: adds epsilon to the root'
    """
    return f"{len(mistake.students)} of {n}, {mistake.exercise}: {mistake.about}"


def print_analysis(analysis: Analysis, console: Console, top: int = 10) -> None:
    """Print a class's summary: the exercises, the totals, the most frequent mistakes, pairs to look at."""
    report, n = analysis.report, len(analysis.report.students)
    print_summary(report, console)
    if analysis.mistakes:
        console.print(Text("\nMost frequent wrong answers", style="bold"))
    for mistake in analysis.mistakes[:top]:
        known = "" if mistake.known else "  (not in the bank)" if analysis.bank else ""
        console.print(Text(plain(headline(mistake, n) + known, 300)), soft_wrap=True)
    if analysis.pairs:
        console.print(Text("\nNear-identical submissions: something to look at, not a verdict", style="bold"))
        shown = Table("students", "alike", "in")
        for pair in analysis.pairs[:top]:
            names = ", ".join(name for name, _ in pair.exercises[:5]) + (" …" if len(pair.exercises) > 5 else "")
            shown.add_row(Text(plain(" and ".join(pair.students), 200)), f"{pair.similarity:.0%}", Text(names))
        console.print(shown)
    if analysis.lower_trust:
        console.print(Text(f"\nChecks of lower trust: {', '.join(analysis.lower_trust)}", style="bold"))
        console.print(Text(WHY_LOWER_TRUST), soft_wrap=True)


def report_page(analysis: Analysis) -> str:
    """The page: no script, no request, readable on a phone and in the dark."""
    report = analysis.report
    parts = [_head(report), _totals(report), _exercises(analysis), _mistakes(analysis), _pairs(analysis)]
    parts += [_lower_trust(analysis), _students(report), _problems(report)]
    return page(f"{', '.join(report.assignments)}: report", "\n".join(part for part in parts if part))


def _head(report: ClassReport) -> str:
    scores = [student.score for student in report.students]
    highest = max((student.max_score for student in report.students), default=0.0)
    waiting = sum(e.points is None for student in report.students for e in student.exercises)
    facts = [f"{len(scores)} students", f"{number(highest)} points to earn"]
    if scores:
        facts.append(f"mean {number(round(statistics.mean(scores), 1))}, median {number(statistics.median(scores))}")
    unsafe = (
        '<p class="bad">Graded without walls: nothing shut the submissions in, so a submission could change scores.</p>'
    )
    note = f"<p>{waiting} answers are not marked yet; they count 0 here.</p>" if waiting else ""
    title = escaped(", ".join(report.assignments), 300)
    head = f'<p class="soft">Report for the instructor</p><h1>{title}</h1><p class="total">{" · ".join(facts)}</p>'
    return f"<header>{head}{note}{unsafe if report.unsafe else ''}</header>"


def _section(title: str, body: str) -> str:
    name = "".join(c if c.isalnum() else "-" for c in title.lower())
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>{body}</section>'


def _totals(report: ClassReport) -> str:
    """The distribution of totals as bars, the numbers beside them."""
    if not report.students:
        return _section("Totals", "<p>Nobody has handed in.</p>")
    counts = bins(report)
    top, rows = max(counts), []
    for position, count in enumerate(reversed(counts)):
        low = 90 - 10 * position
        label, y = f"{low}–{100 if low == 90 else low + 9}%", 22 * position
        bar = (
            f'<rect class="bar" x="70" y="{y + 2}" width="{count / top * 220:.1f}" height="16" rx="2"/>'
            if count
            else ""
        )
        shown = f'<text x="{76 + count / top * 220:.1f}" y="{y + 14}">{count}</text>' if count else ""
        rows.append(f'<text x="62" y="{y + 14}" text-anchor="end">{label}</text>{bar}{shown}')
    told = ", ".join(f"{10 * i} percent and up: {count}" for i, count in enumerate(counts) if count)
    size = 'viewBox="0 0 330 222" width="100%" height="auto" preserveAspectRatio="xMinYMin"'
    label = f'aria-label="Students by share of points. {told}"'
    svg = f'<svg class="chart" role="img" {label} {size}>{"".join(rows)}</svg>'
    return _section("Totals", f'{svg}<p class="soft">Students by their share of all points.</p>')


def _exercises(analysis: Analysis) -> str:
    """Every exercise, the hardest first."""
    report = analysis.report
    columns = list(zip(*(student.exercises for student in report.students)))
    rows = []
    for column in sorted(columns, key=_share):
        first, marked = column[0], [e.points for e in column if e.points is not None]
        name = report.column(first)
        mean = number(round(statistics.mean(marked), 2)) if marked else "–"
        full = f"{sum(p >= first.max_points for p in marked) / len(marked):.0%}" if marked else "–"
        zero = f"{sum(p == 0 for p in marked) / len(marked):.0%}" if marked else "–"
        notes = [f"{analysis.not_tried[name]} not tried"] if analysis.not_tried.get(name) else []
        notes += [f"{len(column) - len(marked)} not marked"] if len(marked) < len(column) else []
        notes += ["lower trust"] if name in analysis.lower_trust else []
        rows.append([escaped(name, 100), number(first.max_points), mean, full, zero, ", ".join(notes)])
    head = ["exercise", "points", "mean", "full marks", "nothing", "notes"]
    return _section("Exercises, the hardest first", table(head, rows, (1, 2, 3, 4), "scroll")) if rows else ""


def _share(column: Iterable[ExerciseResult]) -> float:
    """The mean share of the points; what is not marked to its end comes last."""
    points = [(e.points, e.max_points or 1.0) for e in column]
    return 2.0 if any(got is None for got, _ in points) else statistics.mean(got / of for got, of in points)


def _mistakes(analysis: Analysis) -> str:
    n = len(analysis.report.students)
    known = [mistake for mistake in analysis.mistakes if mistake.known]
    own = [mistake for mistake in analysis.mistakes if not mistake.known]
    how = {"graded": "by the code or by how it fails", "by code": "by the code alone"}.get(analysis.bank, "")
    parts = []
    if known:
        rows = [
            [f"{len(m.students)} of {n}", escaped(m.exercise, 100), escaped(m.about, 600) + _who(m)] for m in known[:40]
        ]
        parts.append(
            _section(
                "Most frequent wrong answers",
                f'<p class="soft">Known from the bank of wrong solutions, {how}.</p>'
                + table(["students", "exercise", "mistake"], rows, (), "stack"),
            )
        )
    if own:
        rows = [
            [f"{len(m.students)} of {n}", escaped(m.exercise, 100), preformatted(m.reason, limit=700) + _who(m)]
            for m in own[:40]
        ]
        title = "Wrong answers that the bank does not have" if analysis.bank else "Wrong answers"
        more = f"<p>{len(own) - 40} more groups are left out.</p>" if len(own) > 40 else ""
        parts.append(
            _section(
                title,
                '<p class="soft">Grouped by what the check said, one example each.</p>'
                + table(["students", "exercise", "what the check said"], rows, (), "stack")
                + more,
            )
        )
    return "\n".join(parts)


def _who(mistake: Mistake) -> str:
    names = ", ".join(mistake.students[:8]) + (
        f" and {len(mistake.students) - 8} more" if len(mistake.students) > 8 else ""
    )
    return f' <span class="soft">{escaped(names, 800)}</span>'


def _pairs(analysis: Analysis) -> str:
    if not analysis.pairs:
        return _section(
            "Near-identical submissions", "<p>No two submissions share more than is usual in this class.</p>"
        )
    rows = []
    for pair in analysis.pairs[:50]:
        shared = ", ".join(f"{escaped(name, 100)} ({alike:.0%})" for name, alike in pair.exercises)
        rows.append([escaped(" and ".join(pair.students), 200), f"{pair.similarity:.0%}", shared])
    more = f"<p>{len(analysis.pairs) - 50} more pairs are left out.</p>" if len(analysis.pairs) > 50 else ""
    return _section(
        "Near-identical submissions",
        f"<p>{NO_VERDICT}</p>" + table(["students", "alike", "exercises"], rows, (1,), "stack") + more,
    )


def _lower_trust(analysis: Analysis) -> str:
    if not analysis.lower_trust:
        return ""
    names = "".join(f"<li>{escaped(name, 100)}</li>" for name in analysis.lower_trust)
    return _section("Checks of lower trust", f"<p>{WHY_LOWER_TRUST}</p><ul>{names}</ul>")


def _students(report: ClassReport) -> str:
    rows = [[escaped(s.student, 100), number(s.score), f"{s.score / (s.max_score or 1):.0%}"] for s in report.students]
    return _section("Students", table(["student", "points", "share"], rows, (1, 2), "scroll")) if rows else ""


def _problems(report: ClassReport) -> str:
    told = [f"{student.student}: {problem}" for student in report.students for problem in student.problems] + list(
        report.ignored
    )
    items = "".join(f"<li>{escaped(text, 300)}</li>" for text in told[:300])
    more = f"<p>{len(told) - 300} more are left out.</p>" if len(told) > 300 else ""
    return _section("What was odd about submissions", f"<ul>{items}</ul>{more}") if told else ""
