package examples_test

import (
	"flag"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"devloop/orchestrator/test/looptest"
	"devloop/orchestrator/test/testenv"
)

var update = flag.Bool("update", false, "write the README's picture")

const picture = "../docs/session.svg"

const pictured = `package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "Hello, World!")
	})
	fmt.Println(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
`

// The README's picture shows a session as it is today: each of its lines, but for the times, is one that devloop prints in
// such a session. With -update the picture is made anew.
func TestThePictureIsOfToday(t *testing.T) {
	t.Parallel()
	dir, port := t.TempDir(), testenv.FreePort()
	for name, text := range map[string]string{"main.go": pictured, "go.mod": "module shop\n\ngo 1.22\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	looptest.Run(t, dir, testenv.Built(t, "devloop/cmd/devloop"), "init")
	looptest.Run(t, dir, "go", "build", "-o", "bin/server", ".") // a first session has been before

	var shown []string
	loop := looptest.Start(t, dir, port, "PORT="+port)
	seen := 0
	show := func(heading string) {
		printed := loop.Printed()
		text := strings.ReplaceAll(printed[seen:], "127.0.0.1:"+port, "127.0.0.1:3000")
		seen = len(printed)
		shown = append(append(shown, heading), strings.Split(strings.TrimRight(text, "\n"), "\n")...)
	}
	edit := func(old, new string) {
		rewrite(t, filepath.Join(dir, "main.go"), func(text string) string { return strings.Replace(text, old, new, 1) })
	}
	loop.Shows(t, "World")
	loop.Verb(t, "wait")
	show("$ devloop")
	edit("World", "devloop")
	loop.Turns(t, "World", "devloop")
	loop.Verb(t, "wait")
	show("# main.go is saved with another message; the page never fails")
	edit("fmt.Fprintln(", "fmt.Fprintl(")
	loop.Prints(t, "tests   | - waits: check failed")
	loop.Shows(t, "devloop")
	show("# main.go is saved with a mistake; the page is still there")
	loop.Interrupt(t)

	if *update {
		if err := os.WriteFile(picture, []byte(draw(shown)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	printed := map[string]bool{}
	for _, line := range shown {
		printed[timeless(line)] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^<text [^>]*>(.*)</text>$`).FindAllStringSubmatch(string(read(t, picture)), -1) {
		line := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(m[1], ""))
		if line = timeless(line); !printed[line] {
			t.Errorf("the picture has a line that devloop does not print: %q; go test ./examples -run Picture -update makes it anew. The session:\n%s",
				line, strings.Join(shown, "\n"))
		}
	}
}

var times = regexp.MustCompile(`\b[0-9.]+(ms|s)\b`)

func timeless(line string) string { return times.ReplaceAllString(strings.TrimRight(line, " "), "0s") }

// draw makes a picture of lines, coloured as on a terminal.
func draw(lines []string) string {
	const above, height = 30, 19
	colours := map[string]string{"devloop": "#61afef", "check": "#56b6c2", "server": "#c678dd", "tests": "#61afef"}
	var out strings.Builder
	y := above
	for i, line := range lines {
		if strings.HasPrefix(line, "#") {
			y += height
		}
		name, rest, is := strings.Cut(line, "|")
		text := fmt.Sprintf(`<tspan%s>%s</tspan>`, remark(line), html.EscapeString(line))
		if c := colours[strings.TrimSpace(name)]; is && c != "" {
			text = fmt.Sprintf(`<tspan fill="%s">%s</tspan><tspan%s>%s</tspan>`, c, html.EscapeString(name+"|"), colour(rest), html.EscapeString(rest))
		}
		fmt.Fprintf(&out, "<text x=\"14\" y=\"%d\">%s</text>\n", y, text)
		if i < len(lines)-1 {
			y += height
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 %[1]d" width="760" height="%[1]d" role="img" aria-label="A session of devloop: a save, a build, a restart; then a save that breaks, and the old server keeps running">
<rect width="100%%" height="100%%" rx="8" fill="#1e2127"/>
<style>text { white-space: pre }</style>
<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" fill="#d7dae0" xml:space="preserve">
%[2]s</g></svg>
`, y+above, out.String())
}

// remark is an attribute for a line that is not devloop's.
func remark(line string) string {
	if strings.HasPrefix(line, "#") {
		return ` fill="#e5c07b" font-style="italic"`
	}
	return ""
}

// colour is an attribute for a text, by what it begins with.
func colour(text string) string {
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, "✓"):
		return ` fill="#98c379"`
	case strings.HasPrefix(text, "✗"):
		return ` fill="#e06c75"`
	case strings.HasPrefix(text, "-"), strings.HasPrefix(text, "watching"):
		return ` opacity=".6"`
	}
	return ""
}
