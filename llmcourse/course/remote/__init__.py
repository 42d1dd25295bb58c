"""Two interpreters that share values and nothing else: a student's process, and the one that judges it.

A graded cell runs in a process that no student's code has ever run in. It calls the piece it judges as if that were a
function of its own; the call crosses a socket, and only values cross with it: numbers, strings, bytes, containers,
tensors as raw bytes. Nothing is ever unpickled, and nothing that arrives is looked up by a name of the sender's
choosing.

The rule behind everything: *control is on one side at a time, and whoever gives it away first tells what changed.* A
list that is sorted in place, a gradient that is scaled, a cache that is filled are changed on the other side too,
before the call returns there. Functions and modules stay where they are and are called back; gradients flow through
calls.

- `wire`: values as bytes, bytes as values; the decoder is the border. `line`: the socket that the bytes go over;
- `shared`: the objects that both sides hold, and how what changed in one is told;
- `patches`: what changed in a long list or dict, so that not all of it crosses again;
- `containers`, `memory`: lists and records, tensors and arrays among them;
- `randomness`: the global random generators; `modes`: gradients, autocast and default types, as they are switched;
- `gradients`: calls that autograd can go back through;
- `modules`: an `nn.Module` or an optimizer of the other side, and the stand-in for it on this one; `proof`: that it
  computes with the parameters that it shows;
- `peer`: one end of the line: calls, and answers to calls;
- `student` and `judge`: the two ends; `references`: what the one may call of the library's own, and what it is lent of
  it; `hidden`: what may be told once hidden tests have run;
- `cells` and `judges`: the two processes, which run a notebook's cells for the grader.
"""
