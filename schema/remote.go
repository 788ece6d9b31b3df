package schema

import (
	"net/url"
	"slices"
	"strings"

	"devloop/schema/lazyregexp"
	"devloop/schema/yamltree"
)

var remoteKeys = &table[Remote]{
	what: "`remote`",
	keys: []key[Remote]{
		row("cache", addressType("http", "https", "grpc", "grpcs"), func(r *Remote) *string { return &r.Cache }, "a cache that others share: Bazel's HTTP protocol, or the Remote Execution API over gRPC"),
		row("write", boolType, func(r *Remote) *bool { return &r.Write }, "add to the cache what passes here, such as `${CI:-false}`").or("false"),
		row("execute", addressType("grpc", "grpcs"), func(r *Remote) *string { return &r.Execute }, "an engine that runs the stages with `remote: true` (Remote Execution API v2)"),
		row("instance", textType, func(r *Remote) *string { return &r.Instance }, "the name of the instance there").or("none"),
		row("platform", pairsType(nil), func(r *Remote) *[]Pair { return &r.Platform }, "what the engine needs to know of the machine, such as `OSFamily: Linux`"),
		row("headers", pairsType(headerName), func(r *Remote) *[]Pair { return &r.Headers }, "headers of every request; their values are never shown"),
		row("jobs", intType(1), func(r *Remote) *int { return &r.Jobs }, "stages that may run on the engine at once").or("16"),
		row("fallback", enumType[Fallback](map[string]string{"none": "fail", "false": "fail", "true": "local", "error": "fail"}, FallbackLocal, FallbackFail),
			func(r *Remote) *Fallback { return &r.Fallback }, "while the engine cannot be reached: run here, or fail").or("local"),
	},
	aliases: remoteAliases,
}

var remoteType = typ[Remote]{
	shape: remoteKeys.shape(),
	read: func(d *decoder, n *yamltree.Node) (Remote, bool) {
		r := Remote{Jobs: 16, Fallback: FallbackLocal, Pos: n.Pos}
		if n.Kind == yamltree.Scalar && !n.Custom {
			d.mistake(n.Pos, "`remote` needs a mapping of keys, not "+n.What(), "such as `remote: {cache: https://cache.example.com}`; `remote: true` is a key of a stage")
			return r, false
		}
		if !d.is(n, yamltree.Mapping, "a mapping of keys") {
			return r, false
		}
		remoteKeys.read(d, n, &r, "`remote`", n.Pos)
		for _, key := range []string{"cache", "execute"} {
			if at := n.Get(key); at != nil && !at.Null() {
				return r, true
			}
		}
		if !d.unknown(n, remoteKeys.names()) && !d.partial {
			d.mistake(n.Pos, "`remote` has neither a `cache` nor an engine to `execute` on", "such as `cache: https://cache.example.com`")
		}
		return r, true
	},
}

// addressType is a URL of one of these schemes, without a user: a password in it would be shown.
func addressType(schemes ...string) typ[string] {
	example := "such as `" + schemes[len(schemes)-1] + "://cache.example.com`"
	return typ[string]{
		shape: shape{name: "URL"},
		read: func(d *decoder, n *yamltree.Node) (string, bool) {
			text, ok := d.word(n, "a URL")
			if !ok {
				return "", false
			}
			u, err := url.Parse(text)
			switch {
			case err != nil || u.Host == "" || !strings.Contains(text, "://"):
				d.mistake(n.Pos, "`"+d.key+"` needs a URL of "+either(schemes), example)
			case u.User != nil:
				d.mistake(n.Pos, "`"+d.key+"` has a user or a password in its URL", "send it as a header: `headers: {authorization: \"Bearer ${TOKEN}\"}`")
			case !slices.Contains(schemes, u.Scheme):
				hint := example
				if near := strings.Replace(u.Scheme, "http", "grpc", 1); slices.Contains(schemes, near) {
					hint = "an engine speaks gRPC: write `" + near + "://" + u.Host + "`"
				}
				d.mistake(n.Pos, "`"+d.key+"` needs a URL of "+either(schemes)+", not of "+yamltree.Quote(u.Scheme), hint)
			case u.RawQuery != "" || u.Fragment != "" || strings.HasPrefix(u.Scheme, "grpc") && strings.Trim(u.Path, "/") != "":
				d.mistake(n.Pos, "`"+d.key+"` needs a URL that names no more than a host, or with http a path", "what follows may belong in `instance`")
			default:
				return strings.TrimSuffix(text, "/"), true
			}
			return "", false
		},
	}
}

// headerName is the name of a header.
var headerName = lazyregexp.New("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// pairsType is a mapping of free names to text; form is that of a header's name, or nil for a property's.
func pairsType(form *lazyregexp.Regexp) typ[[]Pair] {
	return typ[[]Pair]{
		shape: shape{name: "mapping", each: &shape{name: "string"}},
		read: func(d *decoder, n *yamltree.Node) ([]Pair, bool) {
			if !d.is(n, yamltree.Mapping, "a mapping of names to values") {
				return nil, false
			}
			pairs := make([]Pair, 0, len(n.Pairs))
			for _, p := range n.Pairs {
				if name := p.Key.Text; form != nil && !form.MatchString(name) || name == "" {
					d.mistake(p.Key.Pos, yamltree.Quote(name)+" is not a name", "")
					continue
				}
				before := d.key
				d.key = p.Key.Text
				text, ok := textType.read(d, p.Value)
				d.key = before
				d.bareRefOf(p.Key.Text, p.Value)
				if ok {
					pairs = append(pairs, Pair{Name: p.Key.Text, Value: text})
				}
			}
			return pairs, true
		},
	}
}
