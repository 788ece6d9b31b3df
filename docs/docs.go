// Package docs has the pages of this directory in it, for `devloop help`.
package docs

import "embed"

// Pages are the pages as they are written, in Markdown.
//
//go:embed *.md guides/*.md
var Pages embed.FS
