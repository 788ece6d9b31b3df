package main

import (
	"fmt"
	"io"
	"strings"
)

// A table is written as Markdown. Its first row is the head.
type table struct {
	rows [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// write writes the table with an empty line after it. A cell that would end
// early at a pipe must have escaped it.
func (t *table) write(w io.Writer) error {
	var text strings.Builder
	for i, row := range t.rows {
		fmt.Fprintf(&text, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			text.WriteString("|" + strings.Repeat("---|", len(row)) + "\n")
		}
	}
	text.WriteString("\n")
	if _, err := io.WriteString(w, text.String()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}
