#!/usr/bin/env bash
# Try `pretrain.sbatch` on a Slurm that lives in a temporary folder: two nodes that are both this machine.
#
#   launch/slurm/try_slurm.sh            five to fifteen minutes; says at the end what happened, and fails if it should not have
#
# A run of two nodes with a rank each is done five times: undisturbed; pushed aside by a job that goes first; requeued by
# hand; cancelled, and submitted again; over its time limit. All must have the same losses, bit for bit.
#
# It needs slurmctld, slurmd and munged (Debian: slurm-wlm munge), and an environment that has llmcourse:
#   PYTHON   its interpreter; `python` without it
#   FOLDER   where to leave everything; a temporary folder that is deleted without it
# Nothing listens but on 127.0.0.1, nothing is read from or written to /etc, and what was started is ended by its number.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
PATH=$PATH:/usr/sbin:/sbin
PYTHON=$(command -v "${PYTHON:-python}")
for tool in munged slurmctld slurmd sbatch; do
    command -v "$tool" > /dev/null || { echo "error: no $tool here; Debian has it in slurm-wlm and munge" >&2; exit 2; }
done
export PATH=${PYTHON%/*}:$PATH PYTHONPATH=${PYTHONPATH:-$root} OMP_NUM_THREADS=1 HEAD_NODE=127.0.0.1 TQDM_DISABLE=1
python -c 'import llmcourse.pretrain.run.engine'

folder=${FOLDER:-$(mktemp -d)}
mkdir -p "$folder"/{state,spool-n1,spool-n2,log,runs}
cd "$folder"
began=$SECONDS
started=()
told=()
tell() { told+=("$(printf '%4d s  %s' $((SECONDS - began)) "$*")"); echo "${told[-1]}"; }

tear_down() {
    local status=$?
    scancel --user="$(id -un)" 2> /dev/null || true
    for _ in $(seq 100); do [[ -n $(squeue --noheader 2> /dev/null) ]] || break; sleep 0.2; done
    for pid in "${started[@]}"; do kill "$pid" 2> /dev/null || true; done
    wait
    cd /
    [[ -n ${FOLDER:-} ]] || rm -rf "$folder"
    exit "$status"
}
trap tear_down EXIT

# --- Slurm -----------------------------------------------------------------------------------------------------------
head -c 1024 /dev/urandom > munge.key
chmod 400 munge.key
munged --foreground --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
    --seed-file="$folder/munged.seed" --log-file="$folder/log/munged.log" > log/munged.out 2>&1 &
started+=($!)
# No cgroups and no systemd are needed with linuxproc and task/none. `cred_expire` is also how long a requeued job must
# wait, two minutes by default. Each node has eight GPUs that are plain files.
touch gpu{0..7}
echo "Name=gpu File=$folder/gpu[0-7]" > gres.conf
port=$((20000 + RANDOM % 8000))
cat > slurm.conf << CONF
ClusterName=trial
FirstJobId=$((100 + RANDOM % 9000))
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd-%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=30
ReturnToService=2
GresTypes=gpu
NodeName=n[1-2] NodeAddr=127.0.0.1 NodeHostname=$(hostname) Port=[$((port + 1))-$((port + 2))] CPUs=1 Gres=gpu:8
PartitionName=low Nodes=ALL Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=60 MaxTime=UNLIMITED
PartitionName=high Nodes=ALL PriorityTier=10 PreemptMode=OFF MaxTime=60
CONF
export SLURM_CONF=$folder/slurm.conf
for _ in $(seq 50); do [[ -S munge.socket ]] && break; sleep 0.1; done
slurmctld -D -c > log/slurmctld.out 2>&1 &
started+=($!)
for node in n1 n2; do
    slurmd -D -N "$node" > "log/$node.out" 2>&1 &
    started+=($!)
done
for _ in $(seq 150); do
    [[ $(sinfo --noheader --partition=low --format='%T %D' 2> /dev/null) == "idle 2" ]] && break
    sleep 0.2
done
[[ $(sinfo --noheader --partition=low --format='%T %D') == "idle 2" ]] || { sinfo; cat log/*.out; exit 1; }
tell "$(slurmd -V): two nodes are idle"

# --- The run ---------------------------------------------------------------------------------------------------------
cat > tiny.toml << CONF
[run]
folder = "$folder/runs/undisturbed"
device = "cpu"
[tokenizer]
train_mb = 0.1
[data]
folder = "$folder/tokens"
seq_len = 64
batch_size = 16
sources = [{ name = "python", corpus = "python", limit_mb = 0.3 }]
[model]
vocab_size = 320
d_model = 64
n_layers = 2
n_heads = 2
[model.experts]
d_expert = 64
n_experts = 4
top_k = 2
[parallel]
expert_ranks = 2
[training]
steps = ${STEPS:-240}
lr = 1e-3
log_every = 1
checkpoint_every = 50
CONF
steps=$(sed -n 's/^steps = //p' tiny.toml)

submit() { # NAME [sbatch's options ...]: the job's number
    local name=$1
    shift
    sbatch --parsable --job-name="$name" --gpus-per-node=1 "$@" "$here/pretrain.sbatch" "$folder/tiny.toml" \
        "run.folder=$folder/runs/$name"
}
steps_of() { tail -n 1 "runs/$1/history.jsonl" 2> /dev/null | sed -n 's/^{"step": \([0-9]*\),.*/\1/p'; }
outcome_of() { sed -n 's/.*"outcome": "\([a-z]*\)".*/\1/p' "runs/$1/outcome.json" 2> /dev/null || echo none; }
state_of() { squeue --noheader --jobs="$1" --format=%T 2> /dev/null || true; }
await_step() { # NAME STEP
    for _ in $(seq 900); do
        [[ $(outcome_of "$1") == f* ]] && break # finished, or failed
        (($(steps_of "$1" || echo 0) + 0 >= $2)) && return
        sleep 0.2
    done
    echo "error: $1 did not come to step $2" >&2
    tail -n 30 ./*"$1"*.log >&2
    exit 1
}
await_end() { # NAME JOB
    for _ in $(seq 1200); do
        case $(scontrol show job "$2" | sed -n 's/.*JobState=\([A-Z]*\).*/\1/p') in
            COMPLETED) break ;;
            FAILED | CANCELLED | TIMEOUT | NODE_FAIL | PREEMPTED) break ;;
        esac
        sleep 0.3
    done
    tell "$1: $(scontrol show job "$2" | sed -n 's/.*\(JobState=[A-Z]*\).*/\1/p'), outcome $(outcome_of "$1")," \
        "attempts $(scontrol show job "$2" | sed -n 's/.*Restarts=\([0-9]*\).*/1 + \1/p')," \
        "gone on after steps $(awk -F'"step": ' '/"restarted"/ { split($2, a, ","); printf "%s%d", sep, a[1] - 1; sep = ", " }' "runs/$1/history.jsonl" 2> /dev/null || true)"
    [[ $(outcome_of "$1") == finished ]] || { tail -n 60 ./*"$1"*.log >&2; exit 1; }
}
same() { # NAME: its losses are those of the undisturbed run
    python - "$1" << 'PYTHON'
import json, sys
def losses(name):
    rows = [json.loads(line) for line in open(f"runs/{name}/history.jsonl")]
    return {row["step"]: row["loss"] for row in rows}
ours, theirs = losses(sys.argv[1]), losses("undisturbed")
differing = [step for step in theirs if ours.get(step) != theirs[step]]
assert not differing and len(ours) == len(theirs), f"{sys.argv[1]}: other losses from step {differing[:1]}"
PYTHON
    tell "$1: the $steps losses are those of the undisturbed run, bit for bit"
}

tell "as it stands: $(sbatch --test-only "$here/pretrain.sbatch" tiny.toml 2>&1 | sed 's/.*Job [0-9]* //')"

job=$(submit undisturbed)
await_end undisturbed "$job"

push_aside() { # NAME JOB
    local urgent
    urgent=$(sbatch --parsable --partition=high --nodes=2 --job-name=urgent --output=urgent.log --wrap "sleep 8")
    for _ in $(seq 500); do [[ $(state_of "$urgent") == RUNNING ]] && break; sleep 0.2; done
    tell "$1: the other job runs; outcome $(outcome_of "$1"), now $(state_of "$2")"
}

job=$(submit preempted)
for _ in $(seq 300); do grep -qs "nodes meet" "preempted-$job.log" && break; sleep 0.2; done
sleep 3
tell "preempted: before its first step a job that goes first comes in"
push_aside preempted "$job"
await_step preempted $((steps / 3))
tell "preempted: at step $(steps_of preempted) another one"
push_aside preempted "$job"
await_end preempted "$job"
same preempted

job=$(submit requeued)
await_step requeued $((steps / 3))
at=$(steps_of requeued)
scontrol requeue "$job"
for _ in $(seq 300); do [[ $(state_of "$job") == RUNNING ]] || break; sleep 0.2; done
tell "requeued: at step $at, by hand (scontrol requeue): outcome $(outcome_of requeued) at step $(steps_of requeued)"
await_end requeued "$job"
same requeued

job=$(submit cancelled)
await_step cancelled $((steps / 3))
scancel "$job"
for _ in $(seq 300); do [[ -z $(state_of "$job") ]] && break; sleep 0.2; done
sleep 6 # longer than a requeued job would wait
tell "cancelled: $(scontrol show job "$job" | sed -n 's/.*\(JobState=[A-Z]*\).*/\1/p'), outcome $(outcome_of cancelled) at step" \
    "$(steps_of cancelled), $(squeue --noheader | wc -l) jobs wait or run; submitted again"
job=$(submit cancelled)
await_end cancelled "$job"
same cancelled

job=$(submit over-time --time=60 --signal=B:USR1@120)
await_step over-time 5 # Slurm looks at the time every 30 seconds: the run must last longer than that
minutes=$(($(squeue --noheader --jobs="$job" --format=%M | awk -F: '{ print $1 }') + 2))
scontrol update "jobid=$job" "timelimit=$minutes"
tell "over-time: at step $(steps_of over-time) its time limit becomes $minutes minutes, two minutes before which it is told"
for _ in $(seq 400); do grep -qs "attempt 0: \(requeued\|the run is finished\)" "over-time-$job.log" && break; sleep 0.2; done
tell "over-time: outcome $(outcome_of over-time) at step $(steps_of over-time), now $(state_of "$job"); its time is an hour again"
# With a limit no longer than the warning it would be told at once each time.
scontrol update "jobid=$job" timelimit=60 || true
await_end over-time "$job"
same over-time

echo
echo "What happened:"
printf '  %s\n' "${told[@]}"
grep -h "attempt [0-9]*: " ./*.log | sed 's/^/  /'
