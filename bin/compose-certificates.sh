#!/bin/sh
# Lays certificates where docker-compose.tls.yml mounts them: out of the folder of `npm run certificates` (or another that is
# named) into SECRETS_DIR/tls, for each service what it needs. Each file whole or not at all: running services read them.
set -eu
umask 022
from=${1:-data/certificates}
secrets=${SECRETS_DIR:-secrets}
mkdir -p "$secrets"
# Closed to everybody else, as the files are not: in the containers others than their owner read them.
chmod 700 "$secrets"

lay() {
  folder=$secrets/tls/$1
  shift
  mkdir -p "$folder"
  for file; do
    cp "$from/$file" "$folder/$file.new"
    chmod 644 "$folder/$file.new"
    mv "$folder/$file.new" "$folder/$file"
  done
}
lay edge ca.crt edge-https.key edge-https.crt edge.key edge.crt
lay userstore ca.crt userstore.key userstore.crt admin.key admin.crt
