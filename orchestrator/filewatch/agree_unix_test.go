//go:build linux || darwin || freebsd

package filewatch

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/fspoll"
	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/inspect"
	"devloop/orchestrator/test/testenv"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// TestExplainAndTheWatchAgree makes small projects at random, with all that may
// keep a file out (ignore rules of every kind, names that mean something to
// somebody, links, other checkouts), writes every file while they are watched,
// and asks of every name of every file: does `devloop explain` say of each node
// what happened?
func TestExplainAndTheWatchAgree(t *testing.T) {
	for _, polled := range []bool{false, true} {
		for seed := range uint64(testenv.Either(6, 25)) {
			t.Run(fmt.Sprintf("polled=%v/%d", polled, seed), func(t *testing.T) {
				t.Parallel()
				p := newAgreement(t, rand.New(rand.NewPCG(seed, 7)))
				p.watch(polled)
				p.compare()
			})
		}
	}
}

type agreement struct {
	*testing.T
	rnd     *rand.Rand
	dir     string
	cfg     *schema.Config
	graph   *graph.Graph
	set     *watchset.Set
	git     *gitignore.Matcher
	watcher *watcher
}

func newAgreement(t *testing.T, rnd *rand.Rand) *agreement {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := &agreement{T: t, rnd: rnd, dir: filepath.Join(dir, "p")}
	p.repository(p.dir)
	p.fill(p.dir, 3)
	p.fill(filepath.Join(dir, "out"), 2)
	for _, target := range []string{"../out", "src", "a/b", "..", "/proc/self", "/dev/null", "/dev/fd", "a/f.go", "../out/g.txt"} {
		if p.rnd.IntN(2) == 0 {
			continue
		}
		link := filepath.Join(p.pick(p.dir, "a", "src", "gen"), fmt.Sprintf("l%d", p.rnd.IntN(4)))
		p.must(os.MkdirAll(filepath.Dir(link), 0o777))
		if !filepath.IsAbs(target) {
			target = filepath.Join(p.dir, target)
		}
		_ = os.Symlink(target, link) // the name may be taken
	}
	var text strings.Builder
	text.WriteString("version: 1\n")
	if p.rnd.IntN(3) == 0 {
		fmt.Fprintf(&text, "ignore: [%q]\n", p.pattern())
	}
	text.WriteString("watchers:\n")
	for i := range 3 {
		one, other := p.pattern(), p.pattern()
		for i == 2 && (one == trigger || other == trigger) { // it would watch its own
			one, other = p.pattern(), p.pattern()
		}
		fmt.Fprintf(&text, "  w%d:\n    watch: [%q, %q]\n    stages: [x]\n    gitignore: %v\n", i, one, other, p.rnd.IntN(4) > 0)
		if p.rnd.IntN(2) == 0 {
			fmt.Fprintf(&text, "    ignore: [%q]\n", p.pattern())
		}
	}
	fmt.Fprintf(&text, "    trigger: %s\n", trigger)
	p.write(filepath.Join(p.dir, "devloop.yaml"), text.String())
	if p.cfg, _, err = schema.Load(filepath.Join(p.dir, "devloop.yaml"), schema.Options{}); err != nil {
		t.Fatalf("%v\n%s", err, &text)
	}
	var mistakes schema.Mistakes
	if p.graph, mistakes = graph.New(p.cfg); len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	p.git = gitignore.New(p.dir)
	p.set = watchset.New(p.cfg, p.graph, p.git)
	return p
}

func (p *agreement) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *agreement) write(path, text string) {
	p.must(os.MkdirAll(filepath.Dir(path), 0o777))
	p.must(os.WriteFile(path, []byte(text), 0o666))
}

// repository makes what git takes for one.
func (p *agreement) repository(dir string) {
	p.write(filepath.Join(dir, ".git", "HEAD"), "ref: refs/heads/main\n")
	for _, name := range []string{"objects", "refs", "worktrees/other", "modules/other"} {
		p.must(os.MkdirAll(filepath.Join(dir, ".git", name), 0o777))
	}
	for _, name := range []string{"worktrees/other", "modules/other"} {
		p.write(filepath.Join(dir, ".git", name, "HEAD"), "ref: refs/heads/other\n")
	}
	p.write(filepath.Join(dir, ".git/worktrees/other/commondir"), "../..\n")
	for _, name := range []string{"objects", "refs"} {
		p.must(os.MkdirAll(filepath.Join(dir, ".git/modules/other", name), 0o777))
	}
}

var (
	dirNames  = []string{"a", "b", "src", "gen", "4913", "x~", ".#d", "#e#", ".f.swp", ".kept"}
	fileNames = []string{"f.go", "g.txt", "keep.log", "x~", "4913", ".#x", ".a.swp", ".x.kate-swp", ".hidden"}
	gitRules  = []string{"gen/", "*.log", "!keep.log", "/a", "b/*.txt", "x~", "!gen/", "src/**/b", ".*", "f.go"}
	patterns  = []string{".", "**", "**/*.go", "src", "a/**", "gen", "gen/b", "a/b/f.go", "*/f.go", "b/**/x*", "l?/**", "a/l1", "../out", "**/.*", "{a,src}/*", "**/4913/**", "src/g.txt"}
)

