#!/usr/bin/env bash
# The command `npm run breaking`: fails where the contract breaks services that were built against the promised one,
# proto/promised.binpb. With `-- --promise` it then promises the contract as it is, which belongs to a release.
set -euo pipefail
cd "$(dirname "$0")/../proto"

../node_modules/.bin/buf breaking --against promised.binpb
if [ "${1:-}" = --promise ]; then
  ../node_modules/.bin/buf build --exclude-source-info --output promised.binpb
  echo 'The contract is promised as it is.'
else
  echo 'The contract keeps what it promised.'
fi
