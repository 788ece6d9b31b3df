package swapping

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"devloop/cmd/devbench/harness"
)

// A way is one path of a request to the same backend.
type way struct {
	name string
	url  string
	page bool            // it is asked for as a browser asks for a page
	p50  []time.Duration // of one connection, one a round
	p99  []time.Duration
	rate []float64 // requests a second over many connections, one a round
}

// many is how many connections load a proxy at once.
const many = 64

// cost compares what proxies add on the way to one backend.
func (b *bench) cost() (err error) {
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		fmt.Fprintf(b.Stdout, "The proxy's cost was not measured: wrk is not installed.\n\n")
		return nil
	}
	b.Progress("cost …")
	backend, err := freePort()
	if err != nil {
		return err
	}
	target := fmt.Sprintf("http://127.0.0.1:%d", backend)
	start := func(port int, live string) (*session, error) {
		return b.start(plan{via: "proxy", socket: []string{fmt.Sprintf("to: 127.0.0.1:%d", port), "live: " + live}, env: []string{portEnv + "=" + strconv.Itoa(port)}})
	}
	s, err := start(backend, "off")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	second, err := freePort()
	if err != nil {
		return err
	}
	live, err := start(second, "reload")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, live.stop()) }()
	direct := &way{name: "no proxy", url: target + "/"}
	plain, stopPlain, err := b.plainProxy(target)
	if err != nil {
		return err
	}
	defer stopPlain()
	ours, oursLive := &way{name: "**devloop**", url: s.url}, &way{name: "devloop, `live: reload`", url: live.url}
	still, livePage := &way{name: "devloop, a page", url: s.url + "page", page: true}, &way{name: "devloop, `live: reload`, a page", url: live.url + "page", page: true}
	ways := []*way{direct, plain, ours, oursLive, still, livePage}
	if nginx, stop, err := b.nginx(backend); err == nil {
		defer stop()
		ways = append(ways, nginx)
	} else {
		b.Progress("%v", err)
	}
	for round := range b.rounds {
		for i := range ways {
			w := ways[(i+round)%len(ways)]
			one, err := b.wrk(wrk, w, 1)
			if err != nil {
				return fmt.Errorf("load %s: %w", w.name, err)
			}
			full, err := b.wrk(wrk, w, many)
			if err != nil {
				return fmt.Errorf("load %s: %w", w.name, err)
			}
			w.p50, w.p99, w.rate = append(w.p50, one.p50), append(w.p99, one.p99), append(w.rate, full.rate)
		}
	}
	fmt.Fprintf(b.Stdout, "What a proxy costs, on the way to one backend that answers 1 KB at once: latency over 1 connection, throughput over %d; medians of %d rounds of %v, in turn. ReverseProxy is httputil's, with room for 256 idle connections; nginx keeps 64.\n\n", many, b.rounds, b.slice)
	var t harness.Table
	t.Row("", "median, ms", "added, ms", "p99, ms", "requests/s", "of ReverseProxy's")
	for _, w := range ways {
		var share, added []float64
		for i := range w.rate {
			share = append(share, w.rate[i]/plain.rate[i])
			added = append(added, float64(w.p50[i]-direct.p50[i]))
		}
		t.Row(w.name, harness.Millis(harness.Median(w.p50)), harness.Millis(time.Duration(harness.Median(added))), harness.Millis(harness.Median(w.p99)), fmt.Sprintf("%.0f", harness.Median(w.rate)), fmt.Sprintf("%.0f %%", 100*harness.Median(share)))
	}
	if err := t.Write(b.Stdout); err != nil {
		return err
	}
	var share, added, pages, others []float64
	for i := range ours.rate {
		share = append(share, ours.rate[i]/plain.rate[i])
		added = append(added, float64(ours.p50[i]-direct.p50[i]))
		pages = append(pages, float64(livePage.p50[i]-still.p50[i]))
		others = append(others, float64(oursLive.p50[i]-ours.p50[i]))
	}
	fmt.Fprintf(b.Stdout, "The bar is at most 0.3 ms added (kept: %s), and at least 95 %% of ReverseProxy's throughput (kept: %s).\n\n",
		harness.Kept(harness.Median(added) <= 0.3e6), harness.Kept(harness.Median(share) >= 0.95))
	fmt.Fprintf(b.Stdout, "`live: reload` adds %s ms to a page, which gets the script, and %s ms to everything else. The bar is at most 0.3 ms for a page (kept: %s).\n\n",
		harness.Millis(time.Duration(harness.Median(pages))), harness.Millis(time.Duration(harness.Median(others))), harness.Kept(harness.Median(pages) <= 0.3e6))
	return nil
}

