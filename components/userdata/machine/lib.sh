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

compose() {
  docker compose -f /opt/llm/compose.yaml -p llm "$@"
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
