package schema

import (
	"slices"

	"devloop/schema/yamltree"
)

// liveType is what pages are told; `false` is `off`.
var liveType = func() typ[Live] {
	words := enumType(map[string]string{"true": string(LiveReload), "on": string(LiveReload), "no": string(LiveOff), "false": "without quotes"}, LiveOff, LiveBadge, LiveReload)
	return typ[Live]{
		shape: shape{name: "string", values: append(slices.Clone(words.shape.values), "false")},
		read: func(d *decoder, n *yamltree.Node) (Live, bool) {
			if n.Tag == "!!bool" && n.Text == "false" {
				return LiveOff, true
			}
			return words.read(d, n)
		},
	}
}()

// dashboardType is a socket spec of a page; `off` and `false` are none. One
// without a type is a mistake that has been told.
var dashboardType = typ[*Listen]{
	shape: listenType.shape,
	read: func(d *decoder, n *yamltree.Node) (*Listen, bool) {
		if n.Kind == yamltree.Scalar && !n.Custom {
			text, ok := d.fill(n)
			switch {
			case !ok, text == "off", text == "false":
				return nil, ok
			case text == "on", text == "true":
				d.mistake(n.Pos, "`dashboard` needs an address, not `"+text+"`", "write a port, such as `dashboard: 7777`")
				return &Listen{}, true
			}
		}
		l, ok := listenType.read(d, n)
		if ok && l.Type != TCP && l.Type != HTTP {
			hint := "write `dashboard: 7777`"
			if l.Type == HTTPS {
				hint = "devloop has no certificate to answer with: " + hint
			}
			d.mistake(n.Pos, "the dashboard is for browsers, and "+yamltree.Quote(l.Text)+" is "+string(l.Type), hint)
			l = Listen{}
		}
		return &l, true
	},
}
