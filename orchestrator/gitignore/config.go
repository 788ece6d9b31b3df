package gitignore

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"devloop/schema/smallfile"
)

// settings is what matching needs of git's configuration.
type settings struct {
	excludesFile string // core.excludesFile, "~" expanded; may be relative to the top of the work tree
	ignoreCase   bool   // core.ignoreCase
	hashSize     int    // of extensions.objectFormat, in bytes
	files        []string
}

// maxIncludes is how deep include.path may nest, as in git.
const maxIncludes = 10

// readConfig reads git's configuration files, weakest first (git-config(1), FILES): system, the user's two, the
// repository's, the work tree's, the environment. What only git itself can tell (a --system path compiled in
// elsewhere, includeIf conditions on remotes) is left out.
func readConfig(r *repository) settings {
	s := settings{excludesFile: filepath.Join(configHome(), "git", "ignore"), hashSize: 20}
	worktree := false
	read := func(file string) {
		if file != "" {
			s.readFile(file, r, 0, &worktree)
		}
	}
	if noSystem, _ := parseBool(os.Getenv("GIT_CONFIG_NOSYSTEM")); !noSystem {
		if file, ok := os.LookupEnv("GIT_CONFIG_SYSTEM"); ok {
			read(file)
		} else {
			for _, file := range systemConfigs() {
				read(file)
			}
		}
	}
	if file, ok := os.LookupEnv("GIT_CONFIG_GLOBAL"); ok {
		read(file)
	} else {
		read(filepath.Join(configHome(), "git", "config"))
		if home := homeDir(); home != "" {
			read(filepath.Join(home, ".gitconfig"))
		}
	}
	read(filepath.Join(r.common, "config"))
	if worktree {
		read(filepath.Join(r.gitDir, "config.worktree"))
	}
	count, _ := strconv.Atoi(os.Getenv("GIT_CONFIG_COUNT"))
	for i := range count {
		n := strconv.Itoa(i)
		s.set(strings.ToLower(os.Getenv("GIT_CONFIG_KEY_"+n)), os.Getenv("GIT_CONFIG_VALUE_"+n), true)
	}
	return s
}

// systemConfigs lists where git's packages keep the system's configuration: the path is compiled into git.
func systemConfigs() []string {
	switch runtime.GOOS {
	case "windows":
		return []string{
			filepath.Join(os.Getenv("PROGRAMDATA"), "Git", "config"),
			filepath.Join(os.Getenv("ProgramFiles"), "Git", "etc", "gitconfig"),
		}
	case "darwin":
		return []string{
			"/Library/Developer/CommandLineTools/usr/share/git-core/gitconfig",
			"/Applications/Xcode.app/Contents/Developer/usr/share/git-core/gitconfig",
			"/usr/local/etc/gitconfig", "/opt/homebrew/etc/gitconfig", "/etc/gitconfig",
		}
	case "freebsd":
		return []string{"/usr/local/etc/gitconfig"}
	}
	return []string{"/etc/gitconfig"}
}

func (s *settings) readFile(file string, r *repository, depth int, worktree *bool) {
	if depth > maxIncludes {
		return
	}
	s.files = append(s.files, file)
	text, err := smallfile.Read(file)
	if err != nil {
		return
	}
	parseConfig(string(text), func(key, value string, hasValue bool) {
		section, _, _ := strings.Cut(key, ".")
		switch {
		case key == "include.path" || section == "includeif" && strings.HasSuffix(key, ".path") && included(key, file, r):
			s.readFile(resolve(filepath.Dir(file), expandHome(value)), r, depth+1, worktree)
		case key == "extensions.worktreeconfig":
			*worktree, _ = parseBool(value)
			*worktree = *worktree || !hasValue
		default:
			s.set(key, value, hasValue)
		}
	})
}

func (s *settings) set(key, value string, hasValue bool) {
	switch key {
	case "core.excludesfile":
		s.excludesFile = expandHome(value)
	case "extensions.objectformat":
		if strings.EqualFold(value, "sha256") {
			s.hashSize = 32
		}
	case "core.ignorecase":
		if on, ok := parseBool(value); ok || !hasValue {
			s.ignoreCase = on || !hasValue
		}
	}
}

// included says whether an includeIf section's condition holds: gitdir:, gitdir/i: and onbranch:.
func included(key, file string, r *repository) bool {
	condition := strings.TrimSuffix(strings.TrimPrefix(key, "includeif."), ".path")
	kind, pattern, ok := strings.Cut(condition, ":")
	if !ok {
		return false
	}
	switch kind {
	case "gitdir", "gitdir/i":
		pattern = filepath.ToSlash(expandHome(pattern))
		switch {
		case strings.HasPrefix(pattern, "./"):
			pattern = slashDir(filepath.Dir(file)) + pattern[2:]
		case !filepath.IsAbs(filepath.FromSlash(pattern)):
			pattern = "**/" + pattern
		}
		if strings.HasSuffix(pattern, "/") {
			pattern += "**"
		}
		g := compile(pattern, 0, true, kind == "gitdir/i")
		real, err := filepath.EvalSymlinks(r.gitDir)
		return g.match(filepath.ToSlash(r.gitDir)) || err == nil && g.match(filepath.ToSlash(real))
	case "onbranch":
		head, err := smallfile.Read(filepath.Join(r.gitDir, "HEAD"))
		branch, ok := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: refs/heads/")
		if err != nil || !ok {
			return false
		}
		if strings.HasSuffix(pattern, "/") {
			pattern += "**"
		}
		g := compile(pattern, 0, true, false)
		return g.match(branch)
	}
	return false
}

// expandHome expands "~/"; "~user/" is left as it is.
func expandHome(path string) string {
	if home := homeDir(); home != "" && (path == "~" || strings.HasPrefix(path, "~/")) {
		return home + path[1:]
	}
	return path
}

func homeDir() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return home
}

// configHome is $XDG_CONFIG_HOME, or its default, on every system: git asks no other.
func configHome() string {
	if dir := os.Getenv("XDG_CONFIG_HOME"); dir != "" {
		return dir
	}
	return filepath.Join(homeDir(), ".config")
}
