#!/bin/sh
# Copies certificates to the folder that docker-compose.tls.yml mounts: from the folder of `npm run certificates`, or the
# folder in the first argument, to SECRETS_DIR/tls. Each service gets only its own files. Each file is replaced atomically,
# because running services read them.
set -eu
umask 022
from=${1:-${DATA_DIR:-data}/certificates}
secrets=${SECRETS_DIR:-secrets}
mkdir -p "$secrets"
# Only the owner can open the folder. The files are readable for all, because other users read them in the containers.
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
copy console ca.crt admin.key admin.crt
