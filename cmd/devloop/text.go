package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// shorter writes a path relative to here where that is shorter, as people
// would type it.
func shorter(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(here, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}

// columns aligns cells that tabs end, and writes no blanks after the last one.
type columns struct {
	*tabwriter.Writer
	text *bytes.Buffer
	out  io.Writer
}

func table(w io.Writer) columns {
	text := &bytes.Buffer{}
	return columns{tabwriter.NewWriter(text, 0, 0, 2, ' ', 0), text, w}
}

// Flush writes what has been collected.
func (c columns) Flush() error {
	_ = c.Writer.Flush() // a buffer takes everything
	for line := range strings.Lines(c.text.String()) {
		if _, err := fmt.Fprintln(c.out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	c.text.Reset()
	return nil
}
