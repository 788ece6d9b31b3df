//go:build unix

package termtest

import (
	"fmt"
	"html"
	"image/color"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
)

// The sixteen colours of a terminal, and its own two, on a dark and on a light background. A picture has both, and whoever
// shows it says which.
var (
	dark = []string{"#3b4048", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#abb2bf",
		"#7f848e", "#f07178", "#b5e890", "#ffd68a", "#82c4ff", "#dc8ef0", "#6fd3e0", "#ffffff"}
	light = []string{"#24292f", "#c5262f", "#1a7f37", "#8a6100", "#0757b8", "#8250df", "#0f6c79", "#57606a",
		"#6e7781", "#a40e26", "#2da44e", "#9a6700", "#218bff", "#a475f9", "#3192aa", "#8c959f"}
)

const (
	ink, paper           = "#d7dae0", "#1e2127"
	lightInk, lightPaper = "#24292f", "#f6f8fa"

	cellWidth, cellHeight, margin = 8.4, 19, 14
)

// SVG is a picture of the screen's first rows, as many as are not empty, for a dark and for a light background. What it is
// of is said to whoever does not see it.
func (s Screen) SVG(what string) string {
	rows := s.rows
	for len(rows) > 0 && length(rows[len(rows)-1]) == 0 {
		rows = rows[:len(rows)-1]
	}
	var b strings.Builder
	cols := 0
	if len(s.rows) > 0 {
		cols = len(s.rows[0])
	}
	width, height := float64(cols)*cellWidth+2*margin, len(rows)*cellHeight+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0[1]f %[2]d" width="%.0[1]f" height="%[2]d" role="img" aria-label="%[3]s">
<style>
%[4]s@media (prefers-color-scheme: light) {
%[5]s}
.b { font-weight: bold } .f { opacity: .6 } .i { font-style: italic } .u { text-decoration: underline } .l { text-decoration: underline dotted }
text { white-space: pre }
</style>
<rect width="100%%" height="100%%" rx="8" class="paper"/>
<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" class="ink" xml:space="preserve">
`, width, height, html.EscapeString(what), rules(dark, ink, paper), rules(light, lightInk, lightPaper))
	for y, line := range rows {
		drawRow(&b, line, float64(margin+y*cellHeight))
	}
	b.WriteString("</g></svg>\n")
	return b.String()
}

func rules(colours []string, ink, paper string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".ink { fill: %s } .paper { fill: %s }\n", ink, paper)
	for i, c := range colours {
		fmt.Fprintf(&b, ".c%d { fill: %s }%s", i, c, []string{" ", "\n"}[i%8/7])
	}
	return b.String()
}

var attributes = []struct {
	attr  uint8
	class string
}{{uv.AttrBold, " b"}, {uv.AttrFaint, " f"}, {uv.AttrItalic, " i"}}

// drawRow draws the cells that look alike as one text at its column, whatever the font makes of a character's width.
func drawRow(b *strings.Builder, line uv.Line, top float64) {
	for i := 0; i < length(line); {
		first := line[i]
		var text strings.Builder
		end := i
		for ; end < length(line) && line[end].Style.Equal(&first.Style) && line[end].Link == first.Link; end++ {
			text.WriteString(line[end].Content)
		}
		drawn := text.String()
		class, other := look(first.Style.Fg, "ink"), look(first.Style.Bg, "")
		if first.Style.Attrs&uv.AttrReverse != 0 {
			class, other = look(first.Style.Bg, "paper"), look(first.Style.Fg, "ink")
		}
		x := margin + float64(i)*cellWidth
		if other != "" {
			fmt.Fprintf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" class=\"%s\"/>\n", x, top, float64(end-i)*cellWidth, cellHeight, other)
		}
		for _, is := range attributes {
			if first.Style.Attrs&is.attr != 0 {
				class += is.class
			}
		}
		switch {
		case !first.Link.IsZero():
			class += " l"
		case first.Style.Underline != uv.UnderlineNone:
			class += " u"
		}
		if strings.TrimSpace(drawn) != "" {
			fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n", x, top+14, class, html.EscapeString(drawn))
		}
		i = end
	}
}

// look is the class of a colour.
func look(c color.Color, otherwise string) string {
	switch c := c.(type) {
	case nil:
		return otherwise
	case ansi.BasicColor:
		return fmt.Sprintf("c%d", c)
	case ansi.IndexedColor:
		if c < 16 {
			return fmt.Sprintf("c%d", c)
		}
	}
	return otherwise // a colour of the program's own: none of devloop's
}
