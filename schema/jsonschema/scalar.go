package jsonschema

import (
	"slices"
	"strconv"

	"devloop/schema"
	"devloop/schema/lazyregexp"
)

// A text is any scalar: the loader takes `1.10` and `no` as the file says them.
var text = []string{"string", "number", "boolean"}

// reference is any text with a ${NAME} in it: what it comes to is not known
// before the file is loaded.
const reference = `\$\{`

// A scalar type: its schema, and values to show. The patterns are those of
// ECMA 262 and RE2 both.
type scalarType struct {
	types    []string // of JSON, beside a string with a reference
	pattern  string   // of a string, if it must look like something
	examples []any
	doc      string
}

const durationForm = `^((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$`

// scalars are the types by the names that the loader's tables give them.
var scalars = map[string]scalarType{
	"string":             {types: text},
	"boolean":            {types: []string{"boolean"}},
	"integer":            {types: []string{"integer"}},
	"problems":           {types: []string{"string"}, examples: []any{"auto", "off", "tsc", "^(?P<file>.+)@(?P<line>\\d+): (?P<message>.+)$"}, doc: "A tool's name, a regular expression with the groups file and line, auto or off."},
	"comparison":         {types: []string{"string", "boolean"}, examples: []any{"${TESTS} == gate", "${TESTS} != off"}, doc: "A comparison of two values: == or !=."},
	"duration":           {types: []string{"string"}, pattern: durationForm, examples: []any{"300ms", "5s", "1m30s"}, doc: "A number with its unit: ms, s, m or h."},
	"pattern":            {types: text, examples: []any{"src", "**/*.go", "web/{a,b}/*.ts"}, doc: "A path or a glob, relative to the project; a directory means everything below it."},
	"path":               {types: text, examples: []any{".trigger", "../shared"}, doc: "A path, relative to the project."},
	"name":               {types: text, examples: []any{"server"}, doc: "The name of a node or a socket of this file."},
	"address":            {types: text, examples: []any{"localhost:5432", 5432}, doc: "HOST:PORT; a bare port is one of 127.0.0.1."},
	"URL":                {types: []string{"string"}, examples: []any{"https://cache.example.com", "grpcs://cache.example.com"}, doc: "A URL of http, https, grpc or grpcs."},
	"URL or path":        {types: []string{"string"}, examples: []any{"/health", "http://localhost:3000/health"}, doc: "A URL, or a path of the process's own http socket."},
	"socket spec":        {types: text, examples: []any{"http::3000", "unix::app.sock", 3000}, doc: "[TYPE::]ADDRESS: TYPE is tcp, http, https, udp or unix; ADDRESS is PORT, HOST:PORT, or a path."},
	"file mode":          {types: []string{"integer", "string"}, pattern: `^0o?[0-7]{3}$`, examples: []any{"0660"}, doc: "Octal permissions: owner, group, others."},
	"regular expression": {types: text, examples: []any{"listening on"}, doc: "A regular expression (RE2)."},
	"signal":             {types: []string{"string"}, pattern: `^(?i:sig)?[A-Za-z0-9]+$`, examples: []any{"SIGTERM", "HUP"}, doc: "The name of a signal, with or without SIG."},
	"preset":             {types: text, examples: []any{"preset:rust-web", "./team/web.yaml"}, doc: "A built-in preset, a file beside this one, or a name on the preset path."},
}

// scalar is the schema of a type without parts.
func (w *writer) scalar(s schema.Shape) object {
	if len(s.Values) > 0 {
		values := make([]any, len(s.Values))
		for i, v := range s.Values {
			values[i] = any(v)
			switch {
			case s.Name == "integer":
				values[i], _ = strconv.Atoi(v) // the tables have numbers
			case v == "false":
				values[i] = false // and booleans
			}
		}
		return object{{"anyOf", []object{{{"enum", values}}, withReference}}}
	}
	t, ok := scalars[s.Name]
	if !ok {
		t = scalars["string"]
	}
	if s.Name == "string" {
		return object{{"type", t.types}}
	}
	return w.define(s.Name, func() object {
		var out object
		if t.doc != "" {
			out = append(out, member{"description", t.doc})
		}
		if t.examples != nil {
			out = append(out, member{"examples", t.examples})
		}
		switch {
		case t.pattern != "":
			// A pattern says nothing about what is no string.
			return append(out, member{"type", t.types}, member{"pattern", t.pattern + "|" + reference})
		case slices.Contains(t.types, "string"):
			return append(out, member{"type", t.types})
		}
		return append(out, member{"anyOf", []object{{{"type", t.types}}, withReference}})
	})
}

var withReference = object{{"type", "string"}, {"pattern", reference}}

var duration = lazyregexp.New(durationForm)

// literal is a default as a value, if it is one: "10" of an integer, and not
// "the number of CPUs".
func literal(s schema.Shape, text string) (any, bool) {
	switch {
	case text == "":
	case s.Name == "boolean":
		v, err := strconv.ParseBool(text)
		return v, err == nil
	case s.Name == "integer":
		v, err := strconv.Atoi(text)
		return v, err == nil
	case len(s.Values) > 0:
		return text, slices.Contains(s.Values, text)
	case s.Name == "duration":
		return text, duration.MatchString(text)
	case s.Name == "signal", s.Name == "file mode":
		return text, true
	}
	return nil, false
}
