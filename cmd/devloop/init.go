package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"devloop/cmd/devloop/starter"
	"devloop/orchestrator/graph"
	"devloop/schema"
	"devloop/schema/jsonschema"
	"devloop/schema/preset"
	"devloop/schema/smallfile"
)

// schemaCopy is where init puts the schema, and what the first line of the file
// names.
const schemaCopy = ".devloop/devloop.schema.json"

func initCommand(a *app) *cobra.Command {
	var name, from, editor string
	var try, yes bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Detect the project in this directory and write its devloop.yaml",
		Long: `init detects the project in this directory, writes a devloop.yaml for it and the JSON
schema for editors, and adds the trigger to .gitignore. It never overwrites a file.
With --from it translates the file of another tool (.air.toml, modd.conf, bacon.toml,
a Procfile, process-compose.yaml or a compose file) and lists, line by line, what has
no counterpart.
On a terminal it asks where there is a choice, shows what it would write, and writes it
when you say so; with --yes, and without a terminal, it asks nothing.
With --try it then runs the loop once, in a child: it waits for the first page, saves one
source (a blank line at its end, which it takes back), says how long both took and what
failed, and ends the loop. A devloop.yaml that is there already is only tried. Exit code 1
if no page came, or the save did not get there.
With --editor vscode it also writes .vscode/tasks.json, whose background task fills the
Problems view from the running loop; where a devloop.yaml is there, only that.`,
		Example: "  devloop init\n  devloop init --preset rust-web\n  devloop init --from .air.toml\n  devloop init --try",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if name != "" && from != "" {
				return usageError{errors.New("use either --preset or --from, not both"), "devloop init"}
			}
			if editor != "" && (a.isThere() || !slices.Contains(editors, editor)) {
				return writeEditor(a, editor)
			}
			if try && name == "" && from == "" && a.isThere() {
				return tryProject(a)
			}
			wrote, err := initProject(a, name, from, yes, try)
			if err == nil && wrote && editor != "" {
				err = writeEditor(a, editor)
			}
			if err != nil || !wrote || !try {
				return err
			}
			return tryProject(a)
		},
	}
	cmd.Flags().StringVar(&name, "preset", "", "extend the preset `NAME`, whatever the project looks like")
	cmd.Flags().StringVar(&from, "from", "", "translate the `FILE` of another tool")
	cmd.Flags().StringVar(&editor, "editor", "", "also let an `EDITOR` show the loop's problems: vscode")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "ask nothing: take what is likeliest, and write it")
	cmd.Flags().BoolVar(&try, "try", false, "run the loop once: first page, one save, and say what came of it")
	return cmd
}

// isThere tells whether the file that init would write is there.
func (a *app) isThere() bool {
	file := a.file
	if file == "" {
		file = "devloop.yaml"
	}
	_, err := os.Stat(file)
	return err == nil
}

