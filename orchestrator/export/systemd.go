package export

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"devloop/schema"
)

// systemd writes a .service for each process, and a .socket for each socket
// that one inherits: the same addresses, the same protocol (systemd.socket(5),
// sd_listen_fds(3)).
func (e *exporter) systemd() {
	served := map[string]string{} // socket: the service that it starts
	for i := range e.cfg.Processes {
		p := &e.cfg.Processes[i]
		for _, s := range e.inherited(p) {
			if _, taken := served[s.Name]; !taken {
				served[s.Name] = p.Name
			} else {
				e.lose("socket %s: a connection starts %s only; start the other processes that share it yourself", s.Name, served[s.Name])
			}
		}
	}
	for i := range e.cfg.Sockets {
		s := &e.cfg.Sockets[i]
		if by, ok := served[s.Name]; ok && e.fixed(s) {
			e.files = append(e.files, File{e.unit(s.Name) + ".socket", []byte(e.socket(s, by))})
		}
	}
	for i := range e.cfg.Processes {
		p := &e.cfg.Processes[i]
		e.files = append(e.files, File{e.unit(p.Name) + ".service", []byte(e.service(p))})
	}
	for i := range e.files {
		f := &e.files[i]
		f.Text = append([]byte(e.head(f.Name)), f.Text...)
	}
}

// head says in a unit what it lacks.
func (e *exporter) head(file string) string {
	u := &unit{}
	u.comment("Written by devloop export systemd from %s.", filepath.Base(e.cfg.File))
	for _, l := range e.lost {
		what, rest, _ := strings.Cut(l, ": ")
		kind, name, _ := strings.Cut(what, " ")
		switch {
		case kind == "watcher" && strings.HasSuffix(file, ".service"):
			u.comment("Not here: %s", l)
		case kind == "process" && file == e.unit(name)+".service", kind == "socket" && file == e.unit(name)+".socket":
			u.comment("Not here: %s", rest)
		}
	}
	return u.String()
}

func (e *exporter) unit(name string) string { return e.name + "-" + unitName(name) }

// fixed reports whether a socket has an address that a unit can name.
func (e *exporter) fixed(s *schema.Socket) bool {
	if s.Listen.Type != schema.Unix && s.Listen.Port == 0 {
		e.lose("socket %s: systemd picks no free port; write one instead of 0", s.Name)
		return false
	}
	return true
}

func (e *exporter) socket(s *schema.Socket, by string) string {
	u := &unit{}
	u.section("Unit")
	u.set("Description", literal(e.cfg.Name+": the socket "+s.Name))
	u.section("Socket")
	address := s.Listen.Addr()
	if s.Listen.Host == "localhost" {
		u.comment("devloop also reserves the port of ::1; systemd has nothing like it.")
		e.lose("socket %s: the same port of ::1 is not reserved", s.Name)
		address = "127.0.0.1:" + strconv.Itoa(s.Listen.Port)
	}
	if s.Listen.Type == schema.UDP {
		u.set("ListenDatagram", address)
	} else {
		u.set("ListenStream", literal(address))
	}
	u.set("FileDescriptorName", unitName(s.Short))
	u.set("Service", e.unit(by)+".service")
	if s.Listen.Type == schema.Unix {
		u.set("SocketMode", fmt.Sprintf("%#o", s.Mode))
		u.set("RemoveOnStop", "yes")
	}
	if s.Backlog > 0 {
		u.set("Backlog", strconv.Itoa(s.Backlog))
	}
	if strings.Contains(s.Listen.Host, ":") {
		u.set("BindIPv6Only", "ipv6-only")
	}
	u.section("Install")
	u.set("WantedBy", "sockets.target")
	return u.String()
}

func (e *exporter) service(p *schema.Process) string {
	u := &unit{}
	u.section("Unit")
	u.set("Description", literal(e.cfg.Name+": "+p.Name))
	e.after(u, p)
	if p.Restart != schema.RestartNever {
		if p.Backoff.GiveUp > 0 {
			u.set("StartLimitIntervalSec", "300")
			u.set("StartLimitBurst", strconv.Itoa(p.Backoff.GiveUp))
		} else {
			u.set("StartLimitIntervalSec", "0")
		}
	}
	u.section("Service")
	switch {
	case e.needed(p, schema.Succeeded):
		u.set("Type", "oneshot")
		u.set("RemainAfterExit", "yes")
	case p.Ready != nil && p.Ready.Notify:
		u.set("Type", "notify")
		u.set("NotifyAccess", "all")
		u.set("TimeoutStartSec", seconds(p.Ready.Timeout))
	default:
		u.set("Type", "exec")
		if p.Ready != nil {
			e.lose("process %s: systemd does not ask whether it is ready; `ready: notify` would tell", p.Name)
		}
	}
	u.set("WorkingDirectory", literal(p.Dir))
	e.environment(u, p)
	e.sockets(u, p)
	u.comment("systemd looks for programs in its own PATH, not in your shell's.")
	u.set("ExecStart", e.exec(p.Run, e.argv(p), p.Dir))
	if p.Reload != "" {
		u.set("ExecReload", "/bin/kill -"+strings.TrimPrefix(p.Reload, "SIG")+" $MAINPID")
	}
	e.stop(u, p)
	if p.PTY {
		e.lose("process %s: it gets no terminal", p.Name)
	}
	if len(p.Watch) > 0 {
		e.lose("process %s: no change of a file restarts it; `systemctl restart` does", p.Name)
	}
	if p.Update == schema.StartFirst {
		e.lose("process %s: systemd stops the old one before it starts the new one", p.Name)
	}
	if p.Start {
		u.section("Install")
		u.set("WantedBy", "default.target")
	}
	return u.String()
}

