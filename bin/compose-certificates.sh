#!/bin/sh
# Copies certificates from the folder of `npm run certificates`, or from the folder that is its argument, to SECRETS_DIR/tls,
# where docker-compose.tls.yml mounts them: a folder for each service, with the files that it needs. It replaces each file
# atomically, because running services read it.
set -eu
umask 022
from=${1:-data/certificates}
secrets=${SECRETS_DIR:-secrets}
mkdir -p "$secrets"
# The folder is closed to other users. The files are readable, because the containers run as other users than their owner.
chmod 700 "$secrets"

copy() {
  folder=$secrets/tls/$1
  shift
  mkdir -p "$folder"
  for file; do
    cp "$from/$file" "$folder/$file.new"
    chmod 644 "$folder/$file.new"
    mv "$folder/$file.new" "$folder/$file"
  done
}
copy edge ca.crt edge-https.key edge-https.crt edge.key edge.crt
copy userstore ca.crt userstore.key userstore.crt admin.key admin.crt
