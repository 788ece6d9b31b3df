package orchestrator_test

import (
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors says what each package of this module may import, and why not more:
// data at the bottom, adapters that do not know each other, decisions in one
// pure place, wiring at the top. Beside these, a leaf has the standard library
// and the modules named for it.
var floors = map[string]struct {
	own     []string // packages of this module
	modules []string
	why     string
}{
	"orchestrator/test/testenv": {modules: []string{"github.com/rogpeppe/go-internal"}, why: "what tests share: no product code imports it"},

	"orchestrator/test/stubborn": {own: []string{"orchestrator/test/testenv"}, why: "the same, for tests that end trees of processes"},
	"orchestrator/test/looptest": {own: []string{"orchestrator/test/testenv"}, why: "the same, for tests that run devloop in a project"},
	"orchestrator/test/termtest": {own: []string{"orchestrator/test/testenv"}, modules: []string{"github.com/charmbracelet/ultraviolet", "github.com/charmbracelet/x/ansi", "github.com/charmbracelet/x/vt", "github.com/creack/pty"}, why: "the same, for tests of what a terminal shows"},

	"orchestrator/test/reapitest": {modules: []string{"cloud.google.com/go/longrunning", "github.com/bazelbuild/remote-apis", "google.golang.org/genproto", "google.golang.org/grpc", "google.golang.org/protobuf"}, why: "the same, for tests that speak with caches and engines: the messages are the API's own"},

	"orchestrator/livereload/inject": {modules: []string{"golang.org/x/net"}, why: "it reads answers, and puts into them what it is told"},

	"orchestrator/test/browsertest": {own: []string{"orchestrator/livereload", "orchestrator/test/looptest", "orchestrator/test/testenv"}, modules: []string{"github.com/chromedp/cdproto", "github.com/chromedp/chromedp"}, why: "the same, for tests of what a browser shows"},

	"schema/glob":                   {modules: []string{"github.com/bmatcuk/doublestar/v4"}, why: "a pattern is text and a path: it needs no disk and nobody else"},
	"schema/dotenv":                 {why: "an env file is text: who gets its variables is for others"},
	"schema/lazyregexp":             {why: "expressions, whatever they are for"},
	"schema/nearest":                {why: "words and their distance, whatever they name"},
	"schema/smallfile":              {why: "it reads a file, and does not care what it is for"},
	"orchestrator/console":          {modules: []string{"github.com/clipperhouse/displaywidth"}, why: "it writes what it is told, whoever says it"},
	"orchestrator/contents":         {own: []string{"orchestrator/plainfile"}, why: "it reads files, and does not care why they matter"},
	"orchestrator/inputs":           {own: []string{"orchestrator/fspoll", "orchestrator/plainfile", "orchestrator/reapi"}, modules: []string{"golang.org/x/sys"}, why: "it says what files hold, whoever reads them"},
	"orchestrator/plainfile":        {why: "a file and what the system says of it, whoever asks"},
	"orchestrator/control":          {own: []string{"schema/nearest", "orchestrator/proctable"}, modules: []string{"golang.org/x/sys"}, why: "messages to and from a loop, whatever answers them"},
	"orchestrator/diskqueue":        {why: "it does what it is given, and does not know what for"},
	"orchestrator/doctor":           {modules: []string{"golang.org/x/sys"}, why: "questions to the system, which knows no project"},
	"orchestrator/fswatch":          {modules: []string{"github.com/fsnotify/fsnotify", "golang.org/x/sys"}, why: "it reports changes, and does not know what they mean"},
	"orchestrator/fspoll":           {modules: []string{"golang.org/x/sys"}, why: "it looks at files again and again, and does not know what they mean"},
	"orchestrator/guardian":         {own: []string{"orchestrator/proctable", "orchestrator/proctree", "orchestrator/memrelease/pages"}, modules: []string{"golang.org/x/sys"}, why: "it takes over the second start before everything else is initialised, so it may need next to nothing"},
	"orchestrator/guardian/horror":  {why: "a program for tests, which starts itself and nobody else"},
	"orchestrator/gitignore":        {own: []string{"schema/smallfile"}, why: "git's rules are git's, not this language's"},
	"orchestrator/linefile":         {why: "it keeps lines, whatever they say"},
	"orchestrator/journal":          {why: "it keeps text for later, whoever wrote it"},
	"orchestrator/listenfd":         {own: []string{"orchestrator/proctable"}, modules: []string{"golang.org/x/sys"}, why: "sockets know nothing of who asked for them"},
	"orchestrator/listenfd/shim":    {modules: []string{"golang.org/x/sys"}, why: "it must be initialised before everything else, so it may need nothing"},
	"orchestrator/probe":            {why: "a question to a server, whoever asks"},
	"orchestrator/procgroup":        {own: []string{"orchestrator/proctable", "orchestrator/proctree"}, modules: []string{"github.com/creack/pty", "golang.org/x/sys"}, why: "a command is an argv and its files"},
	"orchestrator/proctable":        {modules: []string{"golang.org/x/sys"}, why: "it reads the table of processes, and decides nothing; the guardian needs it before everything else is initialised"},
	"orchestrator/proctree":         {own: []string{"orchestrator/proctable"}, why: "it finds a tree and stops it for who ends it; the guardian needs it before everything else is initialised"},
	"orchestrator/diagnostics":      {own: []string{"schema/lazyregexp"}, why: "it reads text, whoever printed it"},
	"orchestrator/sdnotify":         {modules: []string{"golang.org/x/sys"}, why: "it hears what a process says of itself, and acts on nothing"},
	"orchestrator/livereload":       {modules: []string{"github.com/coder/websocket"}, why: "it tells open pages what it is told, whoever serves them"},
	"orchestrator/proxy":            {why: "it forwards to whoever it is told to, and starts nobody"},
	"orchestrator/shellcmd":         {modules: []string{"mvdan.cc/sh/v3"}, why: "it reads shell text, and runs nothing"},
	"orchestrator/memrelease":       {own: []string{"orchestrator/memrelease/pages"}, why: "it gives memory back, whoever held it"},
	"orchestrator/memrelease/pages": {why: "a process that must be initialised before everything else gives its program's pages back, too"},

	"orchestrator/cas":        {own: []string{"orchestrator/reapi"}, modules: []string{"golang.org/x/sys"}, why: "it keeps contents, whatever they are for"},
	"orchestrator/reapi":      {own: []string{"orchestrator/reapi/wire"}, why: "messages and their bytes: who sends or keeps them is for others"},
	"orchestrator/reapi/wire": {why: "fields, whatever message they are of"},

	"orchestrator/remotecache":           {own: []string{"orchestrator/reapi", "orchestrator/reapi/wire", "orchestrator/remotecache/grpcwire", "orchestrator/remotecache/transport"}, why: "contents and results to and from a server: whether they are to be used is decided above"},
	"orchestrator/remotecache/grpcwire":  {own: []string{"orchestrator/remotecache/transport"}, why: "calls and their bytes, whatever they mean"},
	"orchestrator/remotecache/transport": {why: "requests to a server, whatever they are about"},
	"orchestrator/remoteexec":            {own: []string{"orchestrator/reapi", "orchestrator/reapi/wire", "orchestrator/remotecache", "orchestrator/remotecache/grpcwire"}, why: "a command on an engine: which, and what its result is for, is decided above"},

	"schema/yamltree": {own: []string{"schema/lazyregexp", "schema/nearest"}, modules: []string{"gopkg.in/yaml.v3"}, why: "it knows YAML, and not what the files are for"},
	"schema":          {own: []string{"schema/dotenv", "schema/glob", "schema/lazyregexp", "schema/nearest", "schema/smallfile", "schema/yamltree"}, why: "the language does not know who acts on it"},

	"schema/preset":     {why: "text that is part of the program: what it means is the language's"},
	"schema/jsonschema": {own: []string{"schema", "schema/lazyregexp"}, why: "it writes what the tables say, and reads no file"},
	"schema/reference":  {own: []string{"schema"}, why: "it writes what the tables say, and reads no file"},

	"orchestrator/export":   {own: []string{"schema", "schema/lazyregexp"}, modules: []string{"gopkg.in/yaml.v3"}, why: "it writes what the configuration says, and starts nothing"},
	"orchestrator/graph":    {own: []string{"schema"}, why: "derived from the configuration alone"},
	"orchestrator/machine":  {own: []string{"schema"}, why: "it decides: no I/O, no clock, no adapter"},
	"orchestrator/watchset": {own: []string{"schema", "schema/glob", "orchestrator/graph", "orchestrator/gitignore"}, why: "it answers about paths, and watches nothing"},

	"orchestrator/sockets": {own: []string{"schema", "orchestrator/console", "orchestrator/listenfd", "orchestrator/livereload", "orchestrator/livereload/inject", "orchestrator/probe", "orchestrator/proxy"}, why: "what is held, and who has it: which process is to have it is decided above"},

	"orchestrator/inspect": {own: []string{"schema", "orchestrator/control", "orchestrator/doctor", "orchestrator/fspoll", "orchestrator/gitignore", "orchestrator/graph", "orchestrator/listenfd", "orchestrator/sockets", "orchestrator/watchset"},
		why: "questions about a project, for which nothing needs to run"},

	"orchestrator/filewatch": {own: []string{"schema", "schema/smallfile", "orchestrator/contents", "orchestrator/control", "orchestrator/diskqueue", "orchestrator/fspoll", "orchestrator/fswatch", "orchestrator/gitignore", "orchestrator/graph", "orchestrator/inspect",
		"orchestrator/machine", "orchestrator/memrelease", "orchestrator/watchset"},
		why: "it tells what has changed, in the machine's terms: what comes of that is decided above"},

	"orchestrator/report": {own: []string{"schema", "orchestrator/console", "orchestrator/control", "orchestrator/diagnostics", "orchestrator/graph", "orchestrator/machine"},
		why: "it tells what it is told, by names, and decides nothing"},

	"orchestrator/api": {own: []string{"orchestrator/control", "orchestrator/journal", "orchestrator/machine", "orchestrator/procgroup", "orchestrator/report"},
		why: "it answers whoever asks, and knows of the loop what its interface says"},

	"orchestrator/dashboard": {own: []string{"orchestrator/control", "orchestrator/dashboard/page"}, why: "it lets browsers ask whoever answers on the control socket, and decides only which browsers"},

	"orchestrator/dashboard/page": {why: "files that are part of the program"},

	"orchestrator/reuse": {own: []string{"schema", "orchestrator/cas", "orchestrator/inputs", "orchestrator/reapi"}, why: "whether a stage needs to run; who runs it is decided above"},

	"orchestrator/runner": {own: []string{"schema", "schema/lazyregexp", "schema/smallfile", "orchestrator/console", "orchestrator/guardian", "orchestrator/journal", "orchestrator/listenfd", "orchestrator/listenfd/shim", "orchestrator/probe", "orchestrator/procgroup",
		"orchestrator/reapi", "orchestrator/remoteexec", "orchestrator/reuse", "orchestrator/sdnotify", "orchestrator/shellcmd", "orchestrator/sockets", "orchestrator/diagnostics"},
		why: "it starts and ends what it is told to: which command that is, is decided above"},

	"orchestrator": {own: []string{"schema", "orchestrator/api", "orchestrator/console", "orchestrator/control", "orchestrator/dashboard", "orchestrator/diskqueue", "orchestrator/filewatch", "orchestrator/fspoll", "orchestrator/graph", "orchestrator/journal",
		"orchestrator/linefile", "orchestrator/listenfd", "orchestrator/livereload", "orchestrator/machine", "orchestrator/guardian", "orchestrator/procgroup", "orchestrator/proxy", "orchestrator/remotecache", "orchestrator/report",
		"orchestrator/runner", "orchestrator/sockets", "orchestrator/memrelease", "orchestrator/cas", "orchestrator/contents", "orchestrator/gitignore", "orchestrator/reapi", "orchestrator/reuse", "orchestrator/watchset"},
		why: "the one place where the adapters meet the machine"},

	"docs":               {why: "the pages as they are written, for who shows them"},
	"cmd/devloop/manual": {own: []string{"schema/lazyregexp"}, why: "it finds text in pages, wherever they are from"},

	"cmd/devloop/starter": {own: []string{"schema/dotenv", "schema/lazyregexp"}, modules: []string{"gopkg.in/yaml.v3", "github.com/BurntSushi/toml", "mvdan.cc/sh/v3"}, why: "it reads a project and writes text: the language checks it"},

	"cmd/devloop/view": {own: []string{"orchestrator/console", "orchestrator/control"}, modules: []string{"charm.land/bubbletea/v2", "charm.land/lipgloss/v2", "github.com/charmbracelet/x/ansi", "golang.org/x/term"}, why: "a client of the control socket, like everybody else's: a fault in it cannot hurt the loop"},

	"cmd/devbench":          {own: []string{"cmd/devbench/beside", "cmd/devbench/commands", "cmd/devbench/harness", "cmd/devbench/output", "cmd/devbench/reusing", "cmd/devbench/swapping", "cmd/devbench/watching"}, why: "its verbs; it measures devloop from outside, like any other tool"},
	"cmd/devbench/beside":   {own: []string{"cmd/devbench/harness"}, why: "a measurement"},
	"cmd/devbench/commands": {own: []string{"cmd/devbench/harness"}, why: "a measurement"},
	"cmd/devbench/harness":  {why: "what every measurement stands on"},
	"cmd/devbench/output":   {own: []string{"cmd/devbench/harness"}, modules: []string{"github.com/creack/pty", "golang.org/x/sys"}, why: "a measurement"},
	"cmd/devbench/reusing":  {own: []string{"cmd/devbench/harness"}, why: "a measurement"},
	"cmd/devbench/swapping": {own: []string{"cmd/devbench/harness"}, why: "a measurement"},
	"cmd/devbench/watching": {own: []string{"cmd/devbench/harness"}, modules: []string{"golang.org/x/sys"}, why: "a measurement"},

	"cmd/devloop": {own: []string{"docs", "cmd/devloop/manual", "cmd/devloop/starter", "cmd/devloop/view", "orchestrator", "orchestrator/cas", "orchestrator/console", "orchestrator/control", "orchestrator/doctor", "orchestrator/export", "orchestrator/graph", "orchestrator/guardian", "orchestrator/inspect", "orchestrator/listenfd", "orchestrator/listenfd/shim", "orchestrator/machine", "orchestrator/report", "orchestrator/reuse", "orchestrator/shellcmd", "orchestrator/sockets", "schema",
		"schema/lazyregexp", "schema/preset", "schema/smallfile", "schema/jsonschema", "schema/reference"},
		modules: []string{"github.com/google/jsonschema-go", "github.com/modelcontextprotocol/go-sdk", "github.com/spf13/cobra", "golang.org/x/term", "golang.org/x/sys"}, why: "flags, signals, wiring and exit codes"},
}

// TestFloorsInDocs: the architecture page says what each package is for.
func TestFloorsInDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range floors {
		switch {
		case pkg == "docs", pkg == "orchestrator/guardian/horror", strings.HasPrefix(pkg, "orchestrator/test/"), strings.HasPrefix(pkg, "cmd/devbench"):
			continue // no code of the program
		}
		if pkg = strings.TrimSuffix(strings.TrimSuffix(pkg, "/pages"), "/shim"); !strings.Contains(string(page), " "+pkg+" ") && !strings.Contains(string(page), " "+pkg+":") {
			t.Errorf("docs/ARCHITECTURE.md does not say what %s is for", pkg)
		}
	}
}

func TestFloors(t *testing.T) {
	t.Parallel()
	goFiles(t, func(pkg, path string) {
		floor, known := floors[pkg]
		if !known {
			t.Errorf("%s: package %s has no place in the table of floors: give it one, with a reason", path, pkg)
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			own, isOwn := strings.CutPrefix(name, "devloop/")
			switch first, _, _ := strings.Cut(name, "/"); {
			case isOwn:
				if !slices.Contains(floor.own, own) {
					t.Errorf("%s imports %s, but %s may not: %s", path, own, pkg, floor.why)
				}
			case strings.Contains(first, "."):
				if !slices.ContainsFunc(floor.modules, func(m string) bool { return name == m || strings.HasPrefix(name, m+"/") }) {
					t.Errorf("%s imports %s, but %s may not: %s", path, name, pkg, floor.why)
				}
			}
		}
	})
}
