package proxy

import (
	"net/http"
	"slices"
	"strings"
)

// ownCookie is how the names of devloop's own cookies begin; the rest is 16 digits, in hexadecimal. Browsers send them to
// every port of a host.
const ownCookie = "devloop-"

// dropOwnCookies keeps devloop's own cookies from a server. What else there is stays as it is.
func dropOwnCookies(header http.Header) {
	lines := header["Cookie"]
	if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, ownCookie) }) {
		return
	}
	var kept []string
	for _, line := range lines {
		cookies := slices.DeleteFunc(strings.Split(line, ";"), func(cookie string) bool {
			name, _, _ := strings.Cut(strings.TrimSpace(cookie), "=")
			id, own := strings.CutPrefix(name, ownCookie)
			return own && len(id) == 16 && strings.Trim(id, "0123456789abcdef") == ""
		})
		if len(cookies) > 0 {
			kept = append(kept, strings.TrimLeft(strings.Join(cookies, ";"), " "))
		}
	}
	if header["Cookie"] = kept; len(kept) == 0 {
		delete(header, "Cookie")
	}
}
