#!/bin/sh
# Creates the missing secrets that docker-compose.yml reads, in the folder SECRETS_DIR (default ./secrets).
set -eu
umask 022
folder=${SECRETS_DIR:-secrets}
mkdir -p "$folder"
# Only the owner can open the folder. The files are readable for all, because other users read them in the containers.
chmod 700 "$folder"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
write() {
  if [ -e "$folder/$1" ]; then return; fi
  printf '%s\n' "$2" >"$folder/$1"
  printf 'made %s\n' "$folder/$1"
}
value() { cat "$folder/$1"; }

write mongodb_root_password "$(random)"
write mongodb_password "$(random)"
write mongodb_keyfile "$(random)"
write login_secret "$(random)"
write secret_key "$(head -c 32 /dev/urandom | base64)"
write edge_token "$(random)"
write reader_token "$(random)"
write viewer_token "$(random)"
write support_token "$(random)"
write admin_token "$(random)"
write service_tokens "edge:edge:$(value edge_token),reader:reader:$(value reader_token),admin:admin:$(value admin_token)"
# Folders of earlier versions have no tokens for the console.
for role in viewer support; do
  grep -q ":$role:" "$folder/service_tokens" && continue
  tokens="$(value service_tokens),$role:$role:$(value ${role}_token)"
  printf '%s\n' "$tokens" >"$folder/service_tokens"
  printf 'added the role %s to %s\n' "$role" "$folder/service_tokens"
done
write console_link_code "$(random)"
# Replace it by the secret that the identity provider of LeaseHawk's staff gives to the console.
write console_client_secret "$(random)"
login="userstore:$(value mongodb_password)"
write mongodb_uri "mongodb://$login@mongo:27017/leasehawk?authSource=admin"
write mongodb_uri_replica_set "mongodb://$login@mongo:27017,mongo-2:27017,mongo-3:27017/leasehawk?authSource=admin&replicaSet=leasehawk"