const trigger = "src/g.txt"

func (p *agreement) pattern() string { return patterns[p.rnd.IntN(len(patterns))] }

// pick is the directory itself, or one of these in it.
func (p *agreement) pick(dir string, names ...string) string {
	if i := p.rnd.IntN(len(names) + 1); i < len(names) {
		return filepath.Join(dir, names[i])
	}
	return dir
}

func (p *agreement) fill(dir string, depth int) {
	for range 3 {
		p.write(filepath.Join(dir, fileNames[p.rnd.IntN(len(fileNames))]), "before")
	}
	if p.rnd.IntN(3) == 0 {
		p.write(filepath.Join(dir, ".gitignore"), gitRules[p.rnd.IntN(len(gitRules))]+"\n"+gitRules[p.rnd.IntN(len(gitRules))]+"\n")
	}
	if depth < 3 {
		switch p.rnd.IntN(12) {
		case 0:
			p.write(filepath.Join(dir, ".git"), "gitdir: "+filepath.Join(p.dir, ".git/worktrees/other")+"\n")
		case 1:
			p.write(filepath.Join(dir, ".git"), "gitdir: "+filepath.Join(p.dir, ".git/modules/other")+"\n")
		}
	}
	for range depth {
		sub := filepath.Join(dir, dirNames[p.rnd.IntN(len(dirNames))])
		if info, err := os.Lstat(sub); err == nil && !info.IsDir() {
			continue // a file has the name
		}
		p.must(os.MkdirAll(sub, 0o777))
		p.fill(sub, depth-1)
	}
}

// names lists every file with every name that it has through at most two links
// to directories, and the real files.
func (p *agreement) names(dir string, links int, found func(name string)) {
	entries, err := os.ReadDir(dir)
	p.must(err)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		switch {
		case err != nil:
		case e.Name() == ".git" || watchset.LeafLink(path):
		case !info.IsDir():
			if info.Mode().IsRegular() {
				found(path)
			}
		case e.Type()&fs.ModeSymlink == 0:
			p.names(path, links, found)
		case links > 0:
			p.names(path, links-1, found)
		}
	}
}

func (p *agreement) watch(polled bool) {
	p.watcher = newWatcher(nil)
	var poll *time.Duration
	if polled {
		poll = new(time.Duration)
		*poll = time.Hour
	}
	a := area{rootsOf(p.set, p.git), fspoll.Reach{Descend: p.set.Descend, Want: p.set.Matches}}
	how := ways{polled: a.roots}
	if !polled {
		how = a.ways()
	}
	_, err := p.watcher.begin(a, poll, how)
	p.must(err)
	p.Cleanup(func() { p.must(p.watcher.close()) })
	for _, ready := range p.watcher.ready() {
		<-ready
	}
}

func (p *agreement) compare() {
	var all []string
	outside := filepath.Dir(p.dir)
	for _, dir := range []string{p.dir, filepath.Join(outside, "out")} {
		p.names(dir, 2, func(name string) { all = append(all, name) })
	}
	for _, name := range all {
		if real, err := filepath.EvalSymlinks(name); err == nil && real == name && filepath.Base(name) != "devloop.yaml" && filepath.Base(name) != ".gitignore" {
			f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
			p.must(err)
			_, err = f.WriteString(", and after")
			p.must(err)
			p.must(f.Close())
		}
	}
	seen := map[string][]int{}
	passed := false
	p.watcher.sync(func() { passed = true })
	for !passed {
		select {
		case <-p.watcher.wake():
		case <-p.watcher.pollWake():
		}
		b := p.watcher.take()
		for _, f := range b.files {
			seen[f.path] = p.set.Wakes(f.path)
		}
		for _, then := range b.passed {
			then()
		}
	}
	told, err := inspect.Explain(p.cfg, p.graph, all)
	p.must(err)
	for _, e := range told {
		if base := filepath.Base(e.Abs); base == "devloop.yaml" || base == ".gitignore" {
			continue
		}
		for i, n := range e.Nodes {
			if woken := slices.Contains(seen[e.Abs], i); woken != n.Wakes {
				text, _ := os.ReadFile(p.cfg.File)
				p.Errorf("%s wakes %s: %v, and explain says %v (%+v)\n%s", e.Path, n.Node, woken, n.Wakes, n, text)
			}
		}
	}
	for _, link := range []string{"l0", "l1", "l2", "l3"} {
		for _, in := range []string{"", "a", "src"} {
			path := filepath.Join(p.dir, in, link)
			if watchset.LeafLink(path) {
				if told, _ := inspect.Explain(p.cfg, p.graph, []string{filepath.Join(path, "status")}); slices.ContainsFunc(told[0].Nodes, func(v inspect.NodeVerdict) bool { return v.Wakes }) {
					p.Errorf("%s: explain looks behind a link to a leaf", path)
				}
			}
		}
	}
}
