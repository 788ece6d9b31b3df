package starter

import (
	"fmt"
	"path"
	"strings"

	"devloop/schema/lazyregexp"
)

// told is how a server is told its address where it is not by $PORT: by a flag, or by another variable.
type told struct {
	flag    string // with its dashes, such as -addr; "" if it is a variable
	short   string // the flag's other name, with its dash; "" if it has none
	env     string // the variable; "" if it is a flag
	value   string // what it is given: the shell fills in $PORT
	port    string // its default, "" if none is known
	place   string // where it stands, such as main.go:12
	command string // the subcommand that has the flag, "" if it is the program's own
	after   bool   // the flag comes behind the subcommand and its arguments
}

// what is the words for it.
func (t told) what() string {
	if t.env != "" {
		return "$" + t.env
	}
	return t.flag
}

// addressName takes the words of a flag's or variable's name apart.
var addressName = lazyregexp.New(`[A-Z]?[a-z0-9]+|[A-Z]+`)

// Words of names: what an address is called, what may stand beside that, and what tells that it is
// another one's than the server's.
var (
	addressWords = words("addr address listen listener listenaddr bind bindaddr endpoint")
	portWords    = words("port")
	serverWords  = words("http web www server serve api app service site listen bind public main ui backend host tcp local")
	otherWords   = words("db database redis pg postgres postgresql mysql mariadb mongo mongodb smtp mail email imap pop3 kafka nats amqp rabbit rabbitmq mq metrics metric " +
		"pprof debug profile profiler profiling admin grpc rpc proxy upstream remote target peer statsd otel otlp jaeger tracing trace memcache memcached elastic elasticsearch " +
		"etcd consul vault ldap ssh ftp dns mqtt tls ssl https test mock client external advertise prometheus health from to sender ip mac wallet contract cache queue s3 minio " +
		"cassandra influx influxdb clickhouse temporal archive telnet gossip raft cluster storage postgrest forward socks tunnel")
)

func words(text string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(text) {
		all[w] = true
	}
	return all
}

// addressRank tells how surely a name is that of the server's own address, and whether it is of a port
// alone: 0 not at all, 1 if its default says so too, 2 by itself.
func addressRank(name string) (rank int, port bool) {
	var last string
	rank = 2
	all := addressName.FindAllStringSubmatch(name, -1)
	for i, m := range all {
		w := strings.ToLower(m[0])
		last = w
		switch {
		case otherWords[w]:
			return 0, false
		case !serverWords[w] && !addressWords[w] && !portWords[w] && i < len(all)-1:
			rank = 1 // the project's name, most often
		}
	}
	if rank == 1 && len(all) > 2 && serverWords[strings.ToLower(all[1][0])] {
		rank = 2 // GOTIFY_SERVER_PORT
	}
	switch {
	case portWords[last]:
		return rank, true
	case addressWords[last]:
		return rank, false
	case last == "http" || last == "web" || last == "p" || last == "l" || last == "a":
		return 1, last == "p"
	}
	return 0, false
}

var (
	addressText = lazyregexp.New(`^(?:[\w.-]*|\[[0-9a-fA-F:]*\]):(\d{2,5})$`)
	portText    = lazyregexp.New(`^\d{2,5}$`)
)

// candidate makes what a flag or a variable says of an address, from its name, its default and its
// words; false if it is none. The rank is how sure that is.
func candidate(name, def, about string, env bool) (t told, rank int, ok bool) {
	rank, isPort := addressRank(name)
	if rank == 0 {
		return t, 0, false
	}
	switch m := addressText.FindStringSubmatch(def); {
	case m != nil && strings.HasPrefix(def, ":") && isPort:
		t.port, t.value = m[1], ":$PORT" // it may follow a host
	case m != nil:
		t.port, t.value = m[1], "127.0.0.1:$PORT"
	case portText.MatchString(def):
		t.port, t.value = def, "$PORT"
	case def != "" && def != "0" && def != ":":
		return t, 0, false
	case rank < 2 && (env || !aboutAddress.MatchString(about)):
		return t, 0, false
	case isPort:
		t.value = "$PORT"
	default:
		t.value = "127.0.0.1:$PORT"
	}
	for _, other := range elsewhere {
		if t.port == other && other != "80" && other != "443" {
			return t, 0, false
		}
	}
	if rank == 1 && t.port == "" && len(name) == 1 {
		return t, 0, false
	}
	return t, rank, true
}

