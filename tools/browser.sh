#!/usr/bin/env bash
# Runs the console's tests in headless Chromium, against a `streamspace dev` with separate data. Fails when a test fails,
# when a file ran no tests, and when the program does not shut down cleanly.
set -euo pipefail
exec node app/console/test/run.mjs "$PWD/bin/streamspace"