// after orders the service behind what it depends on.
func (e *exporter) after(u *unit, p *schema.Process) {
	for _, dep := range p.DependsOn {
		q := e.cfg.Process(dep.Name)
		if q == nil {
			continue // a watcher, which has been told
		}
		name := e.unit(q.Name) + ".service"
		u.set("Requires", name)
		u.set("After", name)
		if dep.Condition == schema.IsReady && (q.Ready == nil || !q.Ready.Notify) {
			e.lose("process %s: it starts when %s has been started; only `ready: notify` makes systemd wait until that is ready", p.Name, q.Name)
		}
		if dep.Restart {
			u.set("PartOf", name)
		}
	}
}

// needed reports whether somebody waits for that condition of p.
func (e *exporter) needed(p *schema.Process, c schema.Condition) bool {
	for i := range e.cfg.Processes {
		for _, dep := range e.cfg.Processes[i].DependsOn {
			if dep.Name == p.Name && dep.Condition == c {
				return true
			}
		}
	}
	return false
}

func (e *exporter) environment(u *unit, p *schema.Process) {
	set, unset, files := variables(p)
	for _, f := range files {
		path := f.Path
		if !f.Required {
			path = "-" + path
		}
		u.set("EnvironmentFile", literal(path))
		if f.Refers() {
			e.lose("process %s: systemd leaves a `$NAME` in %s as it is; devloop fills it in", p.Name, e.relative(f.Path))
		}
	}
	if len(files) > 0 && len(set) > 0 {
		e.lose("process %s: for systemd a variable of an env_file beats one of `env`; for devloop it is the other way round", p.Name)
	}
	for _, v := range set {
		u.set("Environment", quoted(v.Name+"="+v.Value))
	}
	for _, name := range unset {
		u.set("UnsetEnvironment", name)
	}
}

// sockets says which sockets the service gets, and what else devloop would set.
func (e *exporter) sockets(u *unit, p *schema.Process) {
	var units []string
	for _, s := range e.inherited(p) {
		if e.fixed(s) {
			units = append(units, e.unit(s.Name)+".socket")
		}
	}
	if len(units) > 0 {
		u.set("Sockets", strings.Join(units, " "))
	}
	if len(units) > 1 {
		u.comment("systemd promises no order of several sockets: go by LISTEN_FDNAMES.")
		e.lose("process %s: the order of its sockets is not kept; go by LISTEN_FDNAMES", p.Name)
	}
	if len(units) > 0 && p.Run.Argv == nil && !strings.HasPrefix(shellText(p.Run), "exec ") {
		e.lose("process %s: its shell stays, so LISTEN_PID is the shell's; write `exec` before the server", p.Name)
	}
	own := e.own(p)
	for _, name := range slices.Sorted(maps.Keys(own)) {
		u.set("Environment", quoted(name+"="+own[name]))
	}
	if s := e.proxied(p); s != nil {
		if s.To != "" {
			e.lose("socket %s: nobody forwards %s to %s, where the server listens", s.Name, s.Listen.Addr(), s.To)
			return
		}
		u.comment("The server binds the port itself: no request waits while it restarts.")
		e.lose("socket %s: the server binds port %d itself, so no request waits while it restarts", s.Name, s.Listen.Port)
	}
}

func (e *exporter) stop(u *unit, p *schema.Process) {
	switch {
	case p.Stop.Command != nil:
		// The name of the pid is devloop's; systemd has another one.
		u.set("ExecStop", "/usr/bin/env DEVLOOP_PID=${MAINPID} "+e.exec(*p.Stop.Command, p.Stop.Command.Argv, p.Dir))
	case p.Stop.Signal != "SIGTERM":
		u.set("KillSignal", p.Stop.Signal)
	}
	if p.Stop.LeaderOnly {
		u.set("KillMode", "mixed")
	}
	u.set("TimeoutStopSec", seconds(p.Stop.Timeout))
	switch p.Restart {
	case schema.RestartAlways:
		if e.needed(p, schema.Succeeded) {
			e.lose("process %s: a unit that others wait for until it has ended cannot be restarted always", p.Name)
			return
		}
		u.set("Restart", "always")
	case schema.RestartOnFailure:
		u.set("Restart", "on-failure")
	case schema.RestartNever:
		u.set("Restart", "no")
		return
	}
	u.set("RestartSec", seconds(p.Backoff.Initial))
	if p.Backoff.Max > p.Backoff.Initial {
		e.lose("process %s: systemd before version 254 does not wait longer from one restart to the next", p.Name)
	}
}

// exec is a command line of a unit. A relative program is one of the working
// directory; a name is left to systemd, which looks in its own PATH.
func (e *exporter) exec(c schema.Command, argv []string, dir string) string {
	if argv == nil {
		argv = append(slices.Clone(c.Shell().Argv), shellText(c))
	} else if strings.ContainsRune(argv[0], os.PathSeparator) && !filepath.IsAbs(argv[0]) {
		argv = slices.Clone(argv)
		argv[0] = filepath.Join(dir, argv[0])
	}
	words := make([]string, len(argv))
	for i, arg := range argv {
		words[i] = quoted(strings.ReplaceAll(arg, "$", "$$")) // or systemd fills it in
	}
	return strings.Join(words, " ")
}

// seconds is a time span as systemd.time(7) has it.
func seconds(d time.Duration) string {
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10)
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}
