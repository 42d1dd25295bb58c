#!/usr/bin/env bash
# torch 2.13.0: what `torchrun` does with the signals by which a scheduler takes a machine back.
#
# 1. SIGUSR1, which Slurm's users ask for some minutes before the end (`--signal`), kills the agent, and its ranks live on
#    without it: they compute for nobody, keep their GPUs, and nothing has told them. `--signals-to-handle` (SIGTERM,
#    SIGINT, SIGHUP and SIGQUIT by default) must name it.
# 2. A scheduler that signals every process of a step (Slurm does; Kubernetes tells the first process only) has each rank
#    told twice, since the agent passes SIGTERM on. A rank that takes the second for "at once" dies while it saves.
# 3. Ranks that all leave with status 0 when they were asked to are a failure: the agent's status is 1.
# 4. A rank that leaves by itself, with a status that says "try again later", is a rank that failed: with --max-restarts
#    the agent starts all of them again at once, on the machine that is about to go.
#
# PYTHON names an interpreter that has torch 2.13.0; without it one is installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ -z "${PYTHON:-}" ]]; then
    python3 -m venv "$folder/env"
    "$folder/env/bin/pip" install --quiet torch==2.13.0 numpy
    PYTHON="$folder/env/bin/python"
fi
cat > "$folder/rank.py" <<'PYTHON'
"""A rank of a run: works until it is asked to leave, or for LIMIT_S; writes down what it was told, and leaves."""
import os
import signal
import sys
import time

LIMIT_S, SAVE_S = 10.0, 2.0
told = []
for number in (signal.SIGTERM, signal.SIGUSR1):
    signal.signal(number, lambda number, frame: told.append(signal.Signals(number).name))
attempt, rank = os.environ["TORCHELASTIC_RESTART_COUNT"], os.environ["RANK"]
with open(f"pid.{attempt}.{rank}.new", "w") as file:
    file.write(str(os.getpid()))
os.rename(file.name, f"pid.{attempt}.{rank}")
end = time.monotonic() + (LIMIT_S if attempt == "0" else 0.0)
while time.monotonic() < end and not told:
    time.sleep(0.05)
end = time.monotonic() + SAVE_S
while told and time.monotonic() < end:
    time.sleep(0.05)
with open(f"told.{attempt}.{rank}", "w") as file:
    file.write("+".join(told) or "nothing")
sys.exit(int(sys.argv[1]) if told else 0)
PYTHON
cat > "$folder/shown.py" <<'PYTHON'
import os
import signal
import subprocess
import sys
import tempfile
import time

import torch

assert torch.__version__.startswith("2.13.0"), torch.__version__


def is_alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def shown(what, number, to_agent, to_ranks, status, *options):
    """Start two ranks, send a signal, and say what became of agent and ranks."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *options]
        agent = subprocess.Popen([*command, sys.argv[1], status], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        names = [f"{folder}/pid.0.{rank}" for rank in range(2)]
        while not all(map(os.path.exists, names)):
            assert agent.poll() is None, "torchrun did not start"
            time.sleep(0.1)
        ranks = [int(open(name).read()) for name in names]
        for pid in ranks[:to_ranks] + [agent.pid] * to_agent:
            os.kill(pid, number)
            time.sleep(0.5)  # two signals of a kind that come at a time are one
        ended = agent.wait()
        alive = sum(map(is_alive, ranks))
        while any(map(is_alive, ranks)):
            time.sleep(0.1)
        told = [open(f"{folder}/told.0.{rank}").read() for rank in range(2)]
        again = os.path.exists(f"{folder}/told.1.0")
        print(f"{what}|agent {ended}|{alive} ranks left behind|told {' '.join(told)}|{'started again' if again else 'gone'}", flush=True)


handled = ("--signals-to-handle", "SIGTERM,SIGUSR1")
shown("SIGUSR1 to the agent", signal.SIGUSR1, 1, 0, "75")
shown("SIGUSR1 to an agent that knows it", signal.SIGUSR1, 1, 0, "75", *handled)
shown("SIGTERM to everybody", signal.SIGTERM, 1, 2, "75")
shown("SIGTERM to the agent, ranks leave with 0", signal.SIGTERM, 1, 0, "0")
shown("SIGUSR1 to one rank, one restart", signal.SIGUSR1, 0, 1, "75", "--max-restarts", "1")
PYTHON
OMP_NUM_THREADS=1 "$PYTHON" "$folder/shown.py" "$folder/rank.py" | tee "$folder/found"
diff "$folder/found" - << 'SEEN'
SIGUSR1 to the agent|agent -10|2 ranks left behind|told nothing nothing|gone
SIGUSR1 to an agent that knows it|agent 1|0 ranks left behind|told SIGUSR1 SIGUSR1|gone
SIGTERM to everybody|agent 1|0 ranks left behind|told SIGTERM+SIGTERM SIGTERM+SIGTERM|gone
SIGTERM to the agent, ranks leave with 0|agent 1|0 ranks left behind|told SIGTERM SIGTERM|gone
SIGUSR1 to one rank, one restart|agent 0|0 ranks left behind|told SIGUSR1 SIGTERM|started again
SEEN
