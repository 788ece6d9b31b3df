package inject

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestPolicies(t *testing.T) {
	const (
		path = "localhost:3000/_devloop/live.js"
		ws   = " ws://localhost:3000/_devloop/live localhost:3000/_devloop/live"
		hash = " integrity=\"sha256-AAAA\""
	)
	for _, c := range []struct {
		policy string
		want   string // "same", or "no"
		attr   string
	}{
		{"img-src 'none'; frame-ancestors 'none'", "same", ""},
		{"script-src 'self'", "same", ""},
		{"script-src 'SELF' 'unsafe-inline'; object-src 'none'", "same", ""},
		{"script-src *", "same", ""},
		{"script-src https://cdn.example 'unsafe-inline'", "script-src https://cdn.example 'unsafe-inline' " + path, ""},
		{"object-src 'none'; script-src 'none';", "object-src 'none'; script-src " + path + ";", ""},
		{"script-src", "script-src " + path, ""},
		{"script-src-elem 'sha256-x'; script-src 'self'", "script-src-elem 'sha256-x' " + path + "; script-src 'self'", ""},
		{"Script-Src x; script-src 'self'", "Script-Src x " + path + "; script-src 'self'", ""},
		{"script-src 'nonce-a+/_-Z=='", "same", ` nonce="a+/_-Z=="`},
		{"script-src 'Nonce-abc' 'strict-dynamic' https:", "same", ` nonce="abc"`},
		{"default-src 'nonce-abc'; connect-src *", "same", ` nonce="abc"`},
		{"script-src 'nonce-\"onload=x'", "script-src 'nonce-\"onload=x' " + path, ""},
		{"script-src 'strict-dynamic' 'sha256-x'", "script-src 'strict-dynamic' 'sha256-x' 'sha256-AAAA'", hash},
		{"script-src 'strict-dynamic' 'self'", "script-src 'strict-dynamic' 'self' 'sha256-AAAA'", hash},
		{"default-src 'self'", "default-src 'self'; connect-src 'self'" + ws, ""},
		{"default-src 'none'", "default-src 'none'; script-src " + path + "; connect-src" + ws, ""},
		{"default-src 'none'; script-src 'self'; connect-src 'none'", "default-src 'none'; script-src 'self'; connect-src" + ws, ""},
		{"default-src *; connect-src https://api.example", "default-src *; connect-src https://api.example" + ws, ""},
		{"connect-src *; script-src 'self'", "same", ""},
		{"sandbox allow-scripts allow-same-origin", "same", ""},
		{"sandbox allow-scripts", "no", ""},
		{"sandbox", "no", ""},
		{"script-src 'self', script-src 'nonce-a'", "script-src 'self'\n script-src 'nonce-a'", ` nonce="a"`},
		{"script-src 'nonce-a'\nscript-src 'nonce-b'", "script-src 'nonce-a'\nscript-src 'nonce-b' " + path, ` nonce="a"`},
		{"script-src 'nonce-a' 'strict-dynamic'\nscript-src 'nonce-b' 'strict-dynamic'", "script-src 'nonce-a' 'strict-dynamic'\nscript-src 'nonce-b' 'strict-dynamic' 'sha256-AAAA'", ` nonce="a"` + hash},
	} {
		for _, name := range []string{"Content-Security-Policy", "Content-Security-Policy-Report-Only"} {
			header := "Content-Type: text/html"
			for line := range strings.Lines(c.policy) {
				header += "\n" + name + ": " + strings.TrimSpace(line)
			}
			h, body := ask(t, injector(nil), "Sec-Fetch-Dest: document", header, "<p>x")
			want, wantBody := c.want, strings.Replace(scriptTag, ` async`, c.attr+` async`, 1)+"<p>x"
			switch {
			case want == "same":
				want = c.policy
			case want == "no" && name == "Content-Security-Policy":
				want, wantBody = c.policy, "<p>x"
			case want == "no": // browsers ignore a sandbox there
				want = c.policy
			}
			if got := strings.Join(h.Values(name), "\n"); got != want || body != wantBody {
				t.Errorf("%s: %s\ngot  %s, %s\nwant %s, %s", name, c.policy, got, body, want, wantBody)
			}
		}
	}
}

