package inspect

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"devloop/orchestrator/control"
	"devloop/orchestrator/doctor"
	"devloop/orchestrator/fspoll"
	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/sockets"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// Diagnose looks for whatever could keep a loop of the project from working
// well. running is what the loop says that runs for it, nil if none does.
func Diagnose(cfg *schema.Config, g *graph.Graph, running *control.Status) []doctor.Finding {
	git := gitignore.New(cfg.Dir)
	set := watchset.New(cfg, g, git)
	var system doctor.System
	watching, need := diagnoseWatching(set, running)
	return slices.Concat(
		diagnoseFile(cfg, g),
		watching,
		diagnoseFileSystems(cfg, set),
		system.Limits(need),
		diagnoseTriggers(cfg, git),
		diagnoseSockets(cfg, running),
		[]doctor.Finding{system.ListenQueue(), diagnoseShell(cfg), diagnoseGit()},
	)
}

// diagnoseFileSystems tells what the roots are on, and what is mounted below them.
func diagnoseFileSystems(cfg *schema.Config, set *watchset.Set) []doctor.Finding {
	places, kinds := set.Roots(), map[string]string{}
	for _, m := range (fspoll.Reach{Descend: set.Descend, Want: set.Matches}).Mounts(places) {
		places, kinds[m.Path] = append(places, m.Path), cmp.Or(m.Kind, "a mounted file")
	}
	return doctor.FileSystems(places, func(path string) string { return relative(cfg.Dir, path) }, func(path string) string {
		if kind := kinds[path]; kind != "" {
			return kind // it may not answer when it is asked
		}
		return fspoll.Remote(path)
	})
}

// diagnoseFile tells what `devloop check` warns of.
func diagnoseFile(cfg *schema.Config, g *graph.Graph) []doctor.Finding {
	const about = "configuration"
	warnings := slices.Concat(cfg.Warnings, Unmatched(cfg, g))
	if len(warnings) == 0 {
		return []doctor.Finding{{Mark: doctor.OK, About: about, Text: relative(cfg.Dir, cfg.File) + " is valid"}}
	}
	var list []doctor.Finding
	for _, w := range warnings {
		list = append(list, doctor.Finding{Mark: doctor.Warn, About: about, Text: fmt.Sprintf("%s: %s", w.Pos, w.Msg), Hint: w.Hint})
	}
	return list
}

// diagnoseWatching tells what is watched, by the running loop or by a walk,
// and how much more would be needed.
func diagnoseWatching(set *watchset.Set, running *control.Status) ([]doctor.Finding, doctor.Need) {
	const about = "watching"
	if running == nil {
		dirs, files, entries := size(set)
		f := doctor.Finding{Mark: doctor.OK, About: about, Text: fmt.Sprintf("a loop would watch %s for %s; none is running",
			counted(dirs, "directory", "directories"), counted(files, "file", "files"))}
		return []doctor.Finding{f}, doctor.Need{Directories: dirs, Entries: entries, Watchers: 2}
	}
	loop := fmt.Sprintf("the loop of pid %d", running.PID)
	w := running.Watching
	if w == nil {
		return []doctor.Finding{{Mark: doctor.Note, About: about, Text: loop + " watches nothing: it was started with --no-watch"}}, doctor.Need{}
	}
	var list []doctor.Finding
	if w.Directories > 0 || w.Polled == 0 {
		list = append(list, doctor.Finding{Mark: doctor.OK, About: about, Text: fmt.Sprintf("%s watches %s; events so far: %d",
			loop, counted(w.Directories, "directory", "directories"), w.Events)})
	}
	if w.Polled > 0 {
		list = append(list, doctor.Finding{Mark: doctor.Note, About: about, Text: fmt.Sprintf("%s polls %s: everything every %s, recently changed files far more often",
			loop, counted(w.Polled, "directory", "directories"), w.Interval.Round(100*time.Millisecond))})
	}
	if w.Unwatched > 0 {
		list = append(list, doctor.Finding{Mark: doctor.Warn, About: about,
			Text: fmt.Sprintf("%s cannot watch %s", loop, counted(w.Unwatched, "directory", "directories")),
			Hint: "if a limit below is reached, raise it and start devloop again; else it is a matter of permissions, which the loop has named on its screen"})
	}
	if w.Overflows > 0 {
		list = append(list, doctor.Finding{Mark: doctor.Note, About: about,
			Text: fmt.Sprintf("the kernel's queue overflowed %d times; each time everything was scanned again, so nothing is lost", w.Overflows)})
	}
	return list, doctor.Need{Directories: w.Unwatched}
}

