# shellcheck shell=bash
# Sourced by every program in bin/.

STATUS=/run/llm/status
mkdir -p $STATUS
set -a
# shellcheck source=/dev/null
. /opt/llm/settings.env
if [ "$LLM_WEIGHTS_SOURCE" = oss ]; then
  LLM_WEIGHTS_DIR=oss--$LLM_OSS_BUCKET/${LLM_OSS_PREFIX//\//--}
else
  LLM_WEIGHTS_DIR=${LLM_WEIGHTS_MODEL//\//--}/${LLM_WEIGHTS_REVISION//\//--}
fi
LLM_WEIGHTS_DIR=/srv/llm/weights/$LLM_WEIGHTS_DIR
set +a

# The base and whatever else this machine was given.
COMPOSE=(docker compose)
for file in /opt/llm/compose.yaml /opt/llm/compose.*.yaml; do COMPOSE+=(-f "$file"); done
COMPOSE+=(-p llm)
# shellcheck disable=SC2034
case $LLM_NODES in
1) ENGINE_PORT=8000 ;;
2) ENGINE_PORT=30000 ;;
esac

# contain SERVICE: runs its container until it ends, which is a failure unless bin/stop asked for it.
contain() {
  local up=0 code why
  rm -f "/run/llm/stopping-$1"
  discard "$1"
  record "$1" running "$(attempt "$1")" starting
  "${COMPOSE[@]}" up --no-deps --no-color --abort-on-container-exit "$1" || up=$?
  if [ -e "/run/llm/stopping-$1" ]; then exit; fi
  code=$(docker inspect --format '{{.State.ExitCode}}' "llm-$1-1") || code=none
  why="exited with code $code$(cause "$1")"
  # Compose ends with the container's code, or could not start it.
  if [ "$code" = none ] || { [ "$code" = 0 ] && [ $up != 0 ]; }; then why="docker compose could not start it"; fi
  record "$1" failed "$(attempt "$1")" "$why"
  exit 1
}

# cause SERVICE: the first error in the log of one that never answered; the last lines rarely tell.
cause() {
  if grep -qs '^done' "$STATUS/$1"; then return; fi
  docker logs "llm-$1-1" 2>&1 | grep -vE '\b(INFO|WARNING)\b' | grep -m 1 -oE '[A-Za-z_.]*(Error|Exception): .*' | cut -c 1-300 | sed 's/^/: /' || true
}

# discard SERVICE: removes what is left of its containers, a cut off link test's too.
discard() {
  local id name
  for id in $(docker ps -aq); do
    name=$(docker inspect --format '{{.Name}}' "$id") || continue
    case $name in /llm-"$1"-*) docker rm -f "$id" >/dev/null ;; esac
  done
}

# leave CODE: ends the program; what needs a person is not tried again at once.
leave() {
  if [ "$1" = 2 ]; then
    echo "a person must help; next try in five minutes, or: systemctl restart llm"
    sleep 300
  fi
  exit "$1"
}

# Exit code 2: trying again cannot help.
fatal() {
  echo "$*"
  exit 2
}

# again TIMES COMMAND...: every 5 seconds until it works, exits 2, or TIMES are over.
again() {
  local left=$1 code=0
  shift
  "$@" || code=$?
  if [ $code = 0 ] || [ $code = 2 ] || [ "$left" -le 1 ]; then return $code; fi
  sleep 5
  again $((left - 1)) "$@"
}

# record PHASE STATE ATTEMPT [DETAIL]
record() {
  printf '%s %s\n%s\n' "$2" "$3" "${4-}" >"$STATUS/.$1.$BASHPID"
  # What ready tells: the last failure, not how far the next attempt has come.
  case $2 in failed | fatal) cp "$STATUS/.$1.$BASHPID" "$STATUS/.$1" ;; esac
  mv "$STATUS/.$1.$BASHPID" "$STATUS/$1"
}

# Which attempt comes now: failures in a row count, an interruption does not.
attempt() {
  local state='' count=0
  if [ -e "$STATUS/$1" ]; then read -r state count <"$STATUS/$1"; fi
  case $state in
  failed | fatal) echo $((count + 1)) ;;
  running) echo "$count" ;;
  *) echo 1 ;;
  esac
}

# phase NAME COMMAND...: the last line of a step is its status.
phase() {
  local name=$1 count code=0 state=failed line=
  count=$(attempt "$name")
  record "$name" running "$count"
  "${@:2}" 2>&1 | while IFS= read -r line; do
    echo "$name: $line"
    record "$name" running "$count" "$line"
  done || code=${PIPESTATUS[0]}
  case $code in
  0) state='done' ;;
  2) state=fatal ;;
  esac
  record "$name" $state "$count" "$(sed 1d "$STATUS/$name")"
  return "$code"
}
