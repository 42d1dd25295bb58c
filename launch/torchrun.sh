#!/usr/bin/env bash
# Start one node's ranks of a run, by hand or as a container's command. The same line on every node, but for NODE_RANK:
#
#   NNODES=2 NODE_RANK=0 HEAD=node-a launch/torchrun.sh CONFIG [section.field=value ...]
#   NNODES=2 NODE_RANK=1 HEAD=node-a launch/torchrun.sh CONFIG [section.field=value ...]
#
#   NNODES     nodes; 1
#   NODE_RANK  this node's number, from 0; 0
#   HEAD       the name or address of node 0, as the others know it; 127.0.0.1
#   PORT       where they meet on it; 29500
#   RUN_ID     the same word on all; a node that still has another attempt's is not let in; pretrain
#   NPROC      ranks of this node; gpu, that is one a GPU
#
# SIGTERM and SIGUSR1 are passed on: the run finishes its step, saves, and leaves; started again it goes on.
# Its status: 0 the run has ended, 75 it was asked to leave and can go on, anything else it failed. `torchrun` itself
# says 1 for the last two, so that outcome.json of the run's folder, which all nodes see, decides.
set -euo pipefail
if (($# == 0)); then
    echo "usage: [NNODES=N NODE_RANK=I HEAD=HOST] $0 CONFIG [section.field=value ...]" >&2
    exit 2
fi
NNODES=${NNODES:-1} NODE_RANK=${NODE_RANK:-0} HEAD=${HEAD:-127.0.0.1} PORT=${PORT:-29500}

# A signal that comes before there are ranks ends this at once, also where it is a container's first process; one that
# comes later is passed on. `$!` names the agent from the moment it is there.
asked=
trap '[[ ${!:-} ]] || exit 75; asked=yes; kill -TERM "$!" 2> /dev/null || true' TERM
trap '[[ ${!:-} ]] || exit 75; asked=yes; kill -USR1 "$!" 2> /dev/null || true' USR1
run=$(python -c 'import sys; from llmcourse.pretrain.settings.config import load; print(load(sys.argv[1], sys.argv[2:]).run.folder)' "$@")
# The answer of an earlier attempt is none to this one.
if ((NODE_RANK == 0)); then rm -f "$run/outcome.json"; fi

# `torchrun` would die of a SIGUSR1 that it was not told of, and leave its ranks behind; it waits 30 seconds and no more
# before it kills them; and with restarts it would start those again that left because they were asked to.
torchrun --nnodes "$NNODES" --nproc-per-node "${NPROC:-gpu}" --max-restarts 0 \
    --rdzv-backend c10d --rdzv-endpoint "$HEAD:$PORT" --rdzv-id "${RUN_ID:-pretrain}" \
    --rdzv-conf "is_host=$((NODE_RANK == 0))" \
    --signals-to-handle SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1 --shutdown-timeout "${SHUTDOWN_TIMEOUT:-150}" \
    -m llmcourse.pretrain --quiet "$@" &
agent=$!
status=0
wait "$agent" || status=$?
while kill -0 "$agent" 2> /dev/null; do # a signal ends `wait`, not the agent
    status=0
    wait "$agent" || status=$?
done

# Another node's first rank may write it a little later than this node's ranks end.
for _ in $(seq 20); do
    if ((status == 0)) || [[ -e $run/outcome.json ]]; then break; fi
    sleep 0.5
done
outcome=$(sed -n 's/.*"outcome": "\([a-z]*\)".*/\1/p' "$run/outcome.json" 2> /dev/null || true)
echo "node $NODE_RANK of $NNODES: torchrun's status $status, the run is ${outcome:-without an outcome}"
# Asked before its ranks could answer, or ended by force: there may be a checkpoint all the same.
if [[ $outcome == stopped || ($asked && -z $outcome) ]]; then exit 75; fi
exit "$status"
