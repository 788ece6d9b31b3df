package console

// Rows formats a line for a terminal so many cells wide, 0 if that does not matter, in rows; all but the first begin with the
// indent.
func (line Line) Rows(width int, indent string, color bool) (rows []string) {
	for i, row := range line.wrap(width - len(indent)) {
		text := string(row.format(nil, color))
		if i > 0 {
			text = indent + text
		}
		rows = append(rows, text)
	}
	return rows
}
