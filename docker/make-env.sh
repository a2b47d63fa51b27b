#!/bin/sh
# Print a .env with fresh secrets, by the commands that .env.example names.   sh docker/make-env.sh > .env
set -eu
umask 077
sed -n 's/^# \(openssl .*\)$/\1/p; s/^\([A-Z_]*\)=$/\1/p' "$(dirname "$0")/../.env.example" | while read -r line; do
	case "$line" in
	openssl*) command=${line%%  *} ;;
	*) printf '%s=%s\n' "$line" "$(sh -c "$command")" ;;
	esac
done
