package jsonschema

import (
	"bytes"
	"encoding/json"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := enc.Encode(m.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := enc.Encode(m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// get returns the member of that name.
func (o object) get(name string) (any, bool) {
	for _, m := range o {
		if m.name == name {
			return m.value, true
		}
	}
	return nil, false
}

// orNull is the schema o, or null.
func orNull(o object) object {
	null := object{{"type", "null"}}
	if or, ok := o.get("anyOf"); ok && len(o) == 1 {
		return object{{"anyOf", append(append([]object(nil), or.([]object)...), null)}}
	}
	if types, ok := o.get("type"); ok && len(o) == 1 {
		return object{{"type", append(append([]string(nil), types.([]string)...), "null")}}
	}
	return object{{"anyOf", []object{o, null}}}
}
