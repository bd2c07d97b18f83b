#!/usr/bin/env bash
# The command `npm run breaking`: fails where the contract breaks services that were built against the last release,
# which is the last git tag before this commit.
set -euo pipefail
cd "$(dirname "$0")/../proto"

last_tag() { git describe --tags --abbrev=0 "$1" 2>/dev/null; }
if ! tag=$(last_tag HEAD^ || last_tag HEAD); then
  echo 'Skipped: there is no git tag to compare the contract with.'
  exit
fi
echo "The contract is compared with that of $tag."
exec ../node_modules/.bin/buf breaking --against "$(git rev-parse --git-common-dir)#tag=$tag,subdir=proto"
