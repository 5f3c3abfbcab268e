#!/bin/sh
# Execute what is given. NAME_FILE=path gives the variable NAME the content of that file, for the secrets of ours and
# Prefect's: compose and Kubernetes hand them over as files, which `docker inspect` and `ps` do not show.
set -eu
for name in OPENAI_API_KEY HF_TOKEN AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY \
    PREFECT_API_AUTH_STRING PREFECT_SERVER_API_AUTH_STRING PREFECT_SERVER_DATABASE_PASSWORD; do
    file=$(printenv "${name}_FILE" || true)
    [ -n "$file" ] || continue
    [ -r "$file" ] || { echo "entrypoint: ${name}_FILE=$file cannot be read by user $(id -u)" >&2; exit 1; }
    content=$(cat "$file") # without the newline at its end
    unset "${name}_FILE"
    [ -z "$content" ] || export "$name=$content" # an empty file: as if it were not set
done
exec "$@"