// size walks what a loop would watch: the directories, the files in them that
// matter, and all that is in them.
func size(set *watchset.Set) (dirs, files, entries int) {
	seen := map[string]bool{} // directories: roots may overlap
	for _, root := range set.Roots() {
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil && (d == nil || d.IsDir()):
				return filepath.SkipDir
			case err != nil:
			case d.IsDir():
				entries++
				if seen[path] || path != root && !set.Descend(path) {
					return filepath.SkipDir
				}
				seen[path] = true
			case path != root:
				entries++
				if set.Wants(path) {
					files++
				}
			case path == root: // a file that a pattern names: its directory is watched
				if dir := filepath.Dir(path); !seen[dir] {
					seen[dir] = true
				}
				files++
				entries++
			}
			return nil
		})
	}
	return len(seen), files, entries
}

// diagnoseTriggers looks whether git would take a trigger for a source.
func diagnoseTriggers(cfg *schema.Config, git *gitignore.Matcher) []doctor.Finding {
	if _, err := os.Stat(filepath.Join(git.Top(), ".git")); err != nil {
		return nil // no repository
	}
	var list []doctor.Finding
	for i := range cfg.Watchers {
		for _, t := range cfg.Watchers[i].Triggers {
			f := doctor.Finding{Mark: doctor.OK, About: "trigger", Text: t.Text + " is ignored by git"}
			if !git.Ignored(t.Abs, false) {
				f.Mark, f.Text = doctor.Warn, t.Text+" is not ignored by git, so it may be committed"
				f.Hint = fmt.Sprintf("echo '%s' >> %s", "/"+relative(git.Top(), t.Abs), filepath.Join(git.Top(), ".gitignore"))
			}
			list = append(list, f)
		}
	}
	return list
}

// diagnoseSockets looks whether every port can be bound, by binding it for a
// moment, unless the running loop holds it.
func diagnoseSockets(cfg *schema.Config, running *control.Status) []doctor.Finding {
	var list []doctor.Finding
	all := slices.Clone(cfg.Sockets)
	if cfg.Dashboard != nil {
		all = append(all, schema.Socket{Listen: *cfg.Dashboard})
	}
	for i := range all {
		s := &all[i]
		if s.Listen.Type == schema.Unix {
			continue // trying would replace a stale file
		}
		f := doctor.Finding{Mark: doctor.OK, About: "socket " + s.Name}
		if s.Name == "" {
			f.About = "dashboard"
		}
		if at := heldAt(running, s.Name); at != "" {
			f.Text = fmt.Sprintf("%s is held by the running loop", at)
			list = append(list, f)
			continue
		}
		held, err := listenfd.Open(sockets.Spec(s))
		var hinted interface{ Hint() string }
		switch {
		case errors.Is(err, listenfd.ErrUnsupported):
			f.Mark, f.Text = doctor.Note, err.Error()
		case err != nil:
			f.Mark, f.Text = doctor.Warn, err.Error()
			if errors.As(err, &hinted) {
				f.Hint = hinted.Hint()
			}
		case s.Listen.Port == 0:
			f.Text = "any free port"
		default:
			f.Text = s.Listen.Addr() + " is free"
		}
		if held != nil {
			if err := held.Close(); err != nil {
				f.Mark, f.Text = doctor.Warn, err.Error()
			}
		}
		list = append(list, f)
	}
	return list
}

// heldAt is where the running loop holds a socket, or without a name, the dashboard; "": nowhere.
func heldAt(running *control.Status, socket string) string {
	if running == nil {
		return ""
	}
	if socket == "" {
		return running.Dashboard
	}
	for _, s := range running.Sockets {
		if s.Name == socket {
			return s.Address
		}
	}
	return ""
}

func diagnoseShell(cfg *schema.Config) doctor.Finding {
	name := cfg.Shell.Argv[0]
	return doctor.Program("shell", name, doctor.Finding{Mark: doctor.Warn, Text: name + " is not found; commands that need a shell are run by it",
		Hint: "set another one as `shell` in devloop.yaml"})
}

func diagnoseGit() doctor.Finding {
	return doctor.Program("git", "git", doctor.Finding{Mark: doctor.Note, Text: "not found; .gitignore files are followed anyway"})
}
