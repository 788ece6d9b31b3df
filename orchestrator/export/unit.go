package export

import (
	"fmt"
	"strings"
)

// unit is the text of a unit file, systemd.syntax(7).
type unit struct{ b strings.Builder }

func (u *unit) section(name string) {
	u.b.WriteString("\n")
	u.b.WriteString("[" + name + "]\n")
}

func (u *unit) set(key, value string) {
	// A line break ends a value; nothing that is set here may have one.
	u.b.WriteString(key + "=" + strings.ReplaceAll(value, "\n", `\n`) + "\n")
}

func (u *unit) comment(format string, args ...any) {
	u.b.WriteString("# " + fmt.Sprintf(format, args...) + "\n")
}

func (u *unit) String() string { return u.b.String() }

// literal is a value that is no list of words: only specifiers mean something
// in it.
func literal(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// quoted is a word of a value: systemd.syntax(7), "Quoting". Specifiers are
// doubled everywhere.
func quoted(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "%", "%%").Replace(s)
	if s == "" || strings.ContainsAny(s, " \\\"';#") {
		return `"` + s + `"`
	}
	return s
}
