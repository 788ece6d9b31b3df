package export

import (
	"bytes"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"devloop/schema"
)

// service is what a process maps to. The order is that of the file.
type service struct {
	Build       string               `yaml:"build"`
	Command     []string             `yaml:"command,flow"`
	Environment map[string]string    `yaml:"environment,omitempty"`
	EnvFile     []envFile            `yaml:"env_file,omitempty"`
	Ports       []string             `yaml:"ports,omitempty"`
	DependsOn   map[string]condition `yaml:"depends_on,omitempty"`
	Healthcheck *healthcheck         `yaml:"healthcheck,omitempty"`
	Restart     string               `yaml:"restart,omitempty"`
	StopSignal  string               `yaml:"stop_signal,omitempty"`
	StopGrace   string               `yaml:"stop_grace_period,omitempty"`
	TTY         bool                 `yaml:"tty,omitempty"`
	Profiles    []string             `yaml:"profiles,omitempty"`
}

type envFile struct {
	Path     string `yaml:"path"`
	Required bool   `yaml:"required"`
}

type condition struct {
	Condition string `yaml:"condition"`
	Restart   bool   `yaml:"restart,omitempty"`
}

type healthcheck struct {
	Test     []string `yaml:"test,flow"`
	Interval string   `yaml:"interval,omitempty"`
}

// compose writes a service for each process. Its image is built here: what is
// in it is for a Dockerfile, which no devloop.yaml knows.
func (e *exporter) compose() error {
	services := &yaml.Node{Kind: yaml.MappingNode}
	for i := range e.cfg.Processes {
		p := &e.cfg.Processes[i]
		var value yaml.Node
		if err := value.Encode(e.composeService(p)); err != nil {
			return err
		}
		services.Content = append(services.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: unitName(p.Name)}, &value)
	}
	root := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "services"}, services}}
	var b bytes.Buffer
	b.WriteString("# Written by devloop export compose from " + filepath.Base(e.cfg.File) + ".\n")
	b.WriteString("# Each service is built from ./Dockerfile, which has to hold the project and what its commands need.\n")
	for _, l := range e.lost {
		b.WriteString("# Not here: " + l + "\n")
	}
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return err
	}
	e.files = append(e.files, File{"compose.yaml", b.Bytes()})
	return nil
}

func (e *exporter) composeService(p *schema.Process) service {
	s := service{Build: ".", Environment: map[string]string{}}
	argv := e.argv(p)
	if argv == nil {
		argv = append(append([]string(nil), p.Run.Shell().Argv...), shellText(p.Run))
	}
	for _, arg := range argv {
		s.Command = append(s.Command, dollars(arg))
	}
	set, unset, files := variables(p)
	for _, v := range set {
		s.Environment[v.Name] = dollars(v.Value)
	}
	if len(unset) > 0 {
		e.lose("process %s: a container has none of your shell's variables, so there is nothing to unset", p.Name)
	}
	for _, f := range files {
		s.EnvFile = append(s.EnvFile, envFile{e.relative(f.Path), f.Required})
	}
	for _, ref := range p.Sockets {
		e.composePort(&s, p, e.cfg.Socket(ref.Name))
	}
	for _, dep := range p.DependsOn {
		q := e.cfg.Process(dep.Name)
		if q == nil {
			continue // a watcher, which has been told
		}
		if s.DependsOn == nil {
			s.DependsOn = map[string]condition{}
		}
		s.DependsOn[unitName(q.Name)] = condition{e.composeCondition(p, q, dep.Condition), dep.Restart}
	}
	s.Healthcheck = e.composeHealth(p)
	switch p.Restart {
	case schema.RestartAlways:
		s.Restart = "always"
	case schema.RestartOnFailure:
		s.Restart = "on-failure"
		if p.Backoff.GiveUp > 0 {
			s.Restart += ":" + strconv.Itoa(p.Backoff.GiveUp)
		}
	}
	if p.Stop.Command != nil {
		e.lose("process %s: `stop.command` has no counterpart; it gets a signal", p.Name)
	} else if p.Stop.Signal != "SIGTERM" {
		s.StopSignal = p.Stop.Signal
	}
	s.StopGrace = p.Stop.Timeout.String()
	s.TTY = p.PTY
	if !p.Start {
		s.Profiles = []string{"manual"}
	}
	if rel := e.relative(p.Dir); rel != "." {
		e.lose("process %s: `dir` is %s of this project; the image decides where that is: set `working_dir`", p.Name, rel)
	}
	if len(p.Watch) > 0 {
		e.lose("process %s: no change of a file restarts it; `develop: watch:` of compose syncs files into the image", p.Name)
	}
	if p.Reload != "" {
		e.lose("process %s: no signal is sent on a change", p.Name)
	}
	return s
}

