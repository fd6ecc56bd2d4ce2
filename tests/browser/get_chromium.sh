#!/bin/sh
# Have a Chromium for the browser tests: one that is installed, else Playwright's own, else Debian's through apt.
# Never fails: without one, the tests fail and say which command would help.
python=$1
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
[ -n "${ASSISTANT_CHROMIUM:-}" ] && exit 0
"$python" - <<'PY' && exit 0
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not pathlib.Path(playwright.chromium.executable_path).exists())
PY
echo "Installing Chromium for the browser tests"
timeout 300 "$python" -m playwright install chromium >/dev/null 2>&1 && exit 0
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y chromium >/dev/null && exit 0
fi
echo "No Chromium could be installed; the browser tests will say what would help."
exit 0