// initProject writes the files. It reports whether it has: on a terminal people may
// say no. trying is whether the file will be tried.
func initProject(a *app, presetName, from string, yes, trying bool) (wrote bool, err error) {
	file := a.file
	if file == "" {
		file = "devloop.yaml"
	}
	if _, err := os.Lstat(file); err == nil {
		return false, fileThere{file}
	}
	dir := filepath.Dir(file)
	ask := newAsker(a, yes)
	draft, err := draftFor(dir, a.file, presetName, from, ask)
	if err != nil {
		return false, err
	}
	copied, err := jsonschema.Generate()
	if err != nil {
		return false, fmt.Errorf("write the schema: %w", err)
	}
	ext := filepath.Ext(file)
	personal := strings.TrimSuffix(filepath.Base(file), ext) + ".local" + ext
	text := withSchema(".", draft.Config)
	// Only what loads is written, except a translation: it may need work, and says where.
	cfg, loads := tryLoad(file, text, draft.Others)
	if from == "" && unfit(file, draft.Others, loads) {
		return false, unfitDraft{loads}
	}
	if ask != nil {
		printPlan(foldedTo(a.stdout, a.screen), file, from, &draft)
		if !ask.yes("Write this?") {
			fmt.Fprintln(a.stdout, "nothing is written")
			return false, nil
		}
	}
	if err := create(file, text); err != nil {
		return false, err
	}
	fmt.Fprintf(a.stdout, "wrote %s\n", file)
	for _, other := range draft.Others {
		at := filepath.Join(dir, filepath.FromSlash(other.Dir), "devloop.yaml")
		if err := create(at, withSchema(other.Dir, other.Config)); err != nil {
			return true, err
		}
		fmt.Fprintf(a.stdout, "wrote %s\n", at)
	}
	for _, f := range []struct {
		path string
		make func(path string) error
	}{
		{filepath.Join(dir, filepath.FromSlash(schemaCopy)), func(path string) error { return create(path, copied) }},
		{filepath.Join(dir, ".gitignore"), func(path string) error { return ignoreAlso(path, append(draft.Ignore, "/"+personal)) }},
	} {
		switch err := f.make(f.path); {
		case errors.Is(err, errNothingToDo) || errors.As(err, new(fileThere)):
		case err != nil:
			return true, runError{err}
		default:
			fmt.Fprintf(a.stdout, "wrote %s\n", f.path)
		}
	}
	if ask == nil {
		printNotes(foldedTo(a.stdout, a.screen), from, &draft)
	}
	if loads != nil {
		return true, loads
	}
	printNext(foldedTo(a.stdout, a.screen), file, cfg, trying)
	return true, nil
}

// withSchema is a configuration with a first line for editors; its directory is dir, below the schema's.
func withSchema(dir string, config []byte) []byte {
	up := "./"
	if dir != "." {
		up = strings.Repeat("../", 1+strings.Count(dir, "/"))
	}
	return append([]byte("# yaml-language-server: $schema="+up+schemaCopy+"\n"), config...)
}

// tryLoad loads text as if it were file, and others below it, up to its graph.
func tryLoad(file string, text []byte, others []starter.File) (*schema.Config, error) {
	drafted := map[string]starter.File{}
	for _, other := range others {
		if at, err := filepath.Abs(filepath.Join(filepath.Dir(file), filepath.FromSlash(other.Dir), "devloop.yaml")); err == nil {
			drafted[at] = other
		}
	}
	cfg, err := schema.Parse(file, text, schema.Options{
		Presets: preset.FS(),
		ReadFile: func(name string) ([]byte, error) {
			if other, ok := drafted[name]; ok {
				return withSchema(other.Dir, other.Config), nil
			}
			return smallfile.Read(name)
		},
		Stat: func(name string) (fs.FileInfo, error) {
			if _, ok := drafted[name]; ok { // it will be a file, as what is there is
				return anyFile(filepath.Dir(name))
			}
			return os.Stat(name)
		},
	})
	if err != nil {
		return nil, err
	}
	if _, mistakes := graph.New(cfg); len(mistakes) > 0 {
		return nil, schema.Quoted(mistakes)
	}
	return cfg, nil
}

// anyFile is a file of a directory.
func anyFile(dir string) (fs.FileInfo, error) {
	all, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		if e.Type().IsRegular() {
			return e.Info()
		}
	}
	return nil, fs.ErrNotExist
}

// unfit tells whether the reason why a file does not load is in itself, or in one that was drafted with it,
// and not in another one that it leads to.
func unfit(file string, others []starter.File, err error) bool {
	var mistakes schema.Mistakes
	if !errors.As(err, &mistakes) {
		return err != nil
	}
	return slices.ContainsFunc(mistakes, func(m schema.Mistake) bool {
		return m.Pos.File == file || slices.ContainsFunc(others, func(other starter.File) bool {
			return strings.HasSuffix(filepath.ToSlash(m.Pos.File), path.Join(other.Dir, "devloop.yaml"))
		})
	})
}

