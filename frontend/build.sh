#!/bin/sh
# Build web/static/vendor, and tests/pages/vendor for the page tests, from the pinned packages.
# Needed only when a version or frontend/bootstrap.scss changes.
set -eu
cd "$(dirname "$0")"
vendor=../web/static/vendor
for_tests=../tests/pages/vendor

npm ci --ignore-scripts
rm -rf "$vendor"
mkdir -p "$vendor/licences"

node_modules/.bin/sass --no-source-map --style=compressed --quiet-deps --load-path=node_modules \
  --silence-deprecation=import,global-builtin,color-functions,if-function bootstrap.scss "$vendor/bootstrap.min.css"
cp node_modules/bootstrap/LICENSE "$vendor/licences/bootstrap.txt"

if grep -q 'url(' "$vendor/bootstrap.min.css"; then
  echo "bootstrap.min.css holds an image, which the content security policy would block" >&2
  exit 1
fi

rm -rf "$for_tests"
mkdir -p "$for_tests/licences"
cp node_modules/axe-core/axe.min.js "$for_tests/axe.min.js"
cp node_modules/axe-core/LICENSE "$for_tests/licences/axe-core.txt"

for folder in "$vendor" "$for_tests"; do
  (cd "$folder" && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum > SHA256SUMS)
done
