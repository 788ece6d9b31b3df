// Package page is the dashboard's page: files that are part of the program.
package page

import "embed"

// Files are the page itself, index.html, and what it loads, below assets.
//
//go:embed index.html assets
var Files embed.FS
