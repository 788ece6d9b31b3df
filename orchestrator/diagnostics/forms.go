package diagnostics

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"devloop/schema/lazyregexp"
)

// forms are those that are asked for: those that know more before those that know less.
func (opt Options) forms() []form {
	all := []form{&rust{}, &golang{}, &bundler{}, &eslint{}, &vitest{}, &jest{}, &node{}, &tap{}, &python{}, &ruby{}, &php{}, &jvm{}, &tsc{}, &general{}}
	switch {
	case opt.Off:
		return nil
	case opt.Pattern != nil:
		return []form{&custom{opt.Pattern}}
	}
	switch opt.Tool {
	case "go":
		return []form{&golang{}, &general{}}
	case "rustc":
		return []form{&rust{}, &general{}}
	case "gcc", "clang":
		return []form{&general{}}
	case "tsc":
		return []form{&tsc{}}
	case "eslint":
		return []form{&eslint{}}
	case "esbuild", "vite":
		return []form{&bundler{}, &tsc{}, &general{}}
	case "vitest":
		return []form{&vitest{}}
	case "jest":
		return []form{&jest{}, &tsc{}}
	case "node", "tap":
		return []form{&node{}, &tap{}}
	case "python", "pytest":
		return []form{&python{}, &general{}}
	case "ruby":
		return []form{&ruby{}, &general{}}
	case "php":
		return []form{&php{}}
	case "java":
		return []form{&jvm{}, &general{}}
	}
	return all
}

// custom is a pattern of the configuration's own.
type custom struct{ pattern *regexp.Regexp }

func (f *custom) line(r *Reader, text string) bool {
	m := f.pattern.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	group := func(name string) string {
		if i := f.pattern.SubexpIndex(name); i >= 0 {
			return m[i]
		}
		return ""
	}
	message := group("message")
	if message == "" {
		message = text
	}
	return r.add(Problem{File: group("file"), Line: number(group("line")), Column: number(group("column")), Severity: severity(group("severity")), Message: message})
}