// placeOf is a directory for starter, with the directories above it. If its name from the root cannot be
// used, such as one that is not UTF-8, it has none above.
func placeOf(dir string) starter.Place {
	alone := starter.Place{Top: os.DirFS(dir), Dir: ".", Base: dir}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return alone
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return alone
	}
	top := filepath.VolumeName(abs) + string(filepath.Separator)
	inTop, err := filepath.Rel(top, abs)
	if err != nil || !fs.ValidPath(filepath.ToSlash(inTop)) {
		return alone
	}
	return starter.Place{Top: os.DirFS(top), Dir: filepath.ToSlash(inTop), Base: abs}
}

// draft is what init would write.
func draftFor(dir, file, presetName, from string, ask *asker) (starter.Draft, error) {
	switch {
	case presetName != "":
		p, err := findPreset(file, presetName)
		if err != nil {
			return starter.Draft{}, err
		}
		return starter.Extend(p.name), nil
	case from != "":
		text, err := smallfile.Read(from)
		if err != nil {
			return starter.Draft{}, fmt.Errorf("translate %s: %w", from, err)
		}
		return starter.From(from, text)
	}
	at := placeOf(dir)
	draft, err := starter.Look(at, starter.Tools{Cargo: cargoMetadata(at.Base), Choose: ask.chooser()})
	var nothing *starter.NothingError
	if errors.As(err, &nothing) {
		return draft, nothingHere{nothing.Below}
	}
	return draft, err
}

// create writes a new file, and its directory.
func create(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return notWritten("write", path, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fileThere{path}
	}
	if err != nil {
		return notWritten("write", path, err)
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// notWritten is why a file could not be written, and whose directory it is.
func notWritten(verb, path string, err error) error {
	failed := fmt.Errorf("%s %s: %w", verb, path, cause(err))
	where := filepath.Dir(path)
	if abs, err := filepath.Abs(where); err == nil {
		where = abs
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return runError{advised{failed, "you may not write there: `ls -ld " + where + "` says who may; `sudo chown -R $(id -u) " + where + "` makes it yours"}}
	case errors.Is(err, syscall.EROFS):
		return runError{advised{failed, "the file system of " + where + " is mounted read-only: work on a copy that can be written, or mount it for writing"}}
	}
	return runError{failed}
}

var errNothingToDo = errors.New("nothing to do")

// ignoreAlso adds the lines that a .gitignore does not have.
func ignoreAlso(path string, lines []string) error {
	text, err := smallfile.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("add to %s: %w", path, err)
	}
	has := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		has[strings.Trim(strings.TrimSpace(line), "/")] = true
	}
	add := ""
	for _, line := range lines {
		if !has[strings.Trim(line, "/")] {
			add += line + "\n"
		}
	}
	if add == "" {
		return errNothingToDo
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		add = "\n" + add
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return notWritten("add to", path, err)
	}
	_, err = f.WriteString(add)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("add to %s: %w", path, err)
	}
	return nil
}

// fileThere is a file that init would overwrite.
type fileThere struct{ path string }

func (e fileThere) Error() string {
	return e.path + " exists already, and init never overwrites a file"
}
func (e fileThere) Hint() string {
	return "`devloop` runs it, `devloop init --try` tries it; to have another written, use -f or move this one away"
}

// unfitDraft is a draft that does not load: devloop's mistake, not the project's.
type unfitDraft struct{ error }

func (e unfitDraft) Error() string {
	return "the file that init would write here has mistakes, so nothing is written: " + e.error.Error()
}

func (e unfitDraft) Hint() string {
	return "start from a preset and adapt it: `devloop init --preset NAME`; `devloop presets` lists them"
}

// nothingHere is a directory in which init recognises nothing.
type nothingHere struct{ below []string }

func (nothingHere) Error() string {
	return "no project type recognised here"
}

func (e nothingHere) Hint() string {
	if len(e.below) == 0 {
		return "start from a preset: `devloop init --preset NAME`; `devloop presets` lists them"
	}
	const most = 4
	shown := e.below[:min(most, len(e.below))]
	more := ""
	if n := len(e.below) - len(shown); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("there are projects in %s%s: run `devloop init` in each, and write a devloop.yaml here that lists them: `include: [%s]`",
		strings.Join(shown, ", "), more, strings.Join(shown, ", "))
}
