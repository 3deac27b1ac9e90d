#!/bin/bash
# What Cloud Assistant runs on the machine. Ends with 0 once a completion
# succeeds through the gate with the key, and is refused without it; else with
# 1 and the cause in its first line: "phase NAME: DETAIL", on a pair "phase NAME: node N, DETAIL".
# LLM_READY_SECONDS: how long to wait, 3600 by default.
set -euo pipefail
limit=${LLM_READY_SECONDS:-3600}

# fail PHASE DETAIL [COMMAND...]: COMMAND prints the lines that explain it.
fail() {
  printf 'phase %s: %s\n' "$1" "$2"
  if [ $# -gt 2 ]; then "${@:3}" 2>&1 | tail -n 20 | cut -c 1-300; fi
  exit 1
}

# journal [CONTAINER]: the unit's last lines, or those of one container when it said anything.
journal() {
  local lines unit=llm
  if [ "${1-}" = gate ]; then unit=llm-gate; fi
  lines=$(journalctl -u $unit.service -n 300 --no-pager -o cat)
  if [ $# = 0 ] || ! grep "^$1-1 " <<<"$lines"; then printf '%s\n' "$lines"; fi
}

# fail_for PHASE [MORE]: with the phase's own words.
fail_for() {
  local detail lines=()
  detail=$(sed -n 2p "$STATUS/.$1" 2>/dev/null || sed -n 2p "$STATUS/$1" 2>/dev/null) || true
  case $1 in engine | gate) lines=(journal "$1") ;; esac
  # The phase worker tells of node 1, and says so.
  if [ "$LLM_NODES" = 2 ] && [ "$1" != worker ]; then detail="node 0, ${detail:-it has not begun}"; fi
  fail "$1" "${detail:-it has not begun}${2-}" "${lines[@]}"
}

state() {
  if [ -e "$STATUS/$1" ]; then head -n 1 "$STATUS/$1"; else echo none 0; fi
}

# The first phase that gave up: hopeless, or failed three times in a row.
given_up() {
  local name state count found=
  for name in "${phases[@]}"; do
    read -r state count < <(state "$name")
    if [ "$state" = fatal ] || { [ "$state" = failed ] && [ "$count" -ge 3 ]; } || { [ "$state" = running ] && [ "$count" -gt 3 ]; }; then
      found=$name
      # The other node's failure may follow from one here.
      if [ "$name" != worker ]; then break; fi
    fi
  done
  echo "$found"
}

unfinished() {
  local name state
  for name in "${phases[@]}"; do
    read -r state _ < <(state "$name")
    if [ "$state" != 'done' ]; then break; fi
  done
  echo "$name"
}

restarts() {
  local count
  count=$(systemctl show -p NRestarts llm.service)
  echo "${count##*=}"
}

answers() {
  answer=$(python3 /opt/llm/python/probe.py)
}

timeout "$limit" cloud-init status --wait >/dev/null || true
if ! [ -e /opt/llm/lib.sh ] || ! [ -e /etc/systemd/system/llm.service ]; then
  fail cloud-init "the user data did not run to its end" cat /var/log/cloud-init-output.log
fi
# shellcheck source=machine/lib.sh
. /opt/llm/lib.sh
phases=(key disk weights driver docker image engine gate) units=(llm.service)
if [ "$LLM_NODES" = 2 ]; then
  phases=(key disk weights driver docker fabric image worker link engine gate)
  units+=(llm-peer.service)
fi

# A rotated secret reaches the gate here; on a first boot prepare fetches it.
if [ -s /run/llm/secrets/api_key ]; then phase key python3 /opt/llm/python/key.py >/dev/null || fail_for key; fi
# Whoever asks again has changed something: phases that had given up get a new chance.
if ! answers && [ -n "$(given_up)" ]; then
  # Node 1 hears of it by the lifeline.
  date +%s >/run/llm/again
  rm -f "$STATUS"/* "$STATUS"/.[a-z]*
  systemctl restart --no-block "${units[@]}"
fi
first=$(restarts)
until answers; do
  name=$(given_up)
  if [ -n "$name" ]; then fail_for "$name"; fi
  name=$(unfinished)
  # No phase says why, so a program between them is broken.
  if [ "$(restarts)" -ge $((first + 5)) ]; then fail "$name" "llm.service ends again and again" journal; fi
  if [ "$SECONDS" -ge "$limit" ]; then
    if [ "$name" = gate ]; then fail gate "after $limit seconds: $answer" journal gate; fi
    fail_for "$name" " (after $limit seconds)"
  fi
  sleep 5
done
for name in engine gate; do record $name 'done' 1 "$answer"; done
if [ "$LLM_NODES" = 2 ]; then answer+="; link: $(sed -n 2p "$STATUS/link")"; fi
echo "ready: $answer"
