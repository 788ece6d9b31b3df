package inject

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The entity tag of a page with the script: the server's, then this, then the mark.
const markedBy = "-devloop-"

// setMark makes the page's validators say which version it is of. A date cannot say it, so it is removed.
func setMark(h http.Header, mark string) {
	delete(h, "Last-Modified")
	if tag := strings.TrimSpace(h.Get("Etag")); strings.HasSuffix(tag, `"`) && len(tag) > 1 {
		h["Etag"] = []string{tag[:len(tag)-1] + markedBy + mark + `"`}
	} else {
		delete(h, "Etag")
	}
}

// unmark gives the server back its own entity tags, if the pages that they are of have this mark. All other
// conditions are removed: a browser's copy of a page that has another mark, or none, is not to be used.
func unmark(req *http.Request, mark string) {
	conditions := []string{"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since"}
	if !slices.ContainsFunc(conditions, func(name string) bool { return req.Header[name] != nil }) {
		return
	}
	var own []string
	marked := markedBy + mark + `"`
	for _, tag := range entityTags(req.Header["If-None-Match"]) {
		if tag, ok := strings.CutSuffix(tag, marked); ok {
			own = append(own, tag+`"`)
		}
	}
	req.Header = maps.Clone(req.Header)
	for _, name := range conditions {
		delete(req.Header, name)
	}
	if own != nil {
		req.Header["If-None-Match"] = []string{strings.Join(own, ", ")}
	}
}

// forgetMarked removes the entity tags of pages that have the script from a request that wants none.
func forgetMarked(req *http.Request) {
	var rest []string
	found := false
	for _, tag := range entityTags(req.Header["If-None-Match"]) {
		if strings.Contains(tag, markedBy) {
			found = true
		} else {
			rest = append(rest, tag)
		}
	}
	if !found {
		return
	}
	req.Header = maps.Clone(req.Header)
	delete(req.Header, "If-None-Match")
	if rest != nil {
		req.Header["If-None-Match"] = []string{strings.Join(rest, ", ")}
	}
}

// entityTags are the elements of If-None-Match (RFC 9110, section 8.8.3).
func entityTags(values []string) []string {
	var tags []string
	for _, v := range values {
		for v = strings.TrimLeft(v, " \t,"); v != ""; v = strings.TrimLeft(v, " \t,") {
			end := strings.IndexByte(v, ',')
			if open := strings.IndexByte(v, '"'); open >= 0 && (end < 0 || open < end) {
				end = strings.IndexByte(v[open+1:], '"')
				if end >= 0 {
					end += open + 2
				}
			}
			if end < 0 {
				end = len(v)
			}
			tags = append(tags, strings.TrimRight(v[:end], " \t"))
			v = v[end:]
		}
	}
	return tags
}
