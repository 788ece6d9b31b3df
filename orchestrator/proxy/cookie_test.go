package proxy

import (
	"net/http"
	"slices"
	"testing"
)

// A server gets its own cookies as they were sent, and devloop's not at all.
func TestServersGetNoCookieOfDevloop(t *testing.T) {
	t.Parallel()
	own := ownCookie + "0123456789abcdef=secret"
	for _, c := range []struct{ in, out []string }{
		{nil, nil},
		{[]string{"a=1; b= 2 ;c"}, []string{"a=1; b= 2 ;c"}},
		{[]string{own}, nil},
		{[]string{"a=1; " + own + "; b=2"}, []string{"a=1; b=2"}},
		{[]string{own + "; a=1", own, "b=2;" + own}, []string{"a=1", "b=2"}},
		{[]string{"devloop-live=off; devloop-0123456789abcdeg=1; x=devloop-0123456789abcdef=1"}, []string{"devloop-live=off; devloop-0123456789abcdeg=1; x=devloop-0123456789abcdef=1"}},
	} {
		h := http.Header{}
		if c.in != nil {
			h["Cookie"] = c.in
		}
		dropOwnCookies(h)
		if !slices.Equal(h["Cookie"], c.out) || c.out == nil && len(h) > 0 {
			t.Errorf("%q becomes %q", c.in, h)
		}
	}
}

func TestProxyDropsCookies(t *testing.T) {
	t.Parallel()
	f, url := front(t, Options{HTTP: true})
	f.Serve(1, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.Header.Get("Cookie")))
	})).addr)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", "a=1; "+ownCookie+"0123456789abcdef=secret")
	res, err := client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text := make([]byte, 100)
	if n, _ := res.Body.Read(text); string(text[:n]) != "a=1" {
		t.Errorf("the server got %q", text[:n])
	}
}
