package schema

import (
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"devloop/schema/lazyregexp"
	"devloop/schema/yamltree"
)

var textType = typ[string]{
	shape: shape{name: "string"},
	read: func(d *decoder, n *yamltree.Node) (string, bool) {
		text, ok := d.word(n, "text")
		if ok && strings.ContainsAny(text, "\r\n") {
			d.mistake(n.Pos, "`"+d.key+"` has more than one line", "")
			return "", false
		}
		return text, ok
	},
}

var boolType = typ[bool]{
	shape: shape{name: "boolean"},
	read: func(d *decoder, n *yamltree.Node) (bool, bool) {
		const wanted = "`true` or `false`"
		text, ok := d.text(n, wanted)
		if !ok {
			return false, false
		}
		if n.Tag == "!!bool" || text != n.Text {
			switch strings.ToLower(text) {
			case "true":
				return true, true
			case "false":
				return false, true
			}
		}
		hint := ""
		switch strings.ToLower(text) {
		case "true", "false":
			hint = "without quotes"
		case "yes", "on", "y":
			hint = "write `true`"
		case "no", "off", "n":
			hint = "write `false`"
		}
		what := n.What()
		if text != n.Text {
			what = yamltree.Quote(text)
		}
		d.mistake(n.Pos, "`"+d.key+"` needs "+wanted+", not "+what, hint)
		return false, false
	},
}

// intType is a whole number of at least least.
func intType(least int) typ[int] {
	return typ[int]{
		shape: shape{name: "integer"},
		read: func(d *decoder, n *yamltree.Node) (int, bool) {
			text, ok := d.text(n, "a whole number")
			if !ok {
				return 0, false
			}
			v, err := strconv.Atoi(text)
			switch {
			case n.Quoted && text == n.Text && err == nil:
				d.mistake(n.Pos, "`"+d.key+"` needs a whole number, not "+n.What(), "without quotes")
			case err != nil || strconv.Itoa(v) != text:
				d.mistake(n.Pos, "`"+d.key+"` needs a whole number, not "+yamltree.Quote(text), "")
			case v < least:
				d.mistake(n.Pos, "`"+d.key+"` must be at least "+strconv.Itoa(least), "")
			default:
				return v, true
			}
			return 0, false
		},
	}
}

// rangeType is a whole number of at least least and at most most.
func rangeType(least, most int) typ[int] {
	t := intType(least)
	read := t.read
	t.read = func(d *decoder, n *yamltree.Node) (int, bool) {
		v, ok := read(d, n)
		if ok && v > most {
			d.mistake(n.Pos, "`"+d.key+"` must be at most "+strconv.Itoa(most), "")
		}
		return v, ok && v <= most
	}
	return t
}

var durationType = typ[time.Duration]{
	shape: shape{name: "duration"},
	read: func(d *decoder, n *yamltree.Node) (time.Duration, bool) {
		const wanted = "a duration such as `300ms`"
		text, ok := d.text(n, wanted)
		if !ok {
			return 0, false
		}
		v, err := time.ParseDuration(text)
		_, number := strconv.ParseFloat(text, 64)
		switch {
		case number == nil:
			d.mistake(n.Pos, "the duration "+yamltree.Quote(text)+" has no unit", "write `"+text+"ms` or `"+text+"s`")
		case err != nil:
			d.mistake(n.Pos, "`"+d.key+"` needs "+wanted+", not "+yamltree.Quote(text), durationHint(text))
		case v <= 0 || strings.HasPrefix(text, "+"):
			d.mistake(n.Pos, "`"+d.key+"` must be longer than nothing", "")
		default:
			return v, true
		}
		return 0, false
	},
}

var spelledDuration = lazyregexp.New(`^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$`)

func durationHint(text string) string {
	const units = "the units are `ms`, `s`, `m` and `h`, as in `1m30s`"
	m := spelledDuration.FindStringSubmatch(text)
	if m == nil {
		return units
	}
	number, unit := m[1], ""
	switch strings.ToLower(m[2]) {
	case "msec", "msecs", "milli", "millis", "millisecond", "milliseconds", "ms":
		unit = "ms"
	case "s", "sec", "secs", "second", "seconds":
		unit = "s"
	case "m", "min", "mins", "minute", "minutes":
		unit = "m"
	case "h", "hr", "hrs", "hour", "hours":
		unit = "h"
	case "d", "day", "days":
		days, err := strconv.Atoi(number)
		if err != nil || days > 10_000 {
			return units
		}
		number, unit = strconv.Itoa(24*days), "h"
	}
	if unit == "" || number+unit == text {
		return units
	}
	return "write `" + number + unit + "`"
}

// enumType is one of a few words. hints holds what people write in their place.
func enumType[E ~string](hints map[string]string, values ...E) typ[E] {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	return typ[E]{
		shape: shape{name: "string", values: words},
		read: func(d *decoder, n *yamltree.Node) (E, bool) {
			text, ok := d.text(n, either(words))
			if !ok || slices.Contains(words, text) {
				return E(text), ok
			}
			d.mistake(n.Pos, "`"+d.key+"` needs "+either(words)+", not "+yamltree.Quote(text), enumHint(text, words, hints))
			return "", false
		},
	}
}

var (
	octalMode   = lazyregexp.New(`^0o?[0-7]{3}$`)
	decimalMode = lazyregexp.New(`^[0-7]{3}$`)
)

// modeType reads the text and not the number, since YAML 1.1, YAML 1.2 and JSON
// do not agree on what 0600 is.
var modeType = typ[fs.FileMode]{
	shape: shape{name: "file mode"},
	read: func(d *decoder, n *yamltree.Node) (fs.FileMode, bool) {
		text, ok := d.text(n, "permissions such as `0600`")
		if !ok {
			return 0, false
		}
		if !octalMode.MatchString(text) {
			hint := "three octal digits after a 0: owner, group, others"
			if decimalMode.MatchString(text) {
				hint = "write `0" + text + "`"
			}
			d.mistake(n.Pos, "`"+d.key+"` needs permissions such as `0600`, not "+yamltree.Quote(text), hint)
			return 0, false
		}
		mode, err := strconv.ParseUint(text[len(text)-3:], 8, 32)
		return fs.FileMode(mode), err == nil
	},
}

// regexpType is a regular expression in Go's syntax (RE2).
var regexpType = typ[*regexp.Regexp]{
	shape: shape{name: "regular expression"},
	read: func(d *decoder, n *yamltree.Node) (*regexp.Regexp, bool) {
		text, ok := d.word(n, "a regular expression")
		if !ok {
			return nil, false
		}
		re, err := regexp.Compile(text)
		if err != nil {
			msg := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
			hint := ""
			if strings.Contains(text, "(?=") || strings.Contains(text, "(?!") || strings.Contains(text, "(?<") {
				hint = "the syntax is RE2, which cannot look ahead or behind"
			}
			d.mistake(n.Pos, "not a regular expression: "+msg, hint)
			return nil, false
		}
		return re, true
	},
}
