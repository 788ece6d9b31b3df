package starter

import (
	"path"
	"slices"
	"strings"

	"devloop/schema/lazyregexp"
)

// pyLibrary is one whose programs listen by themselves: no runner such as uvicorn starts them.
type pyLibrary struct {
	serves *lazyregexp.Regexp // what its programs do
	port   string             // where they listen if they do not say so
}

var (
	pyLibraries = []pyLibrary{
		{lazyregexp.New(`\brun_app\(`), "8080"}, // aiohttp
		{lazyregexp.New(`(?ms)^\s*(?:import|from)\s+tornado\b.*\.listen\(`), ""},
		{lazyregexp.New(`(?ms)^\s*(?:import|from)\s+bottle\b.*\brun\(`), "8080"},
		{lazyregexp.New(`(?ms)^\s*(?:import|from)\s+sanic\b.*\.run\(`), "8000"},
		{lazyregexp.New(`\bcherrypy\.(?:quickstart|engine\.start)\(`), "8080"},
		{lazyregexp.New(`\buvicorn\.run\(`), "8000"},
		{lazyregexp.New(`(?s)(?:HTTPServer|TCPServer|make_server)\(.*\bserve_forever\(`), ""},
	}
	// pyMain is a file that does something when it is run.
	pyMain      = lazyregexp.New(`(?m)^if\s+__name__\s*==|^\w[^\n]*\b(?:serve_forever|run_app|run|start)\(`)
	pyListening = listening{
		takes:  lazyregexp.New(`fileno\s*=\s*\d|LISTEN_FDS|\bfromfd\(`),
		reads:  lazyregexp.New(`(?:environ(?:\.get)?|getenv)[\[(]\s*["']PORT["'](?:\s*,\s*["']?(\d{2,5}))?`),
		fixed:  lazyregexp.New(`\.listen\(\s*(\d{2,5})\b|(?i:\bport)\s*=\s*["']?(\d{2,5})\b|\(\s*["'][\w.]*["']\s*,\s*(\d{4,5})\s*\)|make_server\([^,()]*,\s*(\d{2,5})`),
		hint:   "serve on `socket.socket(fileno=3)`",
		preset: "proxy",
	}
	// pyPortFlag is a flag for the port: tornado's, argparse's or click's, with its default.
	pyPortFlag = lazyregexp.New(`\b(?:define\(\s*["']|(?:add_argument|option)\([^()]*?["']--)((?:http-?|listen-?)?port)["'][^()]*?\bdefault\s*=\s*["']?(\d{2,5})\b`)
)

// script drafts a program that listens by itself, and tells whether there is one.
func (d *draft) script(p *project, sources []string) bool {
	files := slices.DeleteFunc(untested(sources), func(f string) bool { return path.Base(f) == "setup.py" })
	for _, f := range files {
		text, err := p.read(f)
		if err != nil || !pyMain.MatchString(text) {
			continue
		}
		text = code(f, text)
		i := slices.IndexFunc(pyLibraries, func(l pyLibrary) bool { return l.serves.MatchString(text) })
		if i >= 0 {
			d.scriptIn(p, f, text, pyLibraries[i])
			return true
		}
	}
	return false
}

// scriptIn drafts the program in a file.
func (d *draft) scriptIn(p *project, file, text string, l pyLibrary) {
	d.extends("python-web", file+" serves")
	d.ignore(".trigger")
	slices.Sort(d.ignores)
	run := "exec $PYTHON " + file
	if dir := path.Dir(file); dir != "." && p.has(path.Join(dir, "__init__.py")) && !p.importsNeighbours(file) {
		run = "exec $PYTHON -m " + module(file)
		srcLayout(d, file)
	}
	_, takes := p.search([]string{file}, pyListening.takes)
	_, reads := p.search([]string{file}, pyListening.reads)
	if flag := pyPortFlag.FindStringSubmatch(text); flag != nil && takes == nil && reads == nil {
		run += " --" + flag[1] + "=$PORT"
		d.port(flag[2], "the default in "+file)
	} else {
		d.addressOr(p, []string{file}, pyListening, l.port, file+", whose library listens there if it is not told where")
	}
	if len(d.sockets) > 0 {
		d.syntax("", "true")
	}
	d.processes = append(d.processes, entry{key: "server", comment: "It listens by itself.", sub: []entry{{key: "run", value: yamlText(strings.TrimSpace(run))}}})
}
