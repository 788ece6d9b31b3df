# A very small generator of pages.
set -e
mkdir -p site
{ echo '<!doctype html><title>Docs</title><body><p>'; cat docs/index.md; echo '</p></body>'; } > site/index.html
