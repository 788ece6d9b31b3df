package starter

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled when it is first used: every
// devloop carries dozens of them from its start on, and only `init` needs any.
type pattern struct {
	text string
	once sync.Once
	re   *regexp.Regexp
}

// patterns are all of them.
var patterns []*pattern

// compiled makes a pattern, of a variable of the package; a mistake in it panics
// when it is used.
func compiled(text string) *pattern {
	p := &pattern{text: text}
	patterns = append(patterns, p)
	return p
}

func (p *pattern) regexp() *regexp.Regexp {
	p.once.Do(func() { p.re = regexp.MustCompile(p.text) })
	return p.re
}

func (p *pattern) MatchString(s string) bool { return p.regexp().MatchString(s) }

func (p *pattern) FindString(s string) string { return p.regexp().FindString(s) }

func (p *pattern) FindStringSubmatch(s string) []string { return p.regexp().FindStringSubmatch(s) }

func (p *pattern) FindAllStringSubmatch(s string, n int) [][]string {
	return p.regexp().FindAllStringSubmatch(s, n)
}

func (p *pattern) FindAllStringSubmatchIndex(s string, n int) [][]int {
	return p.regexp().FindAllStringSubmatchIndex(s, n)
}

func (p *pattern) ReplaceAllString(s, to string) string { return p.regexp().ReplaceAllString(s, to) }

// replaceFunc replaces each match by what f makes of its groups.
func (p *pattern) replaceFunc(s string, f func(groups []string) string) string {
	return p.regexp().ReplaceAllStringFunc(s, func(m string) string { return f(p.regexp().FindStringSubmatch(m)) })
}
