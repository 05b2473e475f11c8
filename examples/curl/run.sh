#!/usr/bin/env bash
# Asks a gateway by curl alone: bash run.sh [ENDPOINT]. Ends with an error when an
# answer is not what it should be.
set -euo pipefail
url=${1:-${BAROGRAPH_URL:-http://127.0.0.1:8080/graphql}}
id=curl-$(date +%s)-$$

ask() { # ask BODY: sends an operation and prints the answer
  curl -sS "$url" -H 'Content-Type: application/json' --data-binary "$1"
}
want() { # want TEXT... ANSWER: the answer, which is shown, has each text
  local answer=${*: -1}
  printf '%s\n' "$answer"
  for text in "${@:1:$#-1}"; do
    [[ $answer == *"$text"* ]] || { echo "the answer lacks $text" >&2; exit 1; }
  done
}

echo '# The weather of one city.'
want '"temperature":' '"name":"Mumbai"' "$(ask '{"query": "{ weather(city: \"Mumbai\") { city { name countryName } current { temperature description } freshness { state simulated } } }"}')"

echo '# Of several, in other units, with a variable. The unknown one is null, and an error says so; the others arrive.'
want '"NOT_FOUND"' '"Canada"' "$(ask '{
  "query": "query ($names: [String!]!) { cities(names: $names) { name countryName weather(units: IMPERIAL) { current { temperature windSpeed } } } }",
  "variables": {"names": ["Mumbai", "Nowhereville", "London, CA"]}
}')"

echo '# A payload is processed, and joined to its city.'
process='mutation ($p: JSON!) { processPayload(input: { payload: $p }) { duplicate record { id state result city { name } } problems { code message } } }'
want '"duplicate":false' '"PROCESSED"' "$(ask '{"query": "'"$process"'", "variables": {"p": {"id": "'"$id"'", "city": "Mumbai", "value": 42.0}}}')"

echo '# The same again: the first record, once more. With the id and another value: a conflict.'
want '"duplicate":true' "$(ask '{"query": "'"$process"'", "variables": {"p": {"value": 42.0, "city": "Mumbai", "id": "'"$id"'"}}}')"
want '"PAYLOAD_CONFLICT"' "$(ask '{"query": "'"$process"'", "variables": {"p": {"id": "'"$id"'", "city": "Mumbai", "value": 43}}}')"

echo '# The newest records of a city, a page of two, with the weather there now.'
want "\"$id\"" '"hasNextPage":' "$(ask '{"query": "{ records(first: 2, filter: { city: \"Mumbai\" }) { nodes { payloadId result city { weather { current { temperature } } } } pageInfo { endCursor hasNextPage } } }"}')"

echo '# Queries can be sent by GET, which caches understand.'
want '"name":"Lima"' "$(curl -sS --get "$url" --data-urlencode 'query={ city(name: "Lima") { name timeZone } }')"