var aboutAddress = lazyregexp.New(`(?i)\baddr|\blisten|\bbind|host:port|\bport\b`)

// option writes the server's command so that it listens where devloop says. program is how the preset
// runs it, with $ARGS.
// files are the server's sources.
func (d *draft) option(p *project, t told, program string, files []string, l listening) {
	at, fallback := p.port(files, l.fixed)
	from := "a guess, from " + t.place
	if port, at := p.portInEnv(t); port != "" {
		t.port, from = port, at
	}
	args := ""
	for _, v := range d.vars {
		if v.key == "ARGS" {
			args = v.value
		}
	}
	if t.flag != "" && args != "" {
		if rest, value, found := without(args, t.flag, t.short); found {
			d.set("ARGS", rest, strings.TrimSpace("without "+t.flag+", which `run` has"))
			if m := portAtEnd.FindString(value); m != "" {
				t.port, from = m, "among its arguments"
			}
			args = rest
		}
	}
	if t.command != "" && args == "" {
		d.set("ARGS", t.command, "a guess, from "+t.place+": the subcommand that has "+t.flag)
	}
	if t.env == "PORT" && t.value == "$PORT" {
		d.port(t.port, from)
		d.set("VIA", "proxy", t.place+" reads $PORT, which devloop then chooses")
		return
	}
	if t.port == "" {
		t.port, from = fallback, "a guess, from "+at
	}
	d.port(t.port, from)
	d.set("VIA", "proxy", "the server listens where `run` tells it to")
	switch {
	case t.env != "":
		program = "env " + t.env + "=" + t.value + " " + strings.TrimPrefix(program, "env ")
	case t.after:
		program += " " + t.flag + " " + t.value
	default:
		program = strings.Replace(program, " $ARGS", " "+t.flag+" "+t.value+" $ARGS", 1)
	}
	server := d.server(fmt.Sprintf("A guess, from %s: %s says where it listens.", t.place, t.what()))
	server.sub = append(server.sub, entry{key: "run", value: yamlText(program)})
	d.note("devloop forwards connections to the server, which it tells a port by %s (a guess, from %s). Without that step: %s, and `VIA: inherit`, without `processes`.", t.what(), t.place, l.hint)
}

var portAtEnd = lazyregexp.New(`\d{2,5}$`)

// without takes a flag and its value out of arguments.
func without(args string, names ...string) (rest, value string, found bool) {
	var kept []string
	fields := strings.Fields(args)
	for i := 0; i < len(fields); i++ {
		hit := false
		for _, name := range names {
			bare := strings.TrimLeft(name, "-")
			flag, v, has := strings.Cut(strings.TrimLeft(fields[i], "-"), "=")
			if name == "" || !strings.HasPrefix(fields[i], "-") || flag != bare {
				continue
			}
			hit, found, value = true, true, v
			if !has && i+1 < len(fields) {
				i++
				value = fields[i]
			}
			break
		}
		if !hit {
			kept = append(kept, fields[i])
		}
	}
	return strings.Join(kept, " "), value, found
}

// portInEnv is the port that a variable has in the project's .env, or in the sample of one.
func (p *project) portInEnv(t told) (port, from string) {
	if t.env == "" {
		return "", ""
	}
	for _, file := range []string{".env", ".env.example", ".env.sample", ".env.template", ".env.dist"} {
		text, err := p.read(file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(text) {
			name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
			if ok && strings.TrimSpace(name) == t.env {
				if m := portAtEnd.FindString(strings.Trim(strings.TrimSpace(value), `"'`)); m != "" {
					return m, path.Base(file) + " has it"
				}
			}
		}
	}
	return "", ""
}
