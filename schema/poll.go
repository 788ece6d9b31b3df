package schema

import (
	"time"

	"devloop/schema/yamltree"
)

// pollType is true, false, or how long a change may go unnoticed.
var pollType = typ[*time.Duration]{
	shape: shape{name: "boolean", or: []shape{{name: "duration"}}},
	read: func(d *decoder, n *yamltree.Node) (*time.Duration, bool) {
		switch {
		case n.Kind == yamltree.Scalar && n.Text == "true":
			return new(time.Duration), true
		case n.Kind == yamltree.Scalar && n.Text == "false":
			return nil, true
		}
		v, ok := durationType.read(d, n)
		return &v, ok
	},
}
