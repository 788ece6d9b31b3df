package starter

import (
	"path"
	"slices"
	"strings"

	"devloop/schema/lazyregexp"
)

var (
	goMain   = lazyregexp.New(`(?m)^package main\b`)
	goServer = lazyregexp.New(`http\.(ListenAndServe|Serve|Server\{)|gin\.(Default|New)\(|echo\.New\(|fiber\.New\(|grpc\.NewServer\(|fasthttp\.ListenAndServe|caddyhttp`)
	ginRuns  = lazyregexp.New(`gin\.(?:Default|New)\(\)(?s:.*)\.Run\(\)`)

	goListening = listening{
		takes:  lazyregexp.New(`go-systemd/\S*activation|net\.FileListener\(|LISTEN_FDS`),
		reads:  lazyregexp.New(`(?:Getenv|LookupEnv)\("PORT"\)(?:[^\n]*\n){0,5}?[^\n]*?"?:?(\d{4,5})"|(?:Getenv|LookupEnv)\("PORT"\)`),
		fixed:  lazyregexp.New(`"(?:127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1?\])?:(\d{2,5})"|Int(?:Var)?\((?:&?[\w.]+,\s*)?"(?:http-?)?port",\s*(\d{2,5})`),
		hint:   "listen with `net.FileListener(os.NewFile(3, \"web\"))`, as `devloop help sockets` shows",
		preset: "inherit",
	}
)

func lookGo(at *project) (*draft, error) {
	root := at.moduleRoot()
	if root == "" || at.has("theme.toml") && len(at.sources(".go")) == 0 {
		return nil, nil
	}
	p := &goModule{at, root}
	var sources, mains []string
	for _, f := range p.sources(".go") {
		if strings.HasSuffix(f, "_test.go") || strings.HasPrefix(path.Base(f), "_") {
			continue
		}
		text, err := p.read(f)
		if err != nil {
			return nil, err
		}
		if generated.MatchString(text) && !goMain.MatchString(text) {
			continue
		}
		sources = append(sources, f)
		if dir := path.Dir(f); goMain.MatchString(code(f, text)) && !slices.Contains(mains, dir) && !strings.Contains(text, "//go:build ignore") {
			mains = append(mains, dir)
		}
	}
	d := &draft{by: "go.mod"}
	file, found := p.search(sources, goServer)
	if found == nil || len(mains) == 0 {
		d.extends("go", "")
		watchGoLocal(d, p, "**/{*.{go,s,c,h,tmpl},testdata/**,go.mod,go.sum}")
		return d, nil
	}
	main, from := p.mainPackage(mains, sources, file), "the package of the server"
	if len(mains) > 1 {
		from = "a guess, as " + file + " serves"
	}
	s, runs := p.command(goRuns)
	if runs != nil && slices.Contains(mains, goDir(group(runs))) {
		main, from = goDir(group(runs)), s.from
	} else {
		runs = nil
	}
	asked := false
	if runs == nil {
		options := append([]string{main}, slices.DeleteFunc(slices.Clone(mains), func(m string) bool { return m == main })...)
		var i int
		if i, asked = p.tools.choose("Which main package is the server?", options); asked {
			main, from = options[i], "as you chose"
			if f, m := p.search(slices.DeleteFunc(slices.Clone(sources), func(f string) bool { return path.Dir(f) != main }), goServer); m != nil {
				file = f
			}
		}
	}
	l, err := p.otherLoop(goPlain, goExts)
	if err != nil {
		return nil, err
	}
	d.extends("go-web", file+" serves")
	program := d.ownLoop(l, "bin/server $ARGS")
	if main != "." {
		d.set("MAIN", "./"+main, from)
	}
	args := arguments(s.command, runs)
	if runs == nil || !strings.Contains(runs[0], "run") {
		args = ""
	}
	if args == "" {
		s, args = p.binaryArguments(main)
	}
	if args != "" && !readsPort.MatchString(args) {
		d.set("ARGS", args, s.from)
	}
	if len(mains) > 1 && runs == nil && !asked {
		d.note("There are %d main packages (%s): MAIN says which one is the server.", len(mains), strings.Join(mains, ", "))
	}
	// The main package's own files come first, where flags and defaults are; those
	// of the others say nothing of this one.
	sources = slices.DeleteFunc(sources, func(f string) bool { return path.Dir(f) != main && slices.Contains(mains, path.Dir(f)) })
	slices.SortStableFunc(sources, func(a, b string) int { return within(b, main) - within(a, main) })
	if readsPort.MatchString(args) {
		d.set("VIA", "proxy", s.from+" gives it $PORT")
		d.processes = append(d.processes, entry{key: "server", comment: "As " + s.from + " has it.", sub: []entry{{key: "run", value: yamlText(strings.Replace(program, "$ARGS", args, 1))}}})
	} else if file, m := p.search(sources, ginRuns); m != nil {
		d.port("8080", "gin's default")
		d.set("VIA", "proxy", "gin's Run() in "+file+" reads $PORT, which devloop then chooses")
	} else if t, ok := p.told(sources, main); ok && !takesOrReads(p.project, sources, goListening) {
		d.option(p.project, t, program, sources, goListening)
	} else {
		d.address(p.project, sources, goListening)
	}
	if l != nil && program != "bin/server $ARGS" && len(d.processes) == 0 {
		server := d.server("As " + l.file + " has it.")
		server.sub = append(server.sub, entry{key: "run", value: yamlText(program)})
	}
	if l != nil && l.stop != "" {
		server := d.server("It ends as " + l.file + " has it.")
		server.sub = append(server.sub, entry{key: "stop", value: l.stop})
	}
	goSources(d, p, sources, l)
	d.ignore(".trigger", "/bin/")
	return d, nil
}

