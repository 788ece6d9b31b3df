package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"devloop/schema"
	"devloop/schema/preset"
	"devloop/schema/smallfile"
)

func presetsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "presets",
		Short: "List the presets that a devloop.yaml can extend",
		Long: `presets lists what a devloop.yaml can extend: your own presets (in
$DEVLOOP_PRESET_PATH, the project's .devloop/presets, and devloop/presets in your
configuration directory), by NAME, and the built-in ones, as preset:NAME.`,
		Example: "  devloop presets\n  devloop presets show rust-web\n  devloop presets show preset:rust-web > team.yaml",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			all, err := presets(a.file)
			if err != nil {
				return err
			}
			wide := 0
			for _, p := range all {
				wide = max(wide, len(p.name))
			}
			for _, p := range all {
				fmt.Fprintf(a.stdout, "%-*s  %s\n", wide, p.name, strings.TrimSpace(p.title+" "+p.from()))
			}
			return nil
		},
	}
	cmd.AddCommand(presetsShowCommand(a))
	return cmd
}

func presetsShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Print a preset",
		Example: "  devloop presets show rust-web",
		Args:    cobra.ExactArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if all, err := presets(a.file); err == nil && len(args) == 0 {
				for _, p := range all {
					names = append(names, p.name)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := findPreset(a.file, args[0])
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(p.text)
			return err
		},
	}
}

// builtIn is before the name of a built-in preset.
const builtIn = "preset:"

// listedPreset is a preset as `extends` names it.
type listedPreset struct {
	name, title, file string
	text              []byte
}

// from says where a team's preset is.
func (p listedPreset) from() string {
	if p.file == "" {
		return ""
	}
	return "(" + shorter(p.file) + ")"
}

// presets are those of the team in the order of the preset path, and the built-in ones. Of two with the
// same name the first counts.
func presets(file string) ([]listedPreset, error) {
	var all []listedPreset
	for _, dir := range presetPath(file) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // most of these directories do not exist
		}
		for _, e := range entries {
			name, ok := strings.CutSuffix(e.Name(), ".yaml")
			if !ok || e.IsDir() || slices.ContainsFunc(all, func(p listedPreset) bool { return p.name == name }) {
				continue
			}
			file := filepath.Join(dir, e.Name())
			text, err := smallfile.Read(file)
			if err != nil {
				return nil, fmt.Errorf("read preset %s: %w", name, err)
			}
			all = append(all, listedPreset{name, preset.Title(text), file, text})
		}
	}
	for _, p := range preset.All() {
		all = append(all, listedPreset{builtIn + p.Name, p.Title, "", p.Text})
	}
	return all, nil
}

// findPreset finds a preset by name, without preset: or with it.
func findPreset(file, asked string) (listedPreset, error) {
	all, err := presets(file)
	if err != nil {
		return listedPreset{}, err
	}
	for _, name := range []string{asked, builtIn + asked} {
		if i := slices.IndexFunc(all, func(p listedPreset) bool { return p.name == name }); i >= 0 {
			return all[i], nil
		}
	}
	return listedPreset{}, unknownPreset{asked, all}
}

// presetPath are the directories of a team's presets, the nearest first.
func presetPath(project string) []string {
	dirs := filepath.SplitList(os.Getenv("DEVLOOP_PRESET_PATH"))
	if project == "" {
		if here, err := os.Getwd(); err == nil {
			if project, err = schema.Find(here); err != nil {
				project = filepath.Join(here, "devloop.yaml") // which init may write
			}
		}
	}
	dirs = append(dirs, filepath.Join(filepath.Dir(project), ".devloop", "presets"))
	config := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) { // the XDG Base Directory Specification has a relative one ignored
		config = ""
		if home, err := os.UserHomeDir(); err == nil {
			config = filepath.Join(home, ".config")
		}
	}
	if config != "" {
		dirs = append(dirs, filepath.Join(config, "devloop", "presets"))
	}
	return slices.DeleteFunc(dirs, func(dir string) bool { return dir == "" })
}

// unknownPreset is a name that no preset has.
type unknownPreset struct {
	name string
	all  []listedPreset
}

func (e unknownPreset) Error() string { return fmt.Sprintf("there is no preset %q", e.name) }

func (e unknownPreset) Hint() string {
	names := make([]string, len(e.all))
	for i, p := range e.all {
		names[i] = strings.TrimPrefix(p.name, builtIn)
	}
	return "there are " + strings.Join(names, ", ")
}
