// Package yamltree reads a YAML file as a tree in which every value knows its
// place, and tells every mistake in it with its place and what to write instead.
// It knows YAML, and not what the files are for.
package yamltree

// Parse reads src, the text of one file, as the only document in it. Where the
// syntax is wrong in a known way, it is read as it was meant, so that mistakes
// may come with a root. A root of nil without a mistake is a file without a
// value. The Source is there in any case, for the lines of the file.
func (d Dialect) Parse(file string, src []byte) (*Source, *Node, Mistakes) {
	s := &Source{File: file}
	text, bad := s.read(src)
	if bad != nil {
		return s, nil, Mistakes{*bad}
	}
	var mistakes Mistakes
	doc := d.document(s, text, &mistakes)
	if doc == nil || len(doc.Content) == 0 {
		return s, nil, mistakes
	}
	b := newBuilder(s, &mistakes)
	root := b.build(doc.Content[0])
	if b.burst {
		return s, nil, mistakes
	}
	return s, root, mistakes
}
