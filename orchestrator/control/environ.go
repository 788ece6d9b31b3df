package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Differing lists the variables that have another value in the loop's environment.
type Differing struct {
	PID   int      `json:"pid"`
	Names []string `json:"names"` // sorted
}

// mostVariables is how many a request may ask for.
const mostVariables = 500

// Variables describe a client's environment: by name, a fingerprint of each value, which itself is not sent.
type Variables map[string]string

// Add adds a variable, set or not.
func (v Variables) Add(name, value string, set bool) { v[name] = fingerprint(value, set) }

func fingerprint(value string, set bool) string {
	if !set {
		return "unset"
	}
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

func (v Variables) encode() string {
	q := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if len(q["var"]) < mostVariables {
			q.Add("var", name+":"+v[name])
		}
	}
	return q.Encode()
}

// ReadVariables reads those of a request.
func ReadVariables(q url.Values) Variables {
	v := Variables{}
	for _, pair := range q["var"] {
		if i := strings.LastIndexByte(pair, ':'); i > 0 && len(v) < mostVariables {
			v[pair[:i]] = pair[i+1:]
		}
	}
	return v
}

// Differing names those that have another value in lookup, sorted.
func (v Variables) Differing(lookup func(name string) (value string, set bool)) []string {
	names := []string{}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if fingerprint(lookup(name)) != v[name] {
			names = append(names, name)
		}
	}
	return names
}

// Differing asks which of these variables have another value in the loop.
func (c *Client) Differing(ctx context.Context, v Variables) (*Differing, error) {
	var d Differing
	return &d, c.get(ctx, PathDiffering+"?"+v.encode(), &d)
}
