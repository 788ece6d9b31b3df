// Package glob compiles one watch pattern: doublestar's syntax, anchored at a
// directory, matched against absolute slash paths. It never touches the disk.
package glob

// Pattern is one compiled pattern. The zero value matches nothing.
type Pattern struct{ text string }
