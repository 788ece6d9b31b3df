package schema

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// maxFile is the largest file that is read, in bytes. No person writes a
// megabyte of YAML.
const maxFile = 1 << 20

// Options is what a load takes from the machine. The zero value is the machine
// itself.
type Options struct {
	LookupEnv func(name string) (string, bool)       // nil: os.LookupEnv
	Stat      func(path string) (fs.FileInfo, error) // nil: os.Stat; asked for directories and triggers
	CPUs      int                                    // 0: runtime.NumCPU, the default of `jobs`
}

func (o Options) withDefaults() Options {
	if o.LookupEnv == nil {
		o.LookupEnv = os.LookupEnv
	}
	if o.Stat == nil {
		o.Stat = os.Stat
	}
	if o.CPUs == 0 {
		o.CPUs = runtime.NumCPU()
	}
	return o
}

// Load reads and checks one devloop.yaml. The error is a Mistakes if the file
// was read; positions then name the file as path does. Nothing but the file
// (and what opt says) is looked at: whether a pattern matches anything today is
// for the caller, who walks the tree anyway.
func Load(path string, opt Options) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return Parse(path, src, opt)
}

// Parse is Load for text that is at hand; file is its path, whether or not it
// is there. On an error the Config is nil.
func Parse(file string, src []byte, opt Options) (*Config, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("find the directory of %s: %w", file, err)
	}
	if len(src) > maxFile {
		return nil, Mistakes{{Pos: Pos{File: file, Line: 1, Col: 1}, Msg: "a file of more than 1 MiB"}}
	}
	text, src, bad := readSource(file, src)
	if bad != nil {
		return nil, Mistakes{*bad}
	}
	d := &decoder{
		opt:     opt.withDefaults(),
		dir:     filepath.Dir(path),
		sources: map[string]*source{file: text},
	}
	if root := d.tree(text, src); root != nil {
		if c := d.config(path, root); len(d.mistakes) == 0 {
			c.Warnings = d.warnings.sorted()
			return c, nil
		}
	}
	if len(d.mistakes) == 0 { // a tree that is nil has said why
		return nil, errors.New("read configuration: no value")
	}
	return nil, d.mistakes.sorted()
}

// tree parses the text, and returns nil if there is nothing to decode.
func (d *decoder) tree(s *source, text []byte) *node {
	doc := parseYAML(s, text, &d.mistakes)
	if doc == nil || len(doc.Content) == 0 {
		if len(d.mistakes) == 0 {
			d.empty(Pos{File: s.file, Line: 1, Col: 1})
		}
		return nil
	}
	b := newBuilder(s, &d.mistakes)
	root := b.build(doc.Content[0])
	switch {
	case root == nil || b.burst:
		return nil
	case root.null():
		d.empty(root.pos)
		return nil
	case root.kind != mapping:
		hint := "begin with `watchers:` or `processes:`"
		if h := root.misread(); h != "" && root.kind == scalar {
			hint = h
		}
		d.mistake(root.pos, "a devloop.yaml is a mapping of keys, not "+root.what(), hint)
		return nil
	}
	return root
}

func (d *decoder) empty(pos Pos) {
	d.mistake(pos, "the file is empty", "begin with `watchers:` or `processes:`, such as `processes: {server: {run: ./server}}`")
}

// config decodes the tree, and checks what no single value can tell.
func (d *decoder) config(path string, root *node) *Config {
	c := &Config{
		File: path, Dir: d.dir, Name: filepath.Base(d.dir), Jobs: d.opt.CPUs,
		Shell: Shell{Argv: slices.Clone(defaultShell), Default: true},
	}
	d.vars = newVars(d, root.get("vars"))
	topKeys.read(d, root, c, "the file", root.pos)
	d.check(c, root)
	return c
}
