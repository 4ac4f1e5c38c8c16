#!/bin/sh
# Prints the enrollments made since the last run, one JSON object a line. The file keeps the token to go on from.
#   new-enrollments.sh STATE_FILE
set -eu
[ $# -eq 1 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
. "$(dirname "$0")/token.sh"

token=
[ ! -f "$1" ] || token=$(cat "$1")
headers=$(mktemp)
trap 'rm -f "$headers"' EXIT
while :; do
  page=$(get "/enrollments?pageSize=500&pageToken=$token" -D "$headers")
  printf '%s\n' "$page" | grep -o '{"enrollmentId"[^}]*}' || true
  # The header says where to go on, also after the last page, and loses nothing that is being written at this moment.
  token=$(tr -d '\r' <"$headers" | sed -n 's/^rollbook-resume-token: //Ip')
  printf '%s' "$token" >"$1"
  case $page in *'"nextPageToken"'*) ;; *) break ;; esac
done