// composePort publishes a socket's address. Within the container the server
// binds it by itself, on every address: nobody holds it.
func (e *exporter) composePort(s *service, p *schema.Process, socket *schema.Socket) {
	if socket.Listen.Type == schema.Unix || socket.Listen.Port == 0 {
		e.lose("socket %s: only a fixed port can be published", socket.Name)
		return
	}
	host := socket.Listen.Host
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	port := strconv.Itoa(socket.Listen.Port)
	published := host + ":" + port + ":" + port
	if socket.Listen.Type == schema.UDP {
		published += "/udp"
	}
	s.Ports = append(s.Ports, published)
	if s.Environment["PORT"] == "" || socket.Via == schema.ViaProxy {
		s.Environment["PORT"] = port
	}
	e.lose("socket %s: nobody holds it; %s has to bind port %s of its container itself, on 0.0.0.0, and requests are refused while it restarts", socket.Name, p.Name, port)
}

func (e *exporter) composeCondition(p, q *schema.Process, c schema.Condition) string {
	switch c {
	case schema.Succeeded:
		return "service_completed_successfully"
	case schema.IsReady:
		if q.Ready != nil && (q.Ready.Exec != nil || q.Ready.HTTP != "" || q.Ready.TCP != "") {
			return "service_healthy"
		}
		e.lose("process %s: it starts when %s has been started, which has no check that a container could run", p.Name, q.Name)
	}
	return "service_started"
}

func (e *exporter) composeHealth(p *schema.Process) *healthcheck {
	if p.Ready == nil {
		return nil
	}
	h := &healthcheck{Interval: p.Ready.Interval.String()}
	if p.Ready.Interval == 0 {
		h.Interval = "1s"
	}
	switch r := p.Ready; {
	case r.Exec != nil && r.Exec.Argv != nil:
		h.Test = append([]string{"CMD"}, r.Exec.Argv...)
	case r.Exec != nil:
		h.Test = []string{"CMD-SHELL", r.Exec.Text}
	case r.HTTP != "":
		url := r.HTTP
		if strings.HasPrefix(url, "/") {
			port := 80
			for _, ref := range p.Sockets {
				if s := e.cfg.Socket(ref.Name); s != nil && s.Listen.Web() {
					port = s.Listen.Port
					break
				}
			}
			url = fmt.Sprintf("http://127.0.0.1:%d%s", port, url)
		}
		h.Test = []string{"CMD", "curl", "--fail", "--silent", "--output", "/dev/null", url}
		e.lose("process %s: its check needs curl in the image", p.Name)
	case r.TCP != "":
		host, port, err := net.SplitHostPort(r.TCP)
		if err != nil {
			return nil // the loader has checked it
		}
		h.Test = []string{"CMD", "nc", "-z", host, port}
		e.lose("process %s: its check needs nc in the image", p.Name)
	default:
		e.lose("process %s: its `ready` is no check that a container could run", p.Name)
		return nil
	}
	for i, word := range h.Test {
		h.Test[i] = dollars(word)
	}
	return h
}

// relative is a path as compose has it, from the file's directory.
func (e *exporter) relative(path string) string {
	if rel, err := filepath.Rel(e.cfg.Dir, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

// dollars keeps compose from filling anything in.
func dollars(s string) string { return strings.ReplaceAll(s, "$", "$$") }