var (
	// goPlain is a build that the preset's own stage does as well.
	goPlain = lazyregexp.New(`^\s*go\s+build\s+(?:-(?:v|buildvcs=\w+)\s+)*(?:-o[= ]\S+\s*)?(?:-(?:v|buildvcs=\w+)\s+)*(?:\.\S*|[\w./-]+\.go)?\s*$`)
	goExts  = []string{"go", "html", "tmpl", "sql", "mod", "sum"}
)

var goEmbed = lazyregexp.New(`(?m)^//go:embed\s+(.+)$`)

// goSources runs what the server is built from, beside what the preset knows: embedded files, modules of other
// directories, and templ's components, which are generated first.
func goSources(d *draft, p *goModule, sources []string, l *loop) {
	const preset = "**/*.{go,html,tmpl,sql,mod,sum}"
	patterns := []string{preset}
	for _, f := range sources {
		text, err := p.read(f)
		if err != nil {
			continue
		}
		for _, m := range goEmbed.FindAllStringSubmatch(text, -1) {
			for _, file := range strings.Fields(m[1]) {
				at := path.Join(path.Dir(f), strings.Trim(strings.TrimPrefix(strings.Trim(file, "\"`"), "all:"), "/"))
				if !slices.Contains([]string{".go", ".html", ".tmpl", ".sql"}, path.Ext(at)) && !slices.Contains(patterns, at) {
					patterns = append(patterns, at)
				}
			}
		}
	}
	embedded := len(patterns) > 1
	for _, dir := range p.local() {
		patterns = append(patterns, path.Join(dir, "**/*.{go,mod,sum}"))
	}
	const build = "go build -o bin/server $MAIN"
	own := l.stages(build)
	templ := len(p.sources(".templ")) > 0
	if templ {
		patterns = append(patterns, "**/*.templ")
	}
	var ignore []string
	if l != nil {
		for _, more := range l.patterns {
			if !slices.Contains(patterns, more) {
				patterns = append(patterns, more)
			}
		}
		ignore = l.ignore
	}
	var reasons []string
	for _, r := range []struct {
		is   bool
		what string
	}{
		{embedded, "what is embedded"}, {len(p.local()) > 0, "the modules of other directories that this one is built from"},
		{templ, "templ's components"}, {l != nil && len(l.patterns) > 0, "what " + l.name() + " has"},
	} {
		if r.is {
			reasons = append(reasons, r.what)
		}
	}
	var watch, why string
	if len(reasons) > 0 {
		watch, why = flow(patterns), "The preset's pattern, and "+listed(reasons, "and")+"."
	}
	if templ && !slices.ContainsFunc(own, func(s string) bool { return strings.Contains(s, "templ ") }) {
		if own == nil {
			own = []string{build}
		}
		own = append([]string{"templ generate"}, own...)
	}
	if templ && !slices.Contains(ignore, "**/*_templ.go") {
		ignore = append([]string{"**/*_templ.go"}, ignore...)
	}
	switch {
	case own != nil:
		if why == "" {
			why = "The stages of " + l.name() + "."
		}
		d.buildAndTest(why, watch, own, []string{"go vet ./...", "go test ./..."})
	case watch != "" || len(ignore) > 0:
		check := entry{key: "check", comment: why}
		if watch != "" {
			check.sub = append(check.sub, entry{key: "watch", value: watch})
		}
		d.watchers = append(d.watchers, check)
	default:
		return
	}
	if len(ignore) > 0 {
		i := slices.IndexFunc(d.watchers, func(w entry) bool { return w.key == "check" })
		from := "what templ generates"
		if l != nil && len(l.ignore) > 0 {
			from = "as " + l.file + " has it; the tests still see it"
		}
		d.watchers[i].sub = append(d.watchers[i].sub, entry{key: "ignore", value: flow(ignore), comment: from})
	}
}

