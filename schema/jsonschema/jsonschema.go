// Package jsonschema writes the devloop.yaml language as a JSON schema, for
// editors. It never checks a file: that is the loader's, and the two are tested
// to agree.
package jsonschema

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"devloop/schema"
)

//go:generate go test . -run TestFileIsCurrent -update

// dialect is the dialect: the newest one that yaml-language-server has read in
// all its versions.
const dialect = "http://json-schema.org/draft-07/schema#"

// Generate returns the schema of a devloop.yaml, indented, with a final line
// break. The same devloop gives the same bytes.
//
// It accepts whatever the loader accepts. It refuses unknown keys, wrong types,
// wrong words and missing keys; what hangs on more than one value, such as a
// socket that nobody declared, is for `devloop check`.
func Generate() ([]byte, error) {
	lang := schema.Language()
	w := &writer{defs: map[string]object{}}
	root := object{
		{"$schema", dialect},
		{"title", "devloop.yaml"},
		{"description", "A development loop: what is watched, which stages run, which processes serve, and the sockets that are held for them."},
		{"examples", []any{example}},
	}
	root = append(root, w.fields(lang.Fields)...)
	// What a preset says need not be said again, so a file that extends one
	// may leave keys out.
	root = append(root,
		member{"if", object{
			{"required", []string{"extends"}},
			{"properties", object{{"extends", object{{"not", object{{"type", "null"}}}}}}},
		}},
		member{"else", w.required(lang, true)},
	)
	defs := object{}
	for _, name := range slices.Sorted(maps.Keys(w.defs)) {
		defs = append(defs, member{name, w.defs[name]})
	}
	root = append(root, member{"definitions", defs})

	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// example is the smallest whole file.
var example = object{
	{"sockets", object{{"web", "http::3000"}}},
	{"watchers", object{{"check", object{
		{"watch", []string{"src"}}, {"stages", []string{"make test", "make build"}}, {"trigger", ".trigger"},
	}}}},
	{"processes", object{{"server", object{
		{"run", "bin/server"}, {"watch", ".trigger"}, {"sockets", []string{"web"}},
	}}}},
}

// writer turns shapes into schemas, and collects those that have a name.
type writer struct {
	defs map[string]object
}

// fields is a mapping with known keys; x-… may be there, with anything.
func (w *writer) fields(fields []schema.Field) object {
	props := object{}
	for _, f := range fields {
		props = append(props, member{f.Name, w.field(f)})
	}
	return object{
		{"type", "object"},
		{"properties", props},
		{"patternProperties", object{{"^x-", object{}}}},
		{"additionalProperties", false},
	}
}

// field is one key. An empty value counts as a key that is not there, unless
// the key is required.
func (w *writer) field(f schema.Field) object {
	text := "`" + f.Name + "`: " + f.Doc + "."
	if f.Default != "" {
		text += " Default: " + f.Default + "."
	}
	out := object{{"description", text}}
	if v, ok := literal(f.Shape, f.Default); ok {
		out = append(out, member{"default", v})
	}
	s := w.shape(f.Shape)
	if !f.Required {
		s = orNull(s)
	}
	if _, ok := s.get("$ref"); ok { // beside which draft 7 ignores all else
		s = object{{"allOf", []object{s}}}
	}
	return append(out, s...)
}

// shape is the schema of a type.
func (w *writer) shape(s schema.Shape) object {
	switch {
	case len(s.Fields) > 0:
		name := strings.Trim(strings.TrimPrefix(strings.TrimPrefix(s.Name, "a "), "an "), "`")
		return w.define(name, func() object { return append(w.fields(s.Fields), w.inItself(s)...) })
	case s.List != nil:
		items := w.shape(*s.List)
		list := object{{"type", "array"}, {"items", items}}
		if s.Lone {
			return object{{"anyOf", []object{items, list}}}
		}
		return list
	case s.Each != nil:
		// An empty value has a meaning in each of them: unset, the default
		// condition, or not what a preset says.
		return object{{"type", "object"}, {"additionalProperties", orNull(w.shape(*s.Each))}}
	case len(s.Or) > 0:
		var or []object
		if s.Name == "boolean" || s.Name == "integer" {
			or = append(or, w.scalar(schema.Shape{Name: s.Name}))
		}
		for _, o := range s.Or {
			or = append(or, w.shape(o))
		}
		return object{{"anyOf", or}}
	}
	return w.scalar(s)
}

// inItself demands the required keys of a mapping that stands in a list, for
// lists replace each other whole: no preset can add to it. A mapping that no
// list holds is dealt with in required.
func (w *writer) inItself(s schema.Shape) object {
	if !inLists[s.Name] {
		return nil
	}
	return object{{"required", requiredKeys(s.Fields)}}
}

// inLists are the mappings that only ever stand in lists.
var inLists = map[string]bool{"a stage": true, "a parallel group": true, "an env file": true, "an included project": true}

func (w *writer) define(name string, make func() object) object {
	if _, ok := w.defs[name]; !ok {
		w.defs[name] = nil // it may hold itself
		w.defs[name] = make()
	}
	return object{{"$ref", "#/definitions/" + strings.ReplaceAll(name, " ", "%20")}}
}

// required is what a mapping must have where nothing lies below the file: its
// required keys, and those of the mappings in it. top is the file itself.
func (w *writer) required(s schema.Shape, top bool) object {
	var out object
	if keys := requiredKeys(s.Fields); len(keys) > 0 {
		out = append(out, member{"required", keys})
	}
	var props object
	for _, f := range s.Fields {
		if f.Shape.Each == nil {
			continue
		}
		each := *f.Shape.Each
		for _, o := range each.Or {
			if keys := requiredKeys(o.Fields); len(keys) > 0 { // a socket: a spec, or keys
				props = append(props, member{f.Name, object{{"additionalProperties", object{{"not", object{{"type", "null"}}}, {"required", keys}}}}})
			}
		}
		if keys := requiredKeys(each.Fields); len(keys) > 0 {
			props = append(props, member{f.Name, object{{"additionalProperties", object{{"type", "object"}, {"required", keys}}}}})
		}
	}
	if top && len(props) > 0 {
		out = append(out, member{"properties", props})
	}
	return out
}

func requiredKeys(fields []schema.Field) []string {
	var keys []string
	for _, f := range fields {
		if f.Required {
			keys = append(keys, f.Name)
		}
	}
	return keys
}
