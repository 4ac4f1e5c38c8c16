# Sourced by the scripts beside it: where the server is, and a token, good for half an hour.
URL=${ROLLBOOK_URL:-http://127.0.0.1:8080}
TOKEN=$(curl -sSf "$URL/api/v3/token" -d grant_type=client_credentials \
  -d "client_id=$ROLLBOOK_CLIENT_ID" -d "client_secret=$ROLLBOOK_CLIENT_SECRET" |
  sed 's/.*"access_token":"\([^"]*\)".*/\1/')

# get PATH [curl options]: the answer in JSON; fails with what the server says unless it is a success
get() {
  path=$1
  shift
  curl -sS --fail-with-body -g "$URL$path" -H "Authorization: Bearer $TOKEN" -H 'Accept: application/json' "$@"
}
