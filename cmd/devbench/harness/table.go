package harness

import (
	"fmt"
	"io"
	"strings"
)

// A Table is written as Markdown. Its first row is the head.
type Table struct {
	rows [][]string
}

// Row adds a row. A cell that holds a pipe must have escaped it.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, cells) }

// Write writes the table with an empty line after it.
func (t *Table) Write(w io.Writer) error {
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

// Escape keeps a text from ending its cell.
func Escape(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// Each writes one figure, or several that were measured one after the other.
func Each(figures []string) string { return strings.Join(figures, ", ") }

// Kept writes whether a bar is kept.
func Kept(ok bool) string {
	if ok {
		return "yes"
	}
	return "**no**"
}
