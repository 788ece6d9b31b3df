package jsonschema

import (
	"bytes"
	"flag"
	"os"
	"testing"

	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"devloop/schema"
)

var update = flag.Bool("update", false, "write the schema into its file")

const file = "../devloop.schema.json"

// TestFileIsCurrent holds the file that is checked in, which editors read,
// against the tables.
func TestFileIsCurrent(t *testing.T) {
	want, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: go generate ./schema/jsonschema", file)
	}
}

// TestEveryTypeIsKnown finds scalar types of the tables that this package would
// otherwise take for text.
func TestEveryTypeIsKnown(t *testing.T) {
	var walk func(path string, s schema.Shape)
	walk = func(path string, s schema.Shape) {
		if _, ok := scalars[s.Name]; !ok && s.Fields == nil && s.List == nil && s.Each == nil && s.Or == nil && s.Values == nil {
			t.Errorf("%s: the type %q has no entry in scalars", path, s.Name)
		}
		for _, f := range s.Fields {
			if f.Required && len(f.Shape.Or) == 0 && f.Shape.Name == "" {
				t.Errorf("%s.%s has no type", path, f.Name)
			}
			walk(path+"."+f.Name, f.Shape)
		}
		for _, o := range s.Or {
			walk(path, o)
		}
		if s.List != nil {
			walk(path+"[]", *s.List)
		}
		if s.Each != nil {
			walk(path+".*", *s.Each)
		}
	}
	walk("", schema.Language())
}

// compiled is the generated schema, ready to validate.
func compiled(t testing.TB) *validator.Schema {
	t.Helper()
	src, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := validator.UnmarshalJSON(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	if err := c.AddResource("devloop.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("devloop.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestOwnExamplesAreValid holds every `examples` and `default` of the schema
// against the schema that it stands in.
func TestOwnExamplesAreValid(t *testing.T) {
	s := compiled(t)
	doc := jsonValue(t, example)
	if err := s.Validate(doc); err != nil {
		t.Errorf("the example of the whole file: %v", err)
	}
	for name, typ := range scalars {
		for _, v := range typ.examples {
			w := &writer{defs: map[string]object{}}
			ref := w.scalar(schema.Shape{Name: name})
			if err := compile(t, ref, w.defs).Validate(jsonValue(t, v)); err != nil {
				t.Errorf("%s: its example %v: %v", name, v, err)
			}
		}
	}
	var walk func(path string, shape schema.Shape)
	walk = func(path string, shape schema.Shape) {
		for _, f := range shape.Fields {
			w := &writer{defs: map[string]object{}}
			field := w.field(f)
			if v, ok := field.get("default"); ok {
				if err := compile(t, field, w.defs).Validate(jsonValue(t, v)); err != nil {
					t.Errorf("%s.%s: its default %v: %v", path, f.Name, v, err)
				}
			}
			walk(path+"."+f.Name, f.Shape)
		}
		if shape.Each != nil {
			walk(path+".*", *shape.Each)
		}
		for _, o := range shape.Or {
			walk(path, o)
		}
	}
	walk("", schema.Language())
}
