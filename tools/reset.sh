#!/usr/bin/env bash
# Removes the data of `streamspace dev`: its database, keys and sessions' homes. Refuses while `streamspace dev` runs, and
# refuses a folder that does not contain its database.
set -euo pipefail

data=${STREAMSPACE_DATA:-}
if [ -z "$data" ]; then
	if [ "$(id -u)" -eq 0 ]; then data=/var/lib/streamspace-dev; else data=.streamspace; fi
fi
if ! [ -e "$data" ]; then
	echo "$data: nothing to remove"
	exit 0
fi
clusters=0
while IFS= read -r lock; do
	[ -e "$(dirname "$lock")/data/PG_VERSION" ] || continue
	clusters=$((clusters + 1))
	if ! flock --nonblock "$lock" true; then
		echo "$data is in use: stop \`streamspace dev\` first" >&2
		exit 1
	fi
done < <(find "$data" -maxdepth 2 -name lock -type f)
if [ "$clusters" -eq 0 ]; then
	echo "$data contains no database of \`streamspace dev\`: nothing was removed" >&2
	exit 1
fi
rm -rf -- "$data"
echo "$data removed"
