package starter

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"devloop/schema/lazyregexp"
)

// air is what is read of a .air.toml.
type air struct {
	Root     string   `toml:"root"`
	Tmp      string   `toml:"tmp_dir"`
	EnvFiles []string `toml:"env_files"`
	Build    airBuild `toml:"build"`
	Proxy    struct {
		Enabled bool `toml:"enabled"`
		Proxy   int  `toml:"proxy_port"`
		App     int  `toml:"app_port"`
	} `toml:"proxy"`
}

type airBuild struct {
	Cmd           string   `toml:"cmd"`
	Bin           string   `toml:"bin"`
	FullBin       string   `toml:"full_bin"`
	Entrypoint    any      `toml:"entrypoint"`
	ArgsBin       []string `toml:"args_bin"`
	PreCmd        []string `toml:"pre_cmd"`
	IncludeExt    []string `toml:"include_ext"`
	IncludeDir    []string `toml:"include_dir"`
	IncludeFile   []string `toml:"include_file"`
	ExcludeDir    []string `toml:"exclude_dir"`
	ExcludeFile   []string `toml:"exclude_file"`
	ExcludeRegex  []string `toml:"exclude_regex"`
	SendInterrupt bool     `toml:"send_interrupt"`
	KillDelay     any      `toml:"kill_delay"`
	Poll          bool     `toml:"poll"`
}

// airLost are keys of a .air.toml without a counterpart, and why; "" if what
// they ask for is so anyway.
var airLost = map[string]string{
	"build.delay":                     "a lone save acts at once; a watcher's `settle` makes it wait",
	"build.exclude_unchanged":         "",
	"build.follow_symlink":            "symbolic links to directories are not followed; name the other directory in `watch`",
	"build.log":                       "`devloop --log-file FILE` keeps a log",
	"build.post_cmd":                  "nothing runs at the end; a process's `stop: {command: …}` runs when it ends",
	"build.rerun":                     "a process that ends by itself is restarted on a failure; `restart: always` restarts it whatever it ended with",
	"build.rerun_delay":               "`backoff: {initial: …}` of the process",
	"build.stop_on_error":             "",
	"build.poll_interval":             "`poll: 500ms` at the top, instead of `poll: true`",
	"build.ignore_dangerous_root_dir": "",
	"color":                           "`--color` is a flag of devloop",
	"log":                             "`--timestamps` and `--log-file` are flags of devloop",
	"misc.clean_on_exit":              "nothing is deleted at the end",
	"screen":                          "`--clear` is a flag of devloop",
	"tmp_dir":                         "",
	"testdata_dir":                    "",
}

