"""Attacks on grading, each carried out on the real pipeline, each with the score that it deserves.

An attack is data (`attack.Attack`): what is handed in and what that deserves. `test_attacks` grades all of them in a few
classes, each with an honest student among them, and looks at what the runs left behind. The families:

- verdict: a wrong answer that wants points (`verdict`);
- reading: an answer that is right only if its author got hold of a solution or a hidden test, so that points would show
  the theft (`reading`);
- writing, neighbours, leftovers, resources: an answer that does something besides (`harm`);
- archive, notebook, names: what a submission is made of (`formats`).

On stock nbgrader 0.9.6, where students' code and tests share a process, an account and a network, most of the first
three families get full marks, and those that end a process, lock the gradebook or double a cell stop the run.

What is known to be weaker, and why:
- a number of steps is counted in the student's process: `lies_about_its_steps` gets its points, and the report lists such
  checks as of lower trust;
- a cell that writes to the line to the judge by itself spoils the checks that come after it, its author's own;
- a check can lend the reference of a piece that is judged later (`asks_ahead`): that piece's hidden tests draw a value anew;
- inputs of hidden tests reach the code that is judged, by necessity; they do not come back on a feedback page.

Where a machine forbids namespaces these tests are left out, and the summary says so; with CI=true they fail.
"""