// goRuns is a command that builds or runs a main package.
var goRuns = lazyregexp.New(`\bgo\s+(?:run|build|install)\s+(?:-\w+(?:[= ](?:"[^"]*"|'[^']*'|\./\S+|[\w/.-]+))?\s+)*?(\.\S*|[\w./-]+\.go)(?:\s|$)`)

var (
	goOutput     = lazyregexp.New(`\bgo\s+build\s[^&|;]*?-o[= ]["']?([\w./-]+)`)
	beforeBinary = lazyregexp.New(`^(?:(?:exec|env|sh|bash|-c|\w+=\S*)\s+)*`)
)

// binaryArguments are those that the project starts its own binary with, up to what only a container has.
func (p *goModule) binaryArguments(main string) (said, string) {
	mod, err := p.read(path.Join(p.root, "go.mod"))
	if err != nil {
		return said{}, ""
	}
	names := []string{path.Base(moduleName(mod)), path.Base(main)}
	for _, s := range p.commands() {
		if m := goOutput.FindStringSubmatch(s.command); m != nil {
			names = append(names, path.Base(m[1]))
		}
	}
	for _, s := range p.commands() {
		command := strings.Trim(strings.TrimPrefix(s.command, beforeBinary.FindString(s.command)), `"'`)
		program, rest, _ := strings.Cut(command, " ")
		if !slices.Contains(names, path.Base(program)) {
			continue
		}
		if args := arguments(command, []string{program}); args != "" && !strings.Contains(rest, " /") && !strings.Contains(rest, "=/") {
			return s, args
		}
	}
	return said{}, ""
}

// goDir is the directory of a package or of one of its files.
func goDir(arg string) string {
	if strings.HasSuffix(arg, ".go") {
		return path.Dir(path.Clean(arg))
	}
	return path.Clean(arg)
}

func within(file, dir string) int {
	if path.Dir(file) == dir {
		return 1
	}
	return 0
}

// mainPackage picks the server's: the one that holds the file that serves,
// the root, one that takes a socket or reads a port, one with a server's name,
// one with a port in it, the first.
func (p *goModule) mainPackage(mains, sources []string, file string) string {
	if dir := path.Dir(file); slices.Contains(mains, dir) {
		return dir
	}
	if slices.Contains(mains, ".") {
		return "."
	}
	has := func(re *lazyregexp.Regexp) func(dir string) bool {
		return func(dir string) bool {
			own := slices.DeleteFunc(slices.Clone(sources), func(f string) bool { return path.Dir(f) != dir })
			_, m := p.search(own, re)
			return m != nil
		}
	}
	named := func(dir string) bool {
		client, daemon := strings.CutSuffix(dir, "d") // shopd beside shop
		return goServerName.MatchString(dir) || daemon && slices.Contains(mains, client)
	}
	for _, serves := range []func(dir string) bool{has(goListening.takes), has(goListening.reads), named, has(goListening.fixed)} {
		if i := slices.IndexFunc(mains, serves); i >= 0 {
			return mains[i]
		}
	}
	return mains[0]
}

var goServerName = lazyregexp.New(`(server|web|api|http|serve)[^/]*$`)
