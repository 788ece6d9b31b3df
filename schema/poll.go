package schema

import "time"

// pollType is true, false, or how long a change may go unnoticed.
var pollType = typ[*time.Duration]{
	shape: shape{name: "boolean", or: []shape{{name: "duration"}}},
	read: func(d *decoder, n *node) (*time.Duration, bool) {
		switch {
		case n.kind == scalar && n.text == "true":
			return new(time.Duration), true
		case n.kind == scalar && n.text == "false":
			return nil, true
		}
		v, ok := durationType.read(d, n)
		return &v, ok
	},
}
