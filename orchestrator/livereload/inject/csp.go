package inject

import (
	"iter"
	"strings"
)

// A policy is one content security policy: its directives as they were written.
type policy struct{ directives []string }

// policies are those of a header's values (CSP level 3, section 2.2.2).
func policies(values []string) iter.Seq[policy] {
	return func(yield func(policy) bool) {
		for _, v := range values {
			for text := range strings.SplitSeq(v, ",") {
				if !yield(policy{strings.Split(text, ";")}) {
					return
				}
			}
		}
	}
}

func (p policy) String() string { return strings.Join(p.directives, ";") }

// find is the first directive of the first of names that the policy has, and its sources; -1: it has none.
func (p policy) find(names ...string) (at int, sources []string) {
	for _, name := range names {
		for i, text := range p.directives {
			if words := strings.Fields(text); len(words) > 0 && strings.EqualFold(words[0], name) {
				return i, words[1:]
			}
		}
	}
	return -1, nil
}

func (p policy) scriptSources() []string {
	_, sources := p.find("script-src-elem", "script-src", "default-src")
	return sources
}

// isSandbox tells whether the policy forbids scripts, or their origin.
func (p policy) isSandbox() bool {
	at, flags := p.find("sandbox")
	return at >= 0 && (!contains(flags, "allow-scripts") || !contains(flags, "allow-same-origin"))
}

// add adds sources to the directive at, or, if that is the default, to a copy of it by the given name.
func (p *policy) add(at int, name string, to []string, sources ...string) {
	words := strings.Fields(p.directives[at])
	isDefault := strings.EqualFold(words[0], "default-src")
	if !isDefault {
		name = words[0]
	}
	if len(to) == 1 && contains(to, "'none'") {
		to = nil
	}
	text := strings.Join(append(append([]string{name}, to...), sources...), " ")
	if isDefault {
		p.directives = append(p.directives, " "+text)
		return
	}
	if at > 0 {
		text = " " + text
	}
	p.directives[at] = text
}

// contains ignores case, as policies do for everything but nonces, hashes and paths.
func contains(words []string, word string) bool {
	for _, w := range words {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}
