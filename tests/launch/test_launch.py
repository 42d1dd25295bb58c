"""The files of `launch/`: what they call is there, what they ask of `torchrun` it knows, what they answer is right."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LAUNCH = ROOT / "launch"
SCRIPTS = [LAUNCH / "torchrun.sh", LAUNCH / "slurm" / "pretrain.sbatch", LAUNCH / "slurm" / "try_slurm.sh"]
VOLUME = LAUNCH / "skypilot-volume.yaml"
MANIFESTS = sorted(set(LAUNCH.rglob("*.yaml")) - {VOLUME})
WITHOUT_PROGRAM = importlib.util.find_spec("llmcourse.pretrain") is None


def resources(path: Path) -> list[dict]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def containers(value: object) -> list[dict]:
    """All containers below a manifest's resources, with those of `TrainJob`, whose trainer is one."""
    if isinstance(value, list):
        return [found for part in value for found in containers(part)]
    if not isinstance(value, dict):
        return []
    own = [value] if "args" in value and "command" in value else []
    return own + [found for part in value.values() for found in containers(part)]


# --- What stands in the files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_bash_can_read_a_script(script):
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if shutil.which("shellcheck"):
        done = subprocess.run(["shellcheck", script], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", [*SCRIPTS, *MANIFESTS], ids=lambda path: path.name)
def test_torchrun_knows_the_options_that_it_is_given(path):
    from torch.distributed.run import get_args_parser

    known = {option for action in get_args_parser()._actions for option in action.option_strings}
    text = re.sub(r"#.*", "", path.read_text(encoding="utf-8"))
    for call in re.findall(r"torchrun[ \]](.*?)llmcourse\.pretrain", text, re.DOTALL):
        asked = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]*|-m)\b", call))
        assert asked and asked <= known, asked - known


@pytest.mark.skipif(WITHOUT_PROGRAM, reason="the program is not in this checkout")
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_what_a_manifest_runs_is_there_and_reads_its_settings(path):
    from llmcourse.pretrain.settings.config import load

    if path.name == "skypilot.yaml":
        task = resources(path)[0]
        command = re.search(r"exec (\S+) (.*)", task["run"])
        words = re.sub(r'"?\$(\w+)"?', lambda found: task["envs"][found[1]], command[2]).split()
        commands = [(command[1], words)]
    else:
        found = containers(resources(path))
        commands = [(one["command"][0], [arg for arg in one["args"] if not arg.startswith("-")]) for one in found]
    assert commands
    for program, words in commands:
        assert program == "torchrun" or os.access(ROOT / program, os.X_OK)
        words = [word for word in words if word != "llmcourse.pretrain"]
        config = load(ROOT / words[0], words[1:])
        assert config.run.device == "cuda" and config.run.folder.startswith("/runs/")
        config.require_ranks(2 * 8)


def test_a_container_has_time_to_save_before_it_is_killed():
    waits = int(re.search(r"SHUTDOWN_TIMEOUT:-(\d+)", (LAUNCH / "torchrun.sh").read_text())[1])
    for path in (LAUNCH / "kubernetes").glob("*.yaml"):
        grace = [int(found) for found in re.findall(r"terminationGracePeriodSeconds: (\d+)", path.read_text())]
        assert grace and all(seconds > waits for seconds in grace)
    batch = (LAUNCH / "slurm" / "pretrain.sbatch").read_text()
    warned, waits = re.search(r"USR1@(\d+)", batch)[1], re.search(r"--shutdown-timeout (\d+)", batch)[1]
    assert int(warned) > int(waits)


def test_the_nodes_of_a_job_set_are_as_many_as_they_are_told():
    (job_set,) = resources(LAUNCH / "kubernetes" / "jobset.yaml")
    (nodes,) = job_set["spec"]["replicatedJobs"]
    job = nodes["template"]["spec"]
    (ranks,) = job["template"]["spec"]["containers"]
    told = {entry["name"]: entry.get("value") for entry in ranks["env"]}
    assert job["parallelism"] == job["completions"] == int(told["NNODES"])
    name = job_set["metadata"]["name"]
    assert told["HEAD"] == f"{name}-{nodes['name']}-0-0.{name}"
    assert job["podFailurePolicy"]["rules"][0]["onExitCodes"] == {
        "containerName": ranks["name"], "operator": "In", "values": [75],
    }  # fmt: skip


def test_the_volume_of_a_sky_task_is_the_one_that_is_made():
    (task,), (volume,) = resources(LAUNCH / "skypilot.yaml"), resources(VOLUME)
    assert task["volumes"] == {"/runs": volume["name"]}
    assert volume["config"]["access_mode"] == "ReadWriteMany"
    assert task["envs"]["RUN"].startswith("/runs/")


# --- What the scripts do, with programs that only look like `python`, `torchrun`, `srun` and `scontrol` ---------------


