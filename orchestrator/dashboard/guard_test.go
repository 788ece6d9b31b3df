package dashboard

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// paths are one address for each route that there is, with its method.
func paths(s *Server) map[string]route {
	all := map[string]route{}
	for _, r := range s.routes() {
		method, path, found := strings.Cut(r.pattern, " ")
		if !found {
			method, path = "GET", r.pattern+"nothing"
		}
		path = strings.ReplaceAll(path, "{$}", "")
		path = regexp.MustCompile(`\{[a-z.]+\}`).ReplaceAllString(path, "x")
		all[method+" "+path] = r
	}
	return all
}

// Every path that there is, also one that is added tomorrow, refuses what the page itself has not sent.
func TestNobodyElseIsAnswered(t *testing.T) {
	t.Parallel()
	loop := newFakeLoop(t)
	s := unserved(t, Options{API: loop, Host: "box.test", Live: func(string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	}})
	h := s.handler()
	cookie := s.guard.cookie + "=" + s.guard.key.derived("cookie")
	const own = "http://127.0.0.1:7777"
	for address, route := range paths(s) {
		method, path, _ := strings.Cut(address, " ")
		for _, c := range []struct {
			what   string
			header []string
			owners int // what owners' paths answer; 0: not 401 or 403
			linked int // the page itself
			anyone int
			apps   int
		}{
			{"all is well", []string{"Cookie", cookie}, 0, 0, 0, 0},
			{"from the page", []string{"Cookie", cookie, "Origin", own, "Sec-Fetch-Site", "same-origin"}, 0, 0, 0, 0},
			{"no cookie", nil, 401, 401, 0, 0},
			{"the cookie of another project", []string{"Cookie", "devloop-q=" + s.guard.key.derived("cookie")}, 401, 401, 0, 0},
			{"a wrong cookie", []string{"Cookie", "devloop-p=" + strings.Repeat("0", 64)}, 401, 401, 0, 0},
			{"an empty cookie", []string{"Cookie", "devloop-p="}, 401, 401, 0, 0},
			{"the token as a cookie", []string{"Cookie", "devloop-p=" + s.guard.key.token()}, 401, 401, 0, 0},
			{"another origin", []string{"Cookie", cookie, "Origin", "http://127.0.0.1:3000"}, 403, 403, 403, 0},
			{"https", []string{"Cookie", cookie, "Origin", "https://127.0.0.1:7777"}, 403, 403, 403, 0},
			{"no origin", []string{"Cookie", cookie, "Origin", "null"}, 403, 403, 403, 0},
			{"another loopback name", []string{"Cookie", cookie, "Origin", "http://localhost:7777"}, 403, 403, 403, 0},
			{"another site", []string{"Cookie", cookie, "Sec-Fetch-Site", "cross-site"}, 403, 403, 403, 0},
			{"the app on another port", []string{"Cookie", cookie, "Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors"}, 403, 403, 403, 0},
			{"a link of the app", []string{"Cookie", cookie, "Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 403, 0, 403, 0},
			{"a link of another site, without the cookie", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 403, 401, 403, 0},
			{"a link of another site, with the cookie, which browsers keep back", []string{"Cookie", cookie, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 403, 401, 403, 0},
			{"a frame of the app", []string{"Cookie", cookie, "Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403, 403, 403, 0},
			{"a frame of itself", []string{"Cookie", cookie, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403, 403, 403, 0},
			{"rebinding", []string{"Cookie", cookie, "Host", "evil.test:7777"}, 403, 403, 403, 403},
			{"rebinding with its origin", []string{"Cookie", cookie, "Host", "evil.test:7777", "Origin", "http://evil.test:7777", "Sec-Fetch-Site", "same-origin"}, 403, 403, 403, 403},
			{"no host", []string{"Cookie", cookie, "Host", ""}, 403, 403, 403, 403},
		} {
			r := httptest.NewRequest(method, "http://127.0.0.1:7777"+path, http.NoBody)
			ctx, end := contextThatEnds(t)
			r = r.WithContext(ctx)
			r.Header.Set("Devloop", "1")
			for i := 0; i < len(c.header); i += 2 {
				if c.header[i] == "Host" {
					r.Host = c.header[i+1]
				} else {
					r.Header.Set(c.header[i], c.header[i+1])
				}
			}
			w := httptest.NewRecorder()
			end() // a stream would last
			h.ServeHTTP(w, r)
			want := map[audience]int{owners: c.owners, linked: c.linked, anyone: c.anyone, apps: c.apps}[route.who]
			if refused := w.Code == http.StatusForbidden || w.Code == http.StatusUnauthorized; want == 0 && refused && path != "/login" || want != 0 && w.Code != want {
				t.Errorf("%s, %s: %d %s, want %d", address, c.what, w.Code, w.Body, want)
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("%s: %v", address, w.Header())
			}
			if csp := w.Header().Get("Content-Security-Policy"); route.who != apps && (!strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") || w.Header().Get("X-Frame-Options") != "DENY") {
				t.Errorf("%s can be framed, or run scripts: %v", address, w.Header())
			}
			if w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s can be read by others", address)
			}
		}
	}
	if len(loop.asked) == 0 {
		t.Error("the page itself has not reached the API")
	}
}

// Paths that the dashboard does not clean, and methods that it does not know, are no way around the checks.
func TestOddRequestsAreChecked(t *testing.T) {
	t.Parallel()
	s := unserved(t, Options{API: newFakeLoop(t)})
	h := s.handler()
	for _, c := range []struct {
		method, target, host string
		want                 int
	}{
		{"GET", "//v1/status", "evil.test", 403},
		{"GET", "//v1/status", "127.0.0.1", 401},
		{"GET", "/x/../v1/status", "127.0.0.1", 401},
		{"GET", "/%76%31/status", "127.0.0.1", 401},
		{"GET", "/V1/status", "127.0.0.1", 401},
		{"OPTIONS", "/v1/status", "127.0.0.1", 403}, // no header of ours
		{"PUT", "/v1/status", "127.0.0.1", 403},
		{"POST", "/login", "127.0.0.1", 403},
		{"HEAD", "/stream", "127.0.0.1", 401},
		{"HEAD", "/", "evil.test", 403},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(c.method, "http://"+c.host+c.target, http.NoBody)
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s %s at %s: %d, want %d", c.method, c.target, c.host, w.Code, c.want)
		}
	}
}

// What acts needs the header that a form or a link of another page cannot send.
func TestActingNeedsTheHeader(t *testing.T) {
	t.Parallel()
	s, url := start(t, Options{})
	c := loggedIn(t, s, url)
	for _, path := range []string{"trigger", "restart", "stop", "start"} {
		without, with := do(t, c, "POST", url+"/v1/"+path), do(t, c, "POST", url+"/v1/"+path, "Devloop", "1")
		without.Body.Close()
		with.Body.Close()
		if without.StatusCode != http.StatusForbidden || with.StatusCode != http.StatusOK {
			t.Errorf("%s: %d without, %d with", path, without.StatusCode, with.StatusCode)
		}
	}
	for _, path := range []string{"down", "attach", "login"} {
		res := do(t, c, "POST", url+"/v1/"+path, "Devloop", "1")
		res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("%s can be asked for: %d", path, res.StatusCode)
		}
	}
}

// Names that lead to this machine, and those that anybody can make lead here.
func TestHosts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		named string // by the configuration
		own   string
		not   string
	}{
		{"127.0.0.1", "localhost localhost:7777 LocalHost:1 a.localhost x.y.localhost:80 127.0.0.1 127.0.0.1:7777 127.9.8.7:1 [::1] [::1]:7777 [::ffff:127.0.0.1]",
			"evil.test localhost.evil.test 127.0.0.1.evil.test 127.0.0.1.nip.io localhost. notlocalhost 127.1 2130706433 0x7f.0.0.1 017700000001 0.0.0.0 [::] ::1 192.168.1.7 [fe80::1] 10.0.0.1:7777 a@localhost localhost:7777@evil.test evil.test#localhost localhost/x :7777 localhost:x [::1 127.0.0.1%00 xn--localhost"},
		{"192.168.1.7", "192.168.1.7:7777 localhost", "192.168.1.8 box.test"},
		{"0.0.0.0", "192.168.1.8:7777 [fe80::1]:7777 localhost", "box.test evil.test"},
		{"::", "[2001:db8::1]:7777", "box.test"},
		{"localhost", "localhost 127.0.0.1", "evil.test"},
		{"", "localhost", "evil.test"},
	} {
		g := guard{host: c.named}
		for _, host := range strings.Fields(c.own) {
			if !g.ownHost(host) {
				t.Errorf("%s at %s is refused", host, c.named)
			}
		}
		for _, host := range append(strings.Fields(c.not), "", " ", "localhost\n", "a b.localhost") {
			if g.ownHost(host) {
				t.Errorf("%q at %s is let in", host, c.named)
			}
		}
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state", "p.key")
	s, url := start(t, Options{Key: file})
	always, once := s.Login()
	for i, c := range []struct {
		login string
		want  int
	}{{always, 303}, {always, 303}, {once, 303}, {once, 401}, {"login?t=", 401}, {"login", 401}, {"login?t=" + strings.Repeat("0", 64), 401}, {always + "0", 401}} {
		b := browser(t)
		b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		res := do(t, b, "GET", url+"/"+c.login)
		res.Body.Close()
		set := strings.Join(res.Header.Values("Set-Cookie"), "")
		if res.StatusCode != c.want || (set != "") != (c.want == 303) {
			t.Errorf("%d: %d, %s", i, res.StatusCode, set)
		}
		if c.want == 303 && (res.Header.Get("Location") != "/" || !strings.HasPrefix(set, "devloop-p=") || !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Strict") || !strings.Contains(set, "Path=/;")) {
			t.Errorf("%d: %v", i, res.Header)
		}
		if strings.Contains(set, s.guard.key.token()) {
			t.Error("the cookie has the token")
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	// A browser stays logged in at the next loop, whatever its port is.
	after, _ := start(t, Options{Key: file})
	if again, _ := after.Login(); again != always || after.guard.key.derived("cookie") != s.guard.key.derived("cookie") {
		t.Error("the next loop has another key")
	}
}

// A key that somebody else may know is replaced.
func TestKeyFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := strings.Repeat("ab", keyBytes)
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		kept bool
	}{
		"good":   {good, 0o600, true},
		"public": {good, 0o644, false},
		"short":  {good[2:], 0o600, false},
		"long":   {good + "\n", 0o600, false},
		"words":  {strings.Repeat("xy", keyBytes), 0o600, false},
		"empty":  {"", 0o600, false},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		k := key{path: file}
		now, err := os.ReadFile(file)
		if token := k.token(); (token == good) != c.kept || len(token) != 2*keyBytes {
			t.Errorf("%s: %s", name, token)
		} else if now, err = os.ReadFile(file); err != nil || string(now) != token {
			t.Errorf("%s: the file has %s, %v", name, now, err)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("good", link); err != nil {
		t.Skip(err)
	}
	if k := (&key{path: link}); k.token() == good {
		t.Error("a link is followed")
	}
	// Where there is no place, the key ends with the loop.
	for _, path := range []string{"", filepath.Join(dir, "good", "below")} {
		if a, b := (&key{path: path}).token(), (&key{path: path}).token(); a == b || len(a) != 2*keyBytes {
			t.Errorf("%q: %s, %s", path, a, b)
		}
	}
}

// A code is good once, and not for long; there are never many.
func TestCodes(t *testing.T) {
	t.Parallel()
	var k key
	now := time.Now()
	late, soon := k.code(now), k.code(now)
	if k.opens(late, now.Add(codeValid)) || k.opens(late, now) {
		t.Error("a code is good for too long")
	}
	if !k.opens(soon, now) || k.opens(soon, now) {
		t.Error("a code is not good exactly once")
	}
	for range 10 * mostCodes {
		last := k.code(now)
		if len(k.codes) > mostCodes || !k.opens(last, now) {
			t.Fatalf("%d codes", len(k.codes))
		}
		k.code(now)
	}
}

// FuzzGuard: whatever a request has, without the cookie nothing of the project is in the answer.
func FuzzGuard(f *testing.F) {
	f.Add("GET", "/v1/status", "", "127.0.0.1", "", "same-origin", "devloop-p=x")
	f.Add("POST", "/v1/restart", "node=a", "evil.test", "http://evil.test", "none", "devloop-p=")
	f.Add("GET", "/stream", "node=a&tail=-1&since=%00", "[::1]", "null", "", "=;=")
	f.Add("GET", "/live/x/live", "t=%zz", "localhost", "", "cross-site", "")
	f.Add("GET", "/login", "t=a;t=b", "a.localhost:80", "", "none", "")
	loop := newFakeLoop(f)
	h := unserved(f, Options{API: loop}).handler()
	f.Fuzz(func(t *testing.T, method, path, query, host, origin, site, cookie string) {
		r := httptest.NewRequest("GET", "/", http.NoBody)
		r.Method, r.URL.Path, r.URL.RawQuery, r.Host = method, path, query, host
		r.Header = http.Header{"Origin": {origin}, "Sec-Fetch-Site": {site}, "Cookie": {cookie}, "Devloop": {"1"}, "Last-Event-Id": {query}}
		if origin == "" {
			delete(r.Header, "Origin")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code < 300 || w.Header().Get("Set-Cookie") != "" || len(loop.asked) > 0 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
