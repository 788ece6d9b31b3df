// Package page is what a browser gets of the dashboard: one page, its scripts and its style sheets, as they are written.
// Nothing is built: the scripts are modules, and the two libraries that they use are in the file assets/vendor.js, which a test
// makes anew from their packages.
package page

import "embed"

// Files are the page itself, index.html, and what it loads, below assets.
//
//go:embed index.html assets
var Files embed.FS