// TestPolicyOfAHost: the address in a policy is the one that the browser has.
func TestPolicyOfAHost(t *testing.T) {
	for _, c := range []struct{ request, policy, want string }{
		{"X-Forwarded-Host: app.localhost:3000", "script-src x", "script-src x app.localhost:3000/_devloop/live.js"},
		{"X-Forwarded-Host: app.example, localhost:3000\nX-Forwarded-Proto: https, http", "connect-src x", "connect-src x wss://app.example/_devloop/live app.example/_devloop/live"},
		{"X-Forwarded-Host: 192.168.1.7:80", "script-src x", "script-src x 192.168.1.7:80/_devloop/live.js"},
		// An IPv6 address cannot be in a policy.
		{"X-Forwarded-Host: [::1]:3000", "script-src 'self'; connect-src 'self'", "script-src 'self'; connect-src 'self'"},
		{"X-Forwarded-Host: [::1]:3000", "script-src x", "script-src x 'sha256-AAAA'"},
		{"X-Forwarded-Host: [::1]:3000", "script-src 'unsafe-inline'", "no; csp"},
		{"X-Forwarded-Host: [::1]:3000", "script-src 'self'; connect-src x", "no; csp"},
		{"X-Forwarded-Host: x; script-src *", "script-src 'unsafe-inline'", "no; csp"},
		{"X-Forwarded-Host: x,y", "script-src z", "script-src z x/_devloop/live.js"},
		{"X-Forwarded-Host: ähem", "script-src 'unsafe-inline'", "no; csp"},
	} {
		h, _ := ask(t, injector(nil), "Sec-Fetch-Dest: document\n"+c.request, "Content-Type: text/html\nContent-Security-Policy: "+c.policy, "<p>x")
		got := h.Get("Content-Security-Policy")
		if strings.HasPrefix(c.want, "no") {
			if got != c.policy {
				t.Errorf("%s: it was changed to %s", c.policy, got)
			}
			got = h.Get("Devloop-Live")
		}
		if got != c.want {
			t.Errorf("%s, %s: got %s, want %s", c.request, c.policy, got, c.want)
		}
	}
}

// FuzzPolicy: whatever a policy says, it says the same afterwards, but for what
// the script needs, and what is written into page and header cannot say more.
func FuzzPolicy(f *testing.F) {
	for _, policy := range []string{
		"default-src 'none'; script-src 'nonce-abc' 'strict-dynamic', sandbox allow-scripts",
		"script-src-elem 'NONE';;script-src 'unsafe-inline' ; connect-src",
		"default-src * 'self' 'nonce-\"><'; Script-Src x; script-src y",
	} {
		f.Add(policy, "localhost:3000")
		f.Add(policy, "[::1]")
		f.Add(policy, "x; script-src *")
	}
	f.Fuzz(func(t *testing.T, text, host string) {
		req, err := http.NewRequest(http.MethodGet, "http://localhost/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header["X-Forwarded-Host"] = []string{host}
		h := http.Header{"Content-Security-Policy": {text}}
		attributes, no := injector(nil).allow(req, h)
		if no != nil {
			if h["Content-Security-Policy"][0] != text || attributes != "" {
				t.Fatalf("it was changed: %q", h)
			}
			return
		}
		if rest := strings.NewReplacer(` nonce="`, "", ` integrity="`, "", `"`, "").Replace(attributes); strings.ContainsAny(rest, "<> \"'\n") {
			t.Fatalf("got %q", attributes)
		}
		before, after := slices.Collect(policies([]string{text})), slices.Collect(policies(h["Content-Security-Policy"]))
		if len(before) != len(after) {
			t.Fatalf("%q has become %q", text, h)
		}
		for i, was := range before {
			is := after[i]
			if len(is.directives) < len(was.directives) || len(is.directives) > len(was.directives)+2 {
				t.Fatalf("%q has become %q", was, is)
			}
			for at, directive := range was.directives {
				words := strings.Fields(directive)
				now := strings.Fields(is.directives[at])
				if len(words) == 2 && strings.EqualFold(words[1], "'none'") {
					words = words[:1]
				}
				if len(now) < len(words) || !slices.Equal(now[:len(words)], words) || len(now) > len(words)+2 {
					t.Fatalf("%q has become %q", directive, is.directives[at])
				}
			}
		}
	})
}
