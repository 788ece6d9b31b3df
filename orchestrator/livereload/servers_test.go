package livereload_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"devloop/orchestrator/test/browsertest"
	"devloop/orchestrator/test/looptest"
	"devloop/orchestrator/test/testenv"
)

// A project is one of testdata/servers: a server behind devloop whose source is app.*. The comment of the archive says
// what it needs, from which example its npm packages are, and how a comment begins in the source.
type project struct {
	dir, port, source, comment string
}

// open makes a project in a directory of its own.
func open(t *testing.T, archive string) *project {
	t.Helper()
	a, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	p := &project{dir: t.TempDir(), port: testenv.FreePort()}
	fill := strings.NewReplacer("http::PORT", "http::"+p.port, "API", testenv.FreePort())
	for _, f := range a.Files {
		p.write(t, f.Name, fill.Replace(string(f.Data)))
		if strings.HasPrefix(f.Name, "app.") {
			p.source = f.Name
		}
	}
	for line := range strings.Lines(string(a.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "needs":
			for _, need := range strings.Fields(value) {
				if module, ok := strings.CutPrefix(need, "python:"); ok {
					testenv.Need(t, need, exec.Command(testenv.Program(t, "python3"), "-c", "import "+module).Run() == nil)
				} else {
					testenv.Program(t, need)
				}
			}
		case "comment":
			p.comment = value
		case "packages":
			for _, name := range []string{"package.json", "package-lock.json"} {
				text, err := os.ReadFile(filepath.Join("../../examples", value, name))
				if err != nil {
					t.Fatal(err)
				}
				p.write(t, name, string(text))
			}
			looptest.Fetch(t, p.dir, "npm", "ci", "--no-audit", "--no-fund")
		}
	}
	return p
}

func (p *project) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// change replaces a text of a file.
func (p *project) change(t *testing.T, name, old, text string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), old) {
		t.Fatalf("no %q in %s", old, name)
	}
	p.write(t, name, strings.Replace(string(data), old, text, 1))
}

const (
	asItWas = `Math.round(scrollY) === 1000 && document.activeElement.id === "name"`
	typed   = `document.activeElement.value === "typed"`
)

// TestServers opens the page of a server of each kind in a browser. A save shows, and the page is where it was, with
// its focus; a style sheet comes without the page being read anew; a failing check shows on the page, which works on, until it is
// mended. What somebody has typed is left alone until then and after, and a tab that nobody sees is read anew when it is seen.
func TestServers(t *testing.T) {
	t.Parallel()
	if !testenv.Long() {
		t.Skip("the long run opens a browser: DEVLOOP_TEST=long")
	}
	archives, err := filepath.Glob("testdata/servers/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no servers", err)
	}
	browser := browsertest.Start(t)
	for _, archive := range archives {
		name := strings.TrimSuffix(filepath.Base(archive), ".txtar")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := name == "vite" // whose client brings text and style to the page
			p := open(t, archive)
			l := looptest.Start(t, p.dir, p.port)
			l.Asks(t, func(_ string, err error) bool { return err == nil })
			page := browser.Open(t, l.URL)
			page.Shows(t, "Hello, World!")
			page.Becomes(t, `document.readyState === "complete"`)
			page.Connects(t, l.URL)
			if own {
				page.Connects(t, l.URL) // its client, too
				l.Prints(t, "it watches")
			}
			hidden := browser.Open(t, l.URL)
			hidden.Shows(t, "Hello, World!")
			hidden.Hide(t, true)
			hidden.Is(t, `window.asItStood = true`)
			page.Is(t, `scrollTo(0, 1000), document.querySelector("#name").focus(), window.asItStood = true`)

			if own {
				p.change(t, "text.js", "World", "Team")
			} else {
				p.change(t, p.source, "World", "Team")
				page.Becomes(t, `!window.asItStood`)
			}
			page.Shows(t, "Hello, Team!")
			page.Becomes(t, asItWas)
			if !own {
				t.Logf("asked for %.0f ms after the new version was ready, there %.0f ms later", browsertest.Value[float64](t, page, `fetch("/_devloop/live").then(answer => answer.json()).then(state => performance.timeOrigin - state.since)`),
					browsertest.Value[float64](t, page, `performance.getEntriesByType("navigation")[0].loadEventEnd`))
			}

			page.Is(t, `window.asItStood = true`)
			page.Type(t, "typed")
			p.change(t, "style.css", "rgb(1, 1, 1)", "rgb(2, 2, 2)")
			page.Becomes(t, `getComputedStyle(document.querySelector("p")).color === "rgb(2, 2, 2)"`)
			l.Verb(t, "wait") // what comes before that belongs to the same save
			p.write(t, p.source, p.read(t, p.source)+p.comment+" BROKEN\n")
			page.Becomes(t, card+`.includes("look failed") && `+card+`.includes("`+p.source+`:")`)
			if !page.Is(t, asItWas+` && `+typed+` && window.asItStood && fetch(location.href).then((answer) => answer.ok)`) {
				t.Error("the page did not stand as it was")
			}
			p.change(t, p.source, p.comment+" BROKEN\n", "")
			if !own {
				page.Becomes(t, card+` === "" && `+badge+`.includes("reloading loses what you typed")`)
			}
			if !page.Is(t, asItWas+` && `+typed+` && window.asItStood`) {
				t.Error("what was typed is gone")
			}
			if !own {
				page.Is(t, `shadows.at(-1).querySelector(".act").click(), true`)
				page.Becomes(t, `!window.asItStood && `+asItWas)
			}
			page.Becomes(t, card+` === "" && `+badge+` === ""`)
			page.Shows(t, "Hello, Team!")
			if !own {
				if !hidden.Is(t, `window.asItStood && document.body.innerText.includes("Hello, World!")`) {
					t.Error("a tab that nobody saw was read anew")
				}
				hidden.Hide(t, false)
				hidden.Becomes(t, `!window.asItStood`)
			}
			hidden.Shows(t, "Hello, Team!")
			l.Ends(t)
			if name == "php" { // the next loop is found again
				page.Becomes(t, badge+`.includes("devloop has ended")`)
				page.Is(t, `window.asItStood = true`)
				l = looptest.Start(t, p.dir, p.port)
				page.Becomes(t, `!window.asItStood && `+badge+` === ""`)
				page.Shows(t, "Hello, Team!")
				l.Ends(t)
			}
		})
	}
}

func (p *project) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
