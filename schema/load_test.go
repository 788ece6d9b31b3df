package schema

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the tests see into testdata")

// testOptions is a machine on which nothing depends: a few variables, one
// directory, four processors.
func testOptions() Options {
	env := map[string]string{"HOME": "/home/me", "EMPTY": "", "FROM_ENV": "environment", "INJECT": "}\n  evil: {run: \"x\"}"}
	return Options{
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Stat: func(path string) (fs.FileInfo, error) {
			switch path {
			case "/project/web", "/project", "/home/me":
				return os.Stat(".")
			case "/project/file", "/project/.env.local":
				return os.Stat("load_test.go")
			}
			return nil, fs.ErrNotExist
		},
		ReadFile: func(path string) ([]byte, error) {
			if path == "/project/.env.local" {
				return []byte("LOCAL=1\n"), nil
			}
			return nil, fs.ErrNotExist
		},
		CPUs: 4,
	}
}

func parse(src string) (*Config, error) {
	return Parse("/project/devloop.yaml", []byte(src), testOptions())
}

// printed is what a load comes to: its mistakes, or else its warnings.
func printed(c *Config, err error) string {
	var text string
	switch {
	case err != nil:
		text = err.Error()
	case len(c.Warnings) > 0:
		text = textOf(c.Warnings, "warning")
	default:
		return ""
	}
	return strings.ReplaceAll(text, "/project/devloop.yaml:", "devloop.yaml:") + "\n"
}

// TestMistakes loads every case of testdata/mistakes: a section NAME.yaml, and
// behind it NAME.txt with all that is printed.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		golden(t, file, ".txt", func(src string) string { return printed(parse(src)) })
	}
}

// TestConfigs loads every case of testdata/configs, and dumps what it means.
func TestConfigs(t *testing.T) {
	files, err := filepath.Glob("testdata/configs/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		golden(t, file, ".dump", func(src string) string {
			c, err := parse(src)
			if err != nil {
				return "error:\n" + err.Error() + "\n"
			}
			return dump(c)
		})
	}
}

// golden holds every section NAME.yaml of an archive against the section
// NAME+ext that follows it.
func golden(t *testing.T, file, ext string, run func(src string) string) {
	t.Helper()
	comment, sections := readArchive(t, file)
	want := map[string]string{}
	for _, s := range sections {
		if name, ok := strings.CutSuffix(s.name, ext); ok {
			want[name] = s.text
		}
	}
	var out []section
	for _, s := range sections {
		name, isCase := strings.CutSuffix(s.name, ".yaml")
		if !isCase {
			continue
		}
		got := run(s.text)
		out = append(out, s, section{name + ext, got})
		if *update {
			continue
		}
		t.Run(filepath.Base(file)+"/"+name, func(t *testing.T) {
			if got != want[name] {
				t.Errorf("got:\n%s\nwant:\n%s", got, want[name])
			}
		})
	}
	if *update {
		writeArchive(t, file, comment, out)
	}
}

// dump prints every field that is not zero, a line each.
func dump(c *Config) string {
	var b strings.Builder
	dumpValue(&b, "", reflect.ValueOf(*c))
	return b.String()
}

func dumpValue(b *strings.Builder, name string, v reflect.Value) {
	switch x := v.Interface().(type) {
	case Pos:
		return
	case *Project:
		if x.Prefix != "" || x.Dir != "/project" {
			fmt.Fprintf(b, "%s = %s in %s\n", name, x.Prefix, x.Dir)
		}
		return
	case *regexp.Regexp:
		if x != nil {
			fmt.Fprintf(b, "%s = /%s/\n", name, x)
		}
		return
	case Pattern:
		fmt.Fprintf(b, "%s = %s (line %d)\n", name, x.Pattern, x.Pos.Line)
		return
	case fmt.Stringer:
		if !v.IsZero() {
			fmt.Fprintf(b, "%s = %s\n", name, x)
		}
		return
	case Mistakes:
		if len(x) > 0 {
			fmt.Fprintf(b, "warnings:\n%s\n", strings.ReplaceAll(textOf(x, "warning"), "/project/devloop.yaml:", "devloop.yaml:"))
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				continue
			}
			if short := v.FieldByName("Name"); f.Name == "Short" && short.IsValid() && short.String() == v.Field(i).String() || f.Name == "Sources" {
				continue
			}
			dumpValue(b, strings.TrimPrefix(name+"."+f.Name, "."), v.Field(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			dumpValue(b, name, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			dumpValue(b, fmt.Sprintf("%s[%d]", name, i), v.Index(i))
		}
	default:
		if !v.IsZero() {
			fmt.Fprintf(b, "%s = %#v\n", name, v.Interface())
		}
	}
}

// loadFile is Load without the files that were read.
func loadFile(path string, opt Options) (*Config, error) {
	c, _, err := Load(path, opt)
	return c, err
}

// watcherOf returns the watcher of that name, or nil.
func watcherOf(c *Config, name string) *Watcher {
	for i := range c.Watchers {
		if c.Watchers[i].Name == name {
			return &c.Watchers[i]
		}
	}
	return nil
}

// textOf prints every mistake, one after the other.
func textOf(list Mistakes, label string) string {
	texts := make([]string, len(list))
	for i := range list {
		texts[i] = list[i].Text(label)
	}
	return strings.Join(texts, "\n")
}
