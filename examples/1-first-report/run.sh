#!/bin/sh
# Three agents report, the majority decides, an operator overrides. Needs curl and a server (npm start).
set -eu
url=${QUORATE_URL:-http://127.0.0.1:8080}
object=site%2Fx # the id site/x, as one segment of a path

say() { printf '\n# %s\n' "$1"; }
ask() { curl --silent --show-error --fail-with-body "$@"; echo; }
send() { ask --header 'content-type: application/json' "$@"; }

say 'three agents report on site/x'
send -X PUT "$url/v1/objects/$object/reports/agent-1?wait=5s" -d '{"state":"up"}' > /dev/null
send -X PUT "$url/v1/objects/$object/reports/agent-2?wait=5s" -d '{"state":"down"}' > /dev/null
send -X PUT "$url/v1/objects/$object/reports/agent-3?wait=5s" -d '{"state":"down"}'

say 'how did that come about?'
ask "$url/v1/objects/$object/explanation"

say 'an operator knows better: what was read is sent along as If-Match'
etag=$(curl --silent --show-error --fail --output /dev/null --dump-header - "$url/v1/objects/$object" | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
end=$(($(date +%s) + 3600))000
send -X PUT "$url/v1/objects/$object/override" -H "If-Match: $etag" -d "{\"state\":\"up\",\"reason\":\"known, harmless\",\"expiresAt\":$end}"

say 'and in the end forgets the object'
ask -X DELETE "$url/v1/objects/$object" -H 'If-Match: *'
curl --silent --output /dev/null --write-out 'GET now answers %{http_code}\n' "$url/v1/objects/$object"
