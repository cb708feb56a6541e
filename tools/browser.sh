#!/usr/bin/env bash
# Runs the console's tests in headless Chromium, against a `streamspace dev` with data of its own. It fails when a test
# does, when a file ran none, and when the program does not end in order.
set -euo pipefail
exec node app/console/test/run.mjs "$PWD/bin/streamspace"