func fromAir(d *draft, text []byte) error {
	var a air
	a.Build.Cmd, a.Build.Bin = "go build -o ./tmp/main .", "./tmp/main"
	a.Build.IncludeExt = []string{"go", "tpl", "tmpl", "html"}
	a.Build.ExcludeDir = []string{"assets", "tmp", "vendor", "testdata"}
	a.Build.ExcludeRegex = []string{"_test.go"}
	meta, err := toml.Decode(string(text), &a)
	if err != nil {
		return err
	}
	b := a.Build
	watch := []string{}
	exts := "*" // an empty list leaves out nothing
	switch len(b.IncludeExt) {
	case 0:
	case 1:
		exts = "*." + b.IncludeExt[0]
	default:
		exts = "*.{" + strings.Join(b.IncludeExt, ",") + "}"
	}
	for _, dir := range b.IncludeDir {
		watch = append(watch, strings.Trim(dir, "/")+"/**/"+exts)
	}
	if len(watch) == 0 {
		watch = append(watch, "**/"+exts)
	}
	watch = append(watch, b.IncludeFile...)
	var ignore []string
	for _, dir := range b.ExcludeDir {
		if dir = strings.Trim(strings.TrimPrefix(dir, "./"), "/"); dir != "" {
			ignore = append(ignore, dir+"/**")
		}
	}
	ignore = append(ignore, b.ExcludeFile...)
	for _, re := range b.ExcludeRegex {
		if slices.Contains([]string{"_test.go", `_test\.go`, "_test.go$", `_test\.go$`}, re) {
			ignore = append(ignore, "**/*_test.go")
			continue
		}
		d.lose(lineOf(text, "exclude_regex"), "`exclude_regex`: "+re, "patterns are globs: write one under `ignore`")
	}
	check := entries{{key: "watch", value: flow(watch)}}
	check.add("ignore", flow(ignore))
	check.add("stages", stages(append(slices.Clone(b.PreCmd), b.Cmd)...))
	check.add("trigger", ".trigger")
	d.watchers = append(d.watchers, entry{key: "build", sub: check})

	run := yamlText(b.Bin)
	switch entrypoint, isList := b.Entrypoint.([]any); {
	case b.FullBin != "":
		line := b.FullBin // the shell's, so that the arguments need its quotes
		for _, arg := range b.ArgsBin {
			line += " " + shellWord(arg)
		}
		run = yamlText(line)
	case isList && len(entrypoint) > 0:
		var argv []string
		for _, arg := range entrypoint {
			argv = append(argv, fmt.Sprint(arg))
		}
		run = argvText(append(argv, b.ArgsBin...))
	case b.Entrypoint != nil && !isList:
		run = argvText(append([]string{fmt.Sprint(b.Entrypoint)}, b.ArgsBin...))
	case len(b.ArgsBin) > 0:
		run = argvText(append([]string{b.Bin}, b.ArgsBin...))
	}
	server := entries{{key: "run", value: run}, {key: "watch", value: ".trigger"}}
	if a.Proxy.Enabled && a.Proxy.Proxy > 0 && a.Proxy.App > 0 {
		d.sockets = append(d.sockets, entry{key: "web", sub: []entry{
			{key: "listen", value: fmt.Sprintf("http::%d", a.Proxy.Proxy)}, {key: "via", value: "proxy"}, {key: "to", value: yamlText(fmt.Sprintf("127.0.0.1:%d", a.Proxy.App))},
		}})
		server.add("sockets", "[web]")
	} else {
		d.note("To refuse nobody while the server restarts, give devloop its port: see `devloop help proxy`.")
	}
	server.add("stop", stopOf(b.SendInterrupt, b.KillDelay))
	d.processes = append(d.processes, entry{key: "server", sub: server})
	d.ignore(".trigger", "/tmp/")
	if b.Poll {
		d.top = append(d.top, entry{key: "poll", value: "true"})
	}
	if a.Root != "" && a.Root != "." {
		d.lose(lineOf(text, "root"), "`root`", "paths are relative to devloop.yaml: move it to "+a.Root)
	}
	var values map[string]any
	if _, err := toml.Decode(string(text), &values); err != nil {
		return err
	}
	for _, key := range meta.Keys() {
		name := key.String()
		if off(values, key) {
			continue // it says that something is not wanted
		}
		why, known := airLost[name]
		if !known {
			why, known = airLost[key[0]]
		}
		switch {
		case known && why != "" && len(key) == strings.Count(name, ".")+1 && meta.Type(key...) != "Hash":
			d.lose(lineOf(text, key[len(key)-1]), "`"+name+"`", why)
		case !known && slices.ContainsFunc(meta.Undecoded(), func(k toml.Key) bool { return k.String() == name }) && meta.Type(key...) != "Hash":
			d.lose(lineOf(text, key[len(key)-1]), "`"+name+"`", "devloop has nothing like it")
		}
	}
	return nil
}

// off tells whether a key of a TOML file has a value that means nothing.
func off(values map[string]any, key toml.Key) bool {
	var v any = values
	for _, k := range key {
		m, ok := v.(map[string]any)
		if !ok {
			return false
		}
		v = m[k]
	}
	list, isList := v.([]any)
	return v == false || v == int64(0) || v == "" || v == "0s" || isList && len(list) == 0
}

// shellWord is an argument as a shell reads it back.
func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

var plainWord = lazyregexp.New(`^[A-Za-z0-9_./:=@%+,-]+$`)

// stopOf is how a process is ended; air's delays are durations or numbers.
func stopOf(interrupt bool, delay any) string {
	var keys []string
	if interrupt {
		keys = append(keys, "signal: SIGINT")
	}
	var wait time.Duration
	switch v := delay.(type) {
	case string:
		wait, _ = time.ParseDuration(v) // what is no duration is left out
	case int64: // air takes nanoseconds, but what people write are milliseconds
		wait = time.Duration(v)
		if wait < time.Millisecond {
			wait *= 1e6
		}
	}
	if wait > 0 {
		keys = append(keys, "timeout: "+wait.String())
	}
	return braced(keys)
}

// lineOf finds a key of a TOML file; 0 if it is not there.
func lineOf(text []byte, key string) int {
	re := regexp.MustCompile(`^\s*"?` + regexp.QuoteMeta(key) + `"?\s*=`)
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if re.MatchString(line) {
			return n
		}
	}
	return 0
}
