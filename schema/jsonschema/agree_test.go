package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"devloop/orchestrator/test/testenv"
	"devloop/schema"
)

// compile makes a validator of a part of the schema.
func compile(t testing.TB, part object, defs map[string]object) *validator.Schema {
	t.Helper()
	all := object{}
	for name, def := range defs {
		all = append(all, member{name, def})
	}
	c := validator.NewCompiler()
	whole := object{{"$schema", dialect}, {"allOf", []object{part}}, {"definitions", all}}
	if err := c.AddResource("part.json", jsonValue(t, whole)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("part.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// jsonValue is what a validator makes of a value.
func jsonValue(t testing.TB, v any) any {
	t.Helper()
	src, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := validator.UnmarshalJSON(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// document is one YAML file of the corpus.
type document struct{ name, text string }

// good are the files that load: the loader's own, the examples, and the
// complete YAML blocks of the pages.
func good(t testing.TB) []document {
	t.Helper()
	docs := archived(t, "../testdata/configs/*.txtar")
	for _, pattern := range []string{"../../examples/*/devloop.yaml", "../../devloop.yaml"} {
		for _, path := range glob(t, pattern) {
			docs = append(docs, document{path, read(t, path)})
		}
	}
	for _, pattern := range []string{"../../docs/*.md", "../../docs/*/*.md", "../../*.md", "../../examples/*/*.md"} {
		for _, path := range glob(t, pattern) {
			for i, block := range strings.Split(read(t, path), "```yaml\n")[1:] {
				text, _, _ := strings.Cut(block, "\n```")
				docs = append(docs, document{fmt.Sprintf("%s (block %d)", path, i+1), text + "\n"})
			}
		}
	}
	return docs
}

// archived are the sections NAME.yaml of txtar archives.
func archived(t testing.TB, pattern string) []document {
	t.Helper()
	var docs []document
	for _, path := range glob(t, pattern) {
		name, text := "", ""
		flush := func() {
			if strings.HasSuffix(name, ".yaml") {
				docs = append(docs, document{filepath.Base(path) + "/" + name, text})
			}
		}
		for line := range strings.Lines(read(t, path)) {
			if mark, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "-- "); ok && strings.HasSuffix(mark, " --") {
				flush()
				name, text = strings.TrimSuffix(mark, " --"), ""
				continue
			}
			text += line
		}
		flush()
	}
	return docs
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func load(text string) error {
	env := map[string]string{"HOME": "/home/me", "INJECT": "x"}
	_, err := schema.Parse("/project/devloop.yaml", []byte(text), schema.Options{
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		CPUs:      2,
		Presets:   os.DirFS("../preset/presets"),
	})
	return err
}

// asJSON is a YAML file as an editor sees it; false if it cannot be.
func asJSON(text string) (any, bool) {
	var doc yaml.Node
	if yaml.Unmarshal([]byte(text), &doc) != nil || len(doc.Content) == 0 {
		return nil, false
	}
	plain(&doc, 0)
	var v any
	if doc.Decode(&v) != nil {
		return nil, false
	}
	src, err := json.Marshal(v)
	if err != nil {
		return nil, false // a key that is no text
	}
	out, err := validator.UnmarshalJSON(bytes.NewReader(src))
	return out, err == nil
}

// plain turns what JSON does not have into text, as editors do: dates, and
// values with a tag of their own.
func plain(n *yaml.Node, depth int) {
	if depth > 100 {
		return
	}
	if n.Kind == yaml.ScalarNode && n.Tag != "!!str" && n.Tag != "!!int" && n.Tag != "!!float" && n.Tag != "!!bool" && n.Tag != "!!null" && n.Tag != "!!merge" {
		n.Tag = "!!str"
	}
	if n.Kind != yaml.ScalarNode && !strings.HasPrefix(n.Tag, "!!") {
		n.Tag = ""
	}
	for _, c := range n.Content {
		plain(c, depth+1)
	}
}

// TestGoodFilesAreValid is one direction: what loads is valid.
func TestGoodFilesAreValid(t *testing.T) {
	s := compiled(t)
	n := 0
	for _, doc := range good(t) {
		if load(doc.text) != nil {
			continue // a page may show a mistake, and files of others come with it
		}
		v, ok := asJSON(doc.text)
		if !ok {
			continue
		}
		n++
		if err := s.Validate(v); err != nil {
			t.Errorf("%s loads, and the schema refuses it: %v", doc.name, err)
		}
	}
	if n < 15 {
		t.Errorf("only %d files were found", n)
	}
}

// structural are the messages of the loader about what a schema can say. Not
// among them: a variable that is null, which is right where a preset is
// extended, and what a ${NAME} comes to.
var structural = regexp.MustCompile("^unknown key `|needs `[a-z_]+`$|has no value$" +
	"|needs (a list|a mapping|`true` or `false`)" +
	"|needs `[a-z-]+`(, `[a-z-]+`)* or `[a-z-]+`, not `")

var missing = regexp.MustCompile("needs `[a-z_]+`$")

// TestBadFilesAreRefusedByBoth holds the loader's own bad files, and mutations
// of good ones, against the schema: it refuses nothing that loads, and accepts
// nothing whose mistakes are all structural.
func TestBadFilesAreRefusedByBoth(t *testing.T) {
	s := compiled(t)
	docs := archived(t, "../testdata/mistakes/*.txtar")
	var mutated []document
	for _, doc := range good(t) {
		mutated = append(mutated, mutations(doc)...)
	}
	for i := 0; i < len(mutated); i += testenv.Either(4, 1) { // the short run takes every fourth
		docs = append(docs, mutated[i])
	}
	both, refusedByLoader := 0, 0
	for _, doc := range docs {
		v, ok := asJSON(doc.text)
		if !ok {
			continue
		}
		invalid := s.Validate(v)
		err := load(doc.text)
		if err == nil {
			if invalid != nil {
				t.Errorf("%s loads, and the schema refuses it: %v", doc.name, invalid)
			}
			continue
		}
		refusedByLoader++
		if invalid != nil {
			both++
			continue
		}
		var mistakes schema.Mistakes
		if !errors.As(err, &mistakes) {
			continue
		}
		for _, m := range mistakes {
			if fields, ok := v.(map[string]any); ok && fields["extends"] != nil && missing.MatchString(m.Msg) {
				continue // only who reads the preset knows that it does not say it either
			}
			if structural.MatchString(m.Msg) && !strings.Contains(m.Msg, "the variable `") && !strings.Contains(m.Line, "${") {
				t.Errorf("%s does not load, and the schema accepts it: %s", doc.name, m.Msg)
				break
			}
		}
	}
	t.Logf("%d files: the loader refuses %d, and the schema %d of them", len(docs), refusedByLoader, both)
	if both < 300 {
		t.Errorf("both refuse only %d files: is the corpus there?", both)
	}
}

// mutations are files made of a good one, each with one change at one place: a
// key that nobody knows, a key that is missing, a value of another type.
func mutations(doc document) []document {
	var root yaml.Node
	if yaml.Unmarshal([]byte(doc.text), &root) != nil || len(root.Content) == 0 {
		return nil
	}
	var out []document
	emit := func(what string) {
		if text, err := yaml.Marshal(&root); err == nil {
			out = append(out, document{doc.name + ": " + what, string(text)})
		}
	}
	others := []yaml.Node{
		{Kind: yaml.ScalarNode, Tag: "!!str", Value: "zebra"},
		{Kind: yaml.ScalarNode, Tag: "!!int", Value: "7"},
		{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"},
		{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"},
		{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: "a"}}},
		{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{
			{Kind: yaml.ScalarNode, Tag: "!!str", Value: "zebra"}, {Kind: yaml.ScalarNode, Tag: "!!str", Value: "b"}}},
	}
	var walk func(path string, n *yaml.Node)
	walk = func(path string, n *yaml.Node) {
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				key, value := n.Content[i], n.Content[i+1]
				at := path + "." + key.Value
				was := *key
				key.Value, key.Tag = key.Value+"_zebra", "!!str"
				emit(at + " has another name")
				*key = was

				content := n.Content
				n.Content = append(append([]*yaml.Node(nil), content[:i]...), content[i+2:]...)
				emit(at + " is gone")
				n.Content = content

				if value.Kind == yaml.AliasNode || value.Anchor != "" {
					continue
				}
				for _, other := range others {
					was := *value
					*value = other
					emit(at + " is " + other.Tag + " " + other.Value)
					*value = was
				}
				walk(at, value)
			}
		case yaml.SequenceNode:
			for i, item := range n.Content {
				for _, other := range others {
					was := *item
					*item = other
					emit(fmt.Sprintf("%s[%d] is %s %s", path, i, other.Tag, other.Value))
					*item = was
				}
				walk(fmt.Sprintf("%s[%d]", path, i), item)
			}
		}
	}
	walk("", root.Content[0])
	return out
}
