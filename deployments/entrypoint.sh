#!/bin/sh
# Execute what is given. NAME_FILE=path gives the variable NAME the content of that file: compose hands secrets over as
# files, which `docker inspect` does not show. An empty file is refused where nothing may start without it.
set -eu
needed="PREFECT_API_AUTH_STRING PREFECT_SERVER_API_AUTH_STRING PREFECT_SERVER_DATABASE_PASSWORD"
for name in $needed OPENAI_API_KEY HF_TOKEN AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; do
    file=$(printenv "${name}_FILE" || true)
    [ -n "$file" ] || continue
    [ -r "$file" ] || { echo "entrypoint: ${name}_FILE=$file cannot be read by user $(id -u)" >&2; exit 1; }
    content=$(cat "$file") # without the newline at its end
    unset "${name}_FILE"
    if [ -n "$content" ]; then
        export "$name=$content"
    elif [ "${needed#*"$name"}" != "$needed" ]; then
        echo "entrypoint: ${name}_FILE=$file is empty" >&2
        exit 1
    fi
done
exec "$@"
