package starter

import (
	"fmt"
	"strings"

	"devloop/schema/lazyregexp"
)

// How Rust programs declare a flag or read a variable.
var (
	clapField   = lazyregexp.New(`(?s)#\[(?:arg|clap|structopt)\(([^\]]*)\)\]\s*(?:///[^\n]*\n\s*)*(?:pub(?:\([^)]*\))?\s+)?(\w+)\s*:\s*([\w:<>]+)`)
	clapLong    = lazyregexp.New(`\blong\b(?:\s*=\s*"([\w-]+)")?`)
	clapShort   = lazyregexp.New(`\bshort\b(?:\s*=\s*'(\w)')?`)
	clapDefault = lazyregexp.New(`\bdefault_value(?:_t)?\s*=\s*(?:"([^"]*)"|(\d+))`)
	clapEnv     = lazyregexp.New(`\benv\s*=\s*"(\w+)"`)
	rustEnv     = lazyregexp.New(`\bvar\(\s*"([A-Z][A-Z0-9_]*)"\s*\)(?:[^;]{0,120}?"((?:[\w.]*:)?\d{4,5})")?`)
)

var openVariant = lazyregexp.New(`\b([A-Z]\w*)\s*\{[^{}]*$`)

// rustSubcommand is the variant of an enum of subcommands that is open at the end of a text, as clap
// calls it; "" if there is none.
func rustSubcommand(before string) string {
	if strings.LastIndex(before, "enum ") <= strings.LastIndex(before, "struct ") {
		return ""
	}
	var words []string
	for _, m := range addressName.FindAllStringSubmatch(group(openVariant.FindStringSubmatch(before)), -1) {
		words = append(words, strings.ToLower(m[0]))
	}
	return strings.Join(words, "-")
}

// told finds how a Rust server is told where it listens: by a flag of clap's, or a variable.
func (p *rustProject) told(files []string) (best told, ok bool) {
	bestScore := 0
	offer := func(t told, score int) {
		if t.port != "" {
			score += 2
		}
		if score > bestScore {
			best, bestScore, ok = t, score, true
		}
	}
	for f, text := range p.codeOf(files) {
		place := func(offset int) string { return fmt.Sprintf("%s:%d", f, 1+strings.Count(text[:offset], "\n")) }
		for _, at := range clapField.FindAllStringSubmatchIndex(text, -1) {
			attributes, field := text[at[2]:at[3]], text[at[4]:at[5]]
			long := clapLong.FindStringSubmatch(attributes)
			env := group(clapEnv.FindStringSubmatch(attributes))
			if long == nil && env == "" {
				continue
			}
			name := strings.ReplaceAll(field, "_", "-")
			if long != nil && long[1] != "" {
				name = long[1]
			}
			t, rank, is := candidate(name, group(clapDefault.FindStringSubmatch(attributes)), "", false)
			if !is {
				continue
			}
			t.place, t.after = place(at[4]), true
			t.command = rustSubcommand(text[:at[0]])
			if t.flag = "--" + name; long == nil {
				t.flag, t.env = "", env
			}
			if short := clapShort.FindStringSubmatch(attributes); short != nil {
				t.short = "-" + name[:1]
				if short[1] != "" {
					t.short = "-" + short[1]
				}
			}
			offer(t, 10*rank+1)
		}
		for _, at := range rustEnv.FindAllStringSubmatchIndex(text, -1) {
			m := rustEnv.FindStringSubmatch(text[at[0]:at[1]])
			if t, rank, is := candidate(m[1], m[2], "", true); is {
				t.env, t.place = m[1], place(at[0])
				offer(t, 10*rank)
			}
		}
	}
	return best, ok
}
