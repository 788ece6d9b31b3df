package schema

// Shape is a type of the language, for those who describe it: a JSON schema, a
// reference page. It is a copy, and the caller's own.
//
// Exactly one of these holds: Fields is set (a mapping with known keys), Each
// is set (a mapping with free keys), List is set, Or is set, or it is a scalar
// that Name tells. A boolean or an integer with Or is that, or one of Or.
type Shape struct {
	Name   string   // "string", "integer", "boolean", "duration", "pattern", …; of a mapping, such as "a watcher"
	Values []string // if only these are allowed
	List   *Shape   // of the items, for a list
	Lone   bool     // for a list: a lone item is a list of one
	Fields []Field  // for a mapping with known keys, in the order of the reference
	Each   *Shape   // of the values, for a mapping with free keys
	Or     []Shape  // any one of these
}

// Field is one key of a mapping with known keys.
type Field struct {
	Name     string
	Doc      string // a sentence without its full stop
	Default  string // as the reference shows it; "" if it has none
	Required bool   // in the configuration that results from `extends`
	Shape    Shape
}

// Language is the shape of a whole devloop.yaml. It is made from the tables that the loader uses, so the
// two cannot differ.
func Language() Shape { return outline(topKeys.shape()) }

func outline(s shape) Shape {
	out := Shape{
		Name: s.name, Values: append([]string(nil), s.values...),
		Lone: s.lone, List: outlineEach(s.list), Each: outlineEach(s.each),
	}
	for _, f := range s.fields {
		out.Fields = append(out.Fields, Field{f.name, f.doc, f.def, f.required, outline(f.shape)})
	}
	for _, o := range s.or {
		out.Or = append(out.Or, outline(o))
	}
	return out
}

func outlineEach(s *shape) *Shape {
	if s == nil {
		return nil
	}
	out := outline(*s)
	return &out
}