// match is FindStringSubmatch for lines that may match, which can is a cheap test of.
func match(can bool, re *lazyregexp.Regexp, text string) []string {
	if !can {
		return nil
	}
	return re.FindStringSubmatch(text)
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// severity is the word of a tool.
func severity(word string) Severity {
	switch strings.ToLower(word) {
	case "error", "fatal error", "fatal", "parse", "e", "err":
		return Error
	case "warning", "warn", "w":
		return Warning
	case "note", "info", "help", "hint":
		return Note
	}
	return ""
}

// rust is rustc, cargo and clippy, and the panics of tests.
type rust struct {
	severity Severity
	message  string // whose place comes in one of the next lines
	panicked *Problem
}

var (
	rustHead  = lazyregexp.New(`^(error|warning)(?:\[[\w:]+\])?: (.+)$`)
	rustPlace = lazyregexp.New(`^\s*--> (\S.*?):(\d+):(\d+)$`)
	rustPanic = lazyregexp.New(`^thread '.*'(?: \(\d+\))? panicked at (\S.*?):(\d+):(\d+):$`)
)

func (f *rust) line(r *Reader, text string) bool {
	if p := f.panicked; p != nil {
		f.panicked, p.Message = nil, text
		return r.add(*p)
	}
	if m := match(strings.HasPrefix(text, "error") || strings.HasPrefix(text, "warning"), rustHead, text); m != nil {
		f.severity, f.message = severity(m[1]), m[2]
		return true
	}
	if m := match(strings.HasPrefix(text, "thread "), rustPanic, text); m != nil {
		f.panicked = &Problem{File: m[1], Line: number(m[2]), Column: number(m[3]), Source: "rustc"}
		return true
	}
	if m := match(strings.Contains(text, `--> `), rustPlace, text); m != nil && f.message != "" {
		p := Problem{File: m[1], Line: number(m[2]), Column: number(m[3]), Severity: f.severity, Message: f.message, Source: "rustc"}
		f.message = ""
		return r.add(p)
	}
	return false
}

// golang is go build, vet and test: a test's lines name files of a package that
// only its last line names.
type golang struct {
	pending []Problem
	panics  string // a panic's message, until the first frame of the project's own
}

var (
	goTestLine = lazyregexp.New(`^\s+([\w.-]+\.go):(\d+): (.*)$`)
	goPackage  = lazyregexp.New(`^(?:FAIL|ok  |---)\s*\t(\S+)`)
	goPanic    = lazyregexp.New(`^(?:panic|fatal error): (.+?)(?: \[recovered.*)?$`)
	goFrame    = lazyregexp.New(`^\t(/.*?\.go):(\d+)(?: \+0x[0-9a-f]+)?$`)
)

func (f *golang) line(r *Reader, text string) bool {
	if m := match(strings.Contains(text, `.go:`), goTestLine, text); m != nil {
		f.pending = append(f.pending, Problem{File: m[1], Line: number(m[2]), Message: m[3], Source: "go test", At: r.at})
		return true
	}
	if m := match(strings.HasPrefix(text, "panic") || strings.HasPrefix(text, "fatal"), goPanic, text); m != nil {
		f.panics = m[1]
		return true
	}
	if m := match(f.panics != "", goFrame, text); m != nil && f.panics != "" && r.own(m[1]) {
		message := "panic: " + f.panics
		f.panics = ""
		return r.add(Problem{File: m[1], Line: number(m[2]), Message: message, Source: "go"})
	}
	if m := match(strings.HasPrefix(text, "FAIL") || strings.HasPrefix(text, "ok") || strings.HasPrefix(text, "---"), goPackage, text); m != nil {
		at := r.at
		for _, p := range f.pending {
			name := p.File
			for dir := m[1]; ; {
				if p.File = dir + "/" + name; r.find(p.File) != "" {
					break
				}
				_, rest, deeper := strings.Cut(dir, "/")
				if !deeper {
					p.File = name
					break
				}
				dir = rest
			}
			r.at = p.At
			r.add(p)
		}
		f.pending, r.at = nil, at
		return true
	}
	return false
}

// bundler is esbuild and Vite.
type bundler struct {
	severity Severity
	message  string
}

var (
	esbuildHead  = lazyregexp.New(`^[✘▲X] \[(ERROR|WARNING)\] (.+)$`)
	viteHead     = lazyregexp.New(`^(?:\S+ )?\[(?:vite|plugin:[^\]]+)\] (?:Internal server error: )?(.+)$`)
	bundlerPlace = lazyregexp.New(`^\s+(?:File: )?(\S.*?):(\d+):(\d+):?$`)
)

func (f *bundler) line(r *Reader, text string) bool {
	if m := match(strings.Contains(text, `] `) && (strings.Contains(text, `[ERROR`) || strings.Contains(text, `[WARNING`)), esbuildHead, text); m != nil {
		f.severity, f.message = severity(m[1]), m[2]
		return true
	}
	if m := match(strings.Contains(text, `[vite]`) || strings.Contains(text, `[plugin:`), viteHead, text); m != nil {
		f.severity, f.message = Error, m[1]
		return true
	}
	if m := match(f.message != "", bundlerPlace, text); m != nil && f.message != "" {
		p := Problem{File: m[1], Line: number(m[2]), Column: number(m[3]), Severity: f.severity, Message: f.message, Source: "esbuild"}
		f.message = ""
		return r.add(p)
	}
	return false
}

// eslint is eslint's stylish form: a file, and below it a line for each problem.
type eslint struct{ file string }

var eslintLine = lazyregexp.New(`^\s+(\d+):(\d+)\s+(error|warning)\s+(\S.*?)(?:\s{2,}(\S+))?$`)

func (f *eslint) line(r *Reader, text string) bool {
	if m := match(f.file != "", eslintLine, text); m != nil && f.file != "" {
		message := m[4]
		if m[5] != "" {
			message += " (" + m[5] + ")"
		}
		return r.add(Problem{File: f.file, Line: number(m[1]), Column: number(m[2]), Severity: severity(m[3]), Message: message, Source: "eslint"})
	}
	if text == "" {
		f.file = ""
	} else if text[0] != ' ' && strings.ContainsAny(text, "/.") && !strings.ContainsAny(text, ": \t") && len(text) < 500 && r.find(text) != "" {
		f.file = text
		return true
	}
	return false
}

// vitest is vitest: what failed, the message, and further down the place.
type vitest struct{ message string }

var (
	vitestError = lazyregexp.New(`^(\w*Error: .+)$`)
	vitestPlace = lazyregexp.New(`^ ❯ (?:.* )?(\S+?):(\d+):(\d+)$`)
)

func (f *vitest) line(r *Reader, text string) bool {
	if m := match(strings.Contains(text, `❯`), vitestPlace, text); m != nil && f.message != "" && r.own(m[1]) {
		p := Problem{File: m[1], Line: number(m[2]), Column: number(m[3]), Severity: Error, Message: f.message, Source: "vitest"}
		f.message = ""
		return r.add(p)
	}
	if m := match(strings.Contains(text, `Error: `), vitestError, text); m != nil {
		f.message = m[1] // others read it, too
	}
	return false
}

// jest is jest: what failed, the message, and further down the frames.
type jest struct{ name, message string }

var (
	jestName = lazyregexp.New(`^  ● (.+)$`)
	jsFrame  = lazyregexp.New(`^\s+at (?:.* \()?([^()]+?):(\d+):(\d+)\)?(?: \{)?$`)
)

func (f *jest) line(r *Reader, text string) bool {
	if m := match(strings.HasPrefix(text, "  ● "), jestName, text); m != nil {
		f.name, f.message = m[1], ""
		return true
	}
	if f.name == "" {
		return false
	}
	if m := match(strings.Contains(text, " at "), jsFrame, text); m != nil {
		if r.own(m[1]) {
			r.add(Problem{File: m[1], Line: number(m[2]), Column: number(m[3]), Severity: Error, Message: f.name + ": " + f.message, Source: "jest"})
			f.name = ""
		}
		return true
	}
	switch text = strings.TrimSpace(text); {
	case f.message == "":
		f.message, _, _ = strings.Cut(text, " // ")
	case strings.HasPrefix(text, "Expected: "), strings.HasPrefix(text, "Received: "):
		f.message += ", " + strings.ToLower(text[:1]) + text[1:]
	}
	return false
}

// node is what Node prints of an error that nobody caught: a place, the line, and
// the error. If the place is a library's, its first frame in the project counts.
type node struct {
	place  *Problem
	left   int    // lines in which the error, or then a frame, must come
	thrown string // the error, whose frames follow
}

var (
	nodePlace = lazyregexp.New(`^((?:file://)?/.*?|node:\S+?):(\d+)$`)
	nodeCaret = lazyregexp.New(`^( *)\^+$`)
	nodeError = lazyregexp.New(`^(?:Uncaught )?(\w*(?:Error|Exception)(?: \[\w+\])?: .+)$`)
)

func (f *node) line(r *Reader, text string) bool {
	if f.thrown != "" {
		if m := match(strings.Contains(text, " at "), jsFrame, text); m != nil && r.own(m[1]) {
			p := Problem{File: m[1], Line: number(m[2]), Column: number(m[3]), Severity: Error, Message: f.thrown, Source: "node"}
			f.thrown = ""
			return r.add(p)
		}
		if f.left--; f.left == 0 {
			f.thrown = ""
		}
	}
	if m := match(strings.HasPrefix(text, "/") || strings.HasPrefix(text, "file:") || strings.HasPrefix(text, "node:"), nodePlace, text); m != nil {
		f.place, f.left = &Problem{File: m[1], Line: number(m[2]), Severity: Error, Source: "node"}, 6
		return true
	}
	if f.place == nil {
		return false
	}
	if m := nodeCaret.FindStringSubmatch(text); m != nil {
		f.place.Column = len(m[1]) + 1
		return true
	}
	if m := nodeError.FindStringSubmatch(text); m != nil {
		p := *f.place
		if f.place = nil; !r.own(p.File) {
			f.thrown, f.left = m[1], 30
			return true
		}
		p.Message = m[1]
		return r.add(p)
	}
	if f.left--; f.left == 0 {
		f.place = nil
	}
	return false
}

// tap is the Test Anything Protocol as Node's runner writes it.
type tap struct {
	name, file string
	at         Problem
	more       bool // the error comes in the next line
}

var (
	tapFailed   = lazyregexp.New(`^\s*not ok \d+ - (.+?)(?: # .*)?$`)
	tapLocation = lazyregexp.New(`^\s+location: '(.+):(\d+):(\d+)'$`)
	tapError    = lazyregexp.New(`^\s+error: (?:'(.+)'|(\|-))$`)
	tapFrame    = lazyregexp.New(`^\s+.*\((.+):(\d+):(\d+)\)$`)
)

func (f *tap) line(r *Reader, text string) bool {
	switch {
	case f.more:
		f.more, f.at.Message = false, strings.TrimSpace(text)
		return true
	case f.name == "":
		if m := match(strings.Contains(text, `not ok`), tapFailed, text); m != nil {
			f.name, f.at = m[1], Problem{Severity: Error, Source: "node test"}
			return true
		}
		return false
	}
	if m := tapLocation.FindStringSubmatch(text); m != nil {
		f.at.File, f.at.Line, f.at.Column, f.file = m[1], number(m[2]), number(m[3]), m[1]
		return true
	}
	if m := tapError.FindStringSubmatch(text); m != nil {
		f.at.Message, f.more = m[1], m[2] != ""
		return true
	}
	if m := tapFrame.FindStringSubmatch(text); m != nil && f.file != "" && strings.TrimPrefix(m[1], "file://") == strings.TrimPrefix(f.file, "file://") {
		f.at.Line, f.at.Column, f.file = number(m[2]), number(m[3]), "" // the failing line of the test itself
		return true
	}
	if strings.TrimSpace(text) == "..." {
		p := f.at
		p.Message = f.name + ": " + p.Message
		f.name = ""
		return r.add(p)
	}
	return strings.HasPrefix(text, " ")
}

// python is Python's tracebacks and syntax errors, and pytest.
type python struct {
	frame *Problem // the last one of the project's own
	pytest
}

// pytest says what was wrong, and below it where; or, of what it cannot load, above it. In a library, the last frame
// in the project counts.
type pytest struct {
	message string
	last    *Problem // the frame, whose message comes
	short   bool     // where comes above
}

var (
	pythonFrame   = lazyregexp.New(`^\s*File "(.+)", line (\d+)`)
	pythonError   = lazyregexp.New(`^((?:\w+\.)*\w*(?:Error|Exception|Warning|Exit|Interrupt|Failed|Missing|DoesNotExist)\w*(?:: .*)?)$`)
	pytestMessage = lazyregexp.New(`^E {3,}(\S.*)$`)
	pytestFrame   = lazyregexp.New(`^(\S+\.py):(\d+): (?:in \S+)?$`)
	pytestPlace   = lazyregexp.New(`^(\S+\.\w+):(\d+): (\w.*)$`)
)

func (f *python) line(r *Reader, text string) bool {
	if m := match(strings.Contains(text, `File "`), pythonFrame, text); m != nil {
		if f.frame == nil || r.own(m[1]) {
			f.frame = &Problem{File: m[1], Line: number(m[2]), Severity: Error, Source: "python"}
		}
		return true
	}
	if f.pytest.line(r, text) {
		return true
	}
	if m := match(f.frame != nil, pythonError, text); m != nil && f.frame != nil {
		p := *f.frame
		f.frame, p.Message = nil, m[1]
		return r.add(p)
	}
	return false
}

func (f *pytest) line(r *Reader, text string) bool {
	if strings.HasPrefix(text, "____") || strings.HasPrefix(text, "====") {
		*f = pytest{} // of the next test
		return false
	}
	if m := match(strings.Contains(text, ".py:"), pytestFrame, text); m != nil {
		f.message, f.short = "", !strings.HasSuffix(text, ": ")
		if r.own(m[1]) {
			f.last = &Problem{File: m[1], Line: number(m[2]), Severity: Error, Source: "pytest"}
		}
		return true
	}
	if f.short && strings.HasPrefix(text, "_ _ _") { // a frame that is shown with its function
		f.short = false
		return true
	}
	if m := match(strings.HasPrefix(text, "E  "), pytestMessage, text); m != nil {
		if f.message != "" {
			return true
		}
		if f.message = m[1]; f.short && f.last != nil {
			p := *f.last
			p.Message = f.message
			r.add(p)
		}
		return true
	}
	m := match(f.message != "" && !f.short, pytestPlace, text)
	if m == nil {
		return false
	}
	p := Problem{File: m[1], Line: number(m[2]), Severity: Error, Source: "pytest"}
	if f.last != nil && !r.own(p.File) {
		p = *f.last
	}
	p.Message = f.message
	*f = pytest{}
	return r.add(p)
}

// ruby is Ruby's errors, minitest and RSpec.
type ruby struct {
	message string   // whose place comes later
	failure *Problem // whose message comes next
	errors  bool     // the message of a minitest error comes next
}

var (
	rubyError    = lazyregexp.New("^(\\S+\\.r[bu]):(\\d+):in [`'](?:.*)': (.+ \\([\\w:]+\\))$")
	minitestFail = lazyregexp.New(`^\S+#\S+ \[(.+):(\d+)\]:$`)
	minitestErr  = lazyregexp.New(`^\S+#\S+:$`)
	rspecFailure = lazyregexp.New(`^\s+Failure/Error: (.+)$`)
	rubyFrame    = lazyregexp.New(`^\s+(?:# )?(?:\./)?(\S+\.r[bu]):(\d+):in `)
)

func (f *ruby) line(r *Reader, text string) bool {
	switch {
	case f.failure != nil:
		p := *f.failure
		f.failure, p.Message = nil, text
		return r.add(p)
	case f.errors:
		f.errors, f.message = false, text
		return true
	}
	if m := match(strings.Contains(text, "#"), minitestFail, text); m != nil {
		f.failure = &Problem{File: m[1], Line: number(m[2]), Severity: Error, Source: "minitest"}
		return true
	}
	if strings.Contains(text, "#") && minitestErr.MatchString(text) {
		f.errors = true
		return true
	}
	if m := match(strings.Contains(text, `Failure/Error`), rspecFailure, text); m != nil {
		f.message = m[1]
		return true
	}
	if m := match(strings.Contains(text, `:in `), rubyError, text); m != nil {
		return r.add(Problem{File: m[1], Line: number(m[2]), Severity: Error, Message: m[3], Source: "ruby"})
	}
	if m := match(f.message != "", rubyFrame, text); m != nil && f.message != "" && r.own(m[1]) {
		message := f.message
		f.message = ""
		return r.add(Problem{File: m[1], Line: number(m[2]), Severity: Error, Message: message, Source: "ruby"})
	}
	return false
}

// php is PHP.
type php struct{}

var phpLine = lazyregexp.New(`^(?:PHP )?(Parse|Fatal|Warning|Notice|Deprecated)(?: error)?:\s+(.+) in (\S.*?)(?: on line |:)(\d+)$`)

func (f *php) line(r *Reader, text string) bool {
	m := match(strings.Contains(text, ` in `), phpLine, text)
	return m != nil && r.add(Problem{File: m[3], Line: number(m[4]), Severity: severity(m[1]), Message: m[2], Source: "php"})
}

// jvm is Maven, Gradle, Kotlin, and the exceptions of tests; javac's form is the general one.
type jvm struct {
	thrown string // the exception whose trace follows
	test   string // the class of Gradle's test that failed
}

var (
	jvmThrown  = lazyregexp.New(`^\s*(?:Exception in thread ".*?" |Caused by: )?((?:[\w$]+\.)*[\w$]*(?:Error|Exception|Failure)[\w$]*(?:: .*)?)$`)
	jvmFrame   = lazyregexp.New(`^\s+at (?:\S+/)?([\w.$]+)\.[\w$<>]+\(([\w$]+\.(?:java|kt|groovy|scala)):(\d+)\)$`)
	gradleTest = lazyregexp.New(`^([\w.$]+) > .+ FAILED$`)
	gradleAt   = lazyregexp.New(`^\s+(\S+) at ([\w$]+\.(?:java|kt|groovy|scala)):(\d+)$`)
	gradleTask = lazyregexp.New(`^:[\w:-]+?((?:/|[A-Za-z]:[/\\]).+:\d+: .+)$`)
	mavenLine  = lazyregexp.New(`^\[(ERROR|WARNING)\] (\S.*?):\[(\d+),(\d+)\] (.+)$`)
	kotlinLine = lazyregexp.New(`^([ew]): (?:file://)?(\S.*?):(\d+):(\d+):? (.+)$`)
)

func (f *jvm) line(r *Reader, text string) bool {
	for _, form := range []*lazyregexp.Regexp{mavenLine, kotlinLine} {
		if m := match(strings.HasPrefix(text, "[") || strings.HasPrefix(text, "e: ") || strings.HasPrefix(text, "w: "), form, text); m != nil {
			return r.add(Problem{File: m[2], Line: number(m[3]), Column: number(m[4]), Severity: severity(m[1]), Message: m[5], Source: "java"})
		}
	}
	if m := match(strings.HasPrefix(text, ":"), gradleTask, text); m != nil { // the compiler writes on the line of its task
		return (&general{}).line(r, m[1])
	}
	if m := match(strings.HasSuffix(text, " FAILED"), gradleTest, text); m != nil {
		f.test = m[1]
		return true
	}
	if m := match(f.test != "" && strings.Contains(text, " at "), gradleAt, text); m != nil {
		return f.add(r, f.test, m[2], m[3], m[1])
	}
	if m := match(f.thrown != "" && strings.Contains(text, "at "), jvmFrame, text); m != nil {
		if f.add(r, m[1], m[2], m[3], f.thrown) {
			f.thrown = "" // its own code comes first
		}
		return true
	}
	if m := match(strings.Contains(text, "Error") || strings.Contains(text, "Exception") || strings.Contains(text, "Failure"), jvmThrown, text); m != nil {
		f.thrown = m[1]
	}
	return false
}

// add adds a place in the source of a class, where builds have it.
func (f *jvm) add(r *Reader, class, file, line, message string) bool {
	in := ""
	if i := strings.LastIndexByte(class, '.'); i >= 0 {
		in = strings.ReplaceAll(class[:i], ".", "/")
	}
	for _, root := range []string{"src/test/java", "src/main/java", "src/test/kotlin", "src/main/kotlin", "src/test/groovy", "src/test/scala", "src/main/scala", "src"} {
		if r.add(Problem{File: path.Join(root, in, file), Line: number(line), Severity: Error, Message: message, Source: "java"}) {
			return true
		}
	}
	return false
}

// tsc is the TypeScript compiler.
type tsc struct{}

var tscLine = lazyregexp.New(`^(\S.*?)(?:\((\d+),(\d+)\): |:(\d+):(\d+) - )(error|warning) (TS\d+: .+)$`)

func (f *tsc) line(r *Reader, text string) bool {
	m := match(strings.Contains(text, ` TS`), tscLine, text)
	return m != nil && r.add(Problem{File: m[1], Line: number(m[2] + m[4]), Column: number(m[3] + m[5]), Severity: severity(m[6]), Message: m[7], Source: "tsc"})
}

// general is FILE:LINE[:COLUMN]: [SEVERITY:] MESSAGE, which most tools write.
type general struct{}

var generalLine = lazyregexp.New(`^(?:[\w-]+: )?((?:[A-Za-z]:)?[^\s:()"'<>|]+):(\d+)(?::(\d+))?: (?:(fatal error|error|warning|note|info)\b:? ?)?(.+)$`)

func (f *general) line(r *Reader, text string) bool {
	if !strings.Contains(text, ": ") {
		return false
	}
	m := generalLine.FindStringSubmatch(text)
	return m != nil && r.add(Problem{File: m[1], Line: number(m[2]), Column: number(m[3]), Severity: severity(m[4]), Message: m[5]})
}
