package control

import (
	"fmt"
	"strings"

	"devloop/schema/nearest"
)

// Known is the hint for an unknown name: the nearest known one, or the list.
func Known(name string, known []string) string {
	if near, ok := nearest.Of(name, known); ok {
		return fmt.Sprintf("did you mean %s?", near)
	}
	if len(known) == 0 {
		return "it has none"
	}
	const most = 20
	if len(known) > most {
		return fmt.Sprintf("it has %s and %d more: see `devloop status`", strings.Join(known[:most], ", "), len(known)-most)
	}
	return "it has " + strings.Join(known, ", ")
}
