#!/bin/bash
# Brings static/vendor/ up to package-lock.json and vendor.txt; does nothing when it is. $NPM: the npm to use.
set -euo pipefail
cd "$(dirname "$0")"
wanted="$(cat package-lock.json vendor.txt vendor.sh | sha256sum)"
stamp=static/vendor/.installed
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -d node_modules ]; then
    exit 0
fi
echo "Installing the pages' scripts"
${NPM:-npm} ci --ignore-scripts --silent
rm -rf static/vendor.new
mkdir -p static/vendor.new
while read -r file name; do
    case "$file" in ''|'#'*) continue ;; esac
    cp "node_modules/$file" "static/vendor.new/$name"
done < vendor.txt
printf '%s' "$wanted" > static/vendor.new/.installed
rm -rf static/vendor
mv static/vendor.new static/vendor