@pytest.fixture
def place(tmp_path):
    """A folder with a run's folder in it, and with programs that write down how they were called."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (tmp_path / "run").mkdir()
    pretend(tmp_path, "python", f'echo "{tmp_path}/run"')
    pretend(tmp_path, "scontrol", 'echo "scontrol $*" >> called; [[ $1 != show ]] || echo node-a')
    pretend(tmp_path, "scancel", 'echo "scancel $*" >> called; kill -USR1 "$(cat step)"')
    return tmp_path


def pretend(place: Path, name: str, body: str) -> None:
    path = place / "bin" / name
    path.write_text(f"#!/usr/bin/env bash\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def ranks(outcome: str | None, status: int, *, until_asked: bool = False) -> str:
    """What stands in for `torchrun`: leaves an outcome and a status, at once or when it is asked to."""
    leave = f'echo \'{{"outcome": "{outcome}", "step": 3}}\' > run/outcome.json; ' if outcome else ""
    wait = "echo $$ > step.new; mv step.new step; while true; do sleep 0.05; done" if until_asked else ":"
    return f"leave() {{ {leave}exit {status}; }}\ntrap leave TERM USR1\n{wait}\nleave"


def start(place: Path, script: str, **variables: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PATH": f"{place}/bin:{os.environ['PATH']}", **variables}
    return subprocess.Popen(
        ["bash", LAUNCH / script, "a.toml", "run.seed=1"],
        cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not come")


@pytest.mark.parametrize(
    ("outcome", "torchrun_says", "status"),
    [("finished", 0, 0), ("stopped", 1, 75), ("failed", 1, 1), ("finished", 1, 1)],
)
def test_torchrun_sh_tells_a_run_that_was_asked_to_leave_from_one_that_failed(place, outcome, torchrun_says, status):
    pretend(place, "torchrun", ranks(outcome, torchrun_says))
    process = start(place, "torchrun.sh", NPROC="1")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == status, said
    assert outcome in said


def test_torchrun_sh_does_not_take_an_earlier_attempts_answer_for_this_ones(place):
    (place / "run" / "outcome.json").write_text('{"outcome": "stopped"}')
    pretend(place, "torchrun", "exit 1")
    pretend(place, "sleep", ":")
    process = start(place, "torchrun.sh")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_torchrun_sh_passes_a_signal_on_and_waits_for_the_ranks(place, number):
    pretend(place, "torchrun", ranks("stopped", 1, until_asked=True))
    process = start(place, "torchrun.sh")
    wait_for(place / "step")
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 75 and "the run is stopped" in said, said


def test_torchrun_sh_that_is_asked_before_there_are_ranks_can_be_started_again(place):
    pretend(place, "torchrun", "echo $$ > step.new; mv step.new step; exec sleep 60")
    pretend(place, "sleep", f'[[ $1 == 60 ]] || exit 0; exec {sys.executable} -c "import time; time.sleep(60)"')
    process = start(place, "torchrun.sh")
    wait_for(place / "step")
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 75, said


SLURM = {"SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "node-[a-b]", "SLURM_JOB_NUM_NODES": "2"}


@pytest.mark.parametrize(
    ("outcome", "srun_says", "status", "is_requeued"),
    [("finished", 0, 0, False), ("stopped", 1, 0, True), ("failed", 1, 1, False), (None, 1, 1, False)],
)
def test_a_batch_job_is_requeued_only_when_its_run_was_asked_to_leave(place, outcome, srun_says, status, is_requeued):
    (place / "run" / "outcome.json").write_text('{"outcome": "stopped"}')  # of the attempt before
    pretend(place, "srun", ranks(outcome, srun_says))
    process = start(place, "slurm/pretrain.sbatch", **SLURM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == status, said
    assert ("scontrol requeue 7" in (place / "called").read_text()) == is_requeued


def test_a_batch_job_whose_time_is_nearly_up_tells_its_ranks_and_is_requeued(place):
    pretend(place, "srun", ranks("stopped", 1, until_asked=True))
    process = start(place, "slurm/pretrain.sbatch", **SLURM)
    wait_for(place / "step")
    process.send_signal(signal.SIGUSR1)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert (place / "called").read_text().splitlines()[1:] == ["scancel --signal=USR1 7", "scontrol requeue 7"]


def test_a_batch_job_that_makes_way_before_its_ranks_can_answer_is_requeued(place):
    pretend(place, "scontrol", 'echo "scontrol $*" >> called; echo "PreemptTime=2030-01-01T00:00:00"')
    pretend(place, "srun", ranks(None, 143))
    process = start(place, "slurm/pretrain.sbatch", **SLURM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert (place / "called").read_text().splitlines()[-1] == "scontrol requeue 7"


def test_a_batch_job_that_somebody_cancels_stays_so(place):
    pretend(place, "srun", ranks("stopped", 1, until_asked=True))
    process = start(place, "slurm/pretrain.sbatch", **SLURM)
    wait_for(place / "step")
    process.send_signal(signal.SIGTERM)
    os.kill(int((place / "step").read_text()), signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 75, said
    assert "requeue" not in (place / "called").read_text()


# --- Manifests against schemas ----------------------------------------------------------------------------------------

CRD = """
spec:
  group: example.org
  names: {kind: Run}
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          type: object
          properties:
            apiVersion: {type: string}
            kind: {type: string}
            metadata: {type: object}
            spec:
              type: object
              required: [nodes]
              properties:
                nodes: {type: integer}
                memory: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
                labels: {type: object, additionalProperties: {type: string}}
"""


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("{nodes: 2, memory: 32Gi, labels: {any: word}}", ""),
        ("{nodes: 2, node: 3}", "'node' was unexpected"),
        ("{nodes: two}", "'two' is not of type 'integer'"),
        ("{memory: 1}", "'nodes' is a required property"),
    ],
)
def test_a_manifest_is_held_against_its_schema(tmp_path, capsys, spec, says):
    pytest.importorskip("jsonschema")
    (tmp_path / "crd.yaml").write_text(CRD)
    (tmp_path / "run.yaml").write_text(f"apiVersion: example.org/v1\nkind: Run\nmetadata: {{name: a}}\nspec: {spec}\n")
    spec_of = importlib.util.spec_from_file_location("validate", LAUNCH / "kubernetes" / "validate.py")
    validate = importlib.util.module_from_spec(spec_of)
    spec_of.loader.exec_module(validate)
    status = validate.main([str(tmp_path / "crd.yaml"), str(tmp_path / "run.yaml")])
    assert (status == 0) == (not says)
    assert says in capsys.readouterr().out