// measured is what wrk printed.
type measured struct {
	p50, p99 time.Duration
	rate     float64
}

var (
	wrkP50    = regexp.MustCompile(`(?m)^\s+50%\s+(\S+)\s*$`)
	wrkP99    = regexp.MustCompile(`(?m)^\s+99%\s+(\S+)\s*$`)
	wrkRate   = regexp.MustCompile(`(?m)^Requests/sec:\s+([\d.]+)$`)
	wrkErrors = regexp.MustCompile(`(?m)^\s*(Non-2xx.*|Socket errors:.*)$`)
)

func (b *bench) wrk(program string, w *way, connections int) (m measured, err error) {
	args := []string{"-t1", "-c", strconv.Itoa(connections), "-d", fmt.Sprintf("%.0fs", b.slice.Seconds()), "--latency", w.url}
	if w.page {
		args = append([]string{"-H", "Sec-Fetch-Dest: document"}, args...)
	}
	out, err := exec.CommandContext(b.Ctx, program, args...).CombinedOutput()
	if err != nil {
		return m, fmt.Errorf("run wrk: %w\n%s", err, out)
	}
	return readWrk(string(out))
}

func readWrk(out string) (m measured, err error) {
	if bad := wrkErrors.FindString(out); bad != "" {
		return m, fmt.Errorf("wrk: %s", bad)
	}
	p50, p99, rate := wrkP50.FindStringSubmatch(out), wrkP99.FindStringSubmatch(out), wrkRate.FindStringSubmatch(out)
	if p50 == nil || p99 == nil || rate == nil {
		return m, fmt.Errorf("wrk printed something unknown:\n%s", out)
	}
	var e1, e2, e3 error
	m.p50, e1 = time.ParseDuration(p50[1]) // 12.00us, 1.23ms, 1.00s
	m.p99, e2 = time.ParseDuration(p99[1])
	m.rate, e3 = strconv.ParseFloat(rate[1], 64)
	return m, errors.Join(e1, e2, e3)
}

// plainProxy starts the standard library's proxy, as a process of its own.
func (b *bench) plainProxy(target string) (w *way, stop func(), err error) {
	port, err := freePort()
	if err != nil {
		return nil, nil, err
	}
	stop, err = b.background(exec.Command(b.Self, "__reverseproxy", strconv.Itoa(port), target), port)
	return &way{name: "httputil.ReverseProxy", url: fmt.Sprintf("http://127.0.0.1:%d/", port)}, stop, err
}

// nginx starts nginx with nothing but the proxy in its configuration.
func (b *bench) nginx(backend int) (w *way, stop func(), err error) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		return nil, nil, fmt.Errorf("leave nginx out: %w", err)
	}
	dir, err := b.fresh("nginx")
	if err != nil {
		return nil, nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, nil, err
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;\n" // its directories are private
	}
	text := user + fmt.Sprintf(`daemon off;
pid %[1]s/pid;
error_log %[1]s/error.log;
worker_processes auto;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	upstream backend { server 127.0.0.1:%[2]d; keepalive 64; }
	server {
		listen 127.0.0.1:%[3]d;
		location / {
			proxy_pass http://backend;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $host;
		}
	}
}
`, dir, backend, port)
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, []byte(text), 0o666); err != nil {
		return nil, nil, fmt.Errorf("write nginx.conf: %w", err)
	}
	stop, err = b.background(exec.Command(program, "-c", conf, "-p", dir, "-e", filepath.Join(dir, "error.log")), port)
	return &way{name: "nginx", url: fmt.Sprintf("http://127.0.0.1:%d/", port)}, stop, err
}

// background starts a program that serves on a port, and waits until it does.
func (b *bench) background(cmd *exec.Cmd, port int) (stop func(), err error) {
	p, err := harness.Start(cmd, filepath.Join(b.Dir, fmt.Sprintf("log-%d", port)))
	if err != nil {
		return nil, err
	}
	stop = func() { p.Stop(patience) }
	s := &session{Program: p, bench: b, url: fmt.Sprintf("http://127.0.0.1:%d/", port)}
	if err := s.answers(); err != nil {
		stop()
		return nil, fmt.Errorf("start %s: %w: %s", filepath.Base(cmd.Path), err, p.OneLine())
	}
	return stop, nil
}
