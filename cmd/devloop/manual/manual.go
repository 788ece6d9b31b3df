// Package manual finds what the pages of the documentation say about something: a
// page by its name, a section by its heading or by a topic's name, and any word in
// the text. It is `devloop help`.
package manual

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"devloop/schema/lazyregexp"
)

// A Section is a heading of a page with the text below it, up to the next heading of
// its level or above.
type Section struct {
	Page    string // its name as people type it, such as "sockets"
	Heading string // without Markdown
	Text    string // with its heading line, in Markdown
	anchor  string // as links have it; "" for the page itself
	level   int    // of the heading, from 1
}

// Name is what `devloop help` takes for this section.
func (s Section) Name() string {
	if s.anchor == "" {
		return s.Page
	}
	return s.Page + "#" + s.anchor
}

// A Topic is a name for a page or a section that people look for.
type Topic struct {
	Name  string
	About string // a few words
	at    string // the name of a section
}

// Topics are those that a list of them shows, in its order. Every page is a topic by
// its own name as well.
var Topics = []Topic{
	{"getting-started", "a server that reloads and refuses no request, in two minutes", "getting-started"},
	{"init", "a devloop.yaml for your project", "init"},
	{"presets", "configurations for what people use", "presets"},
	{"tests", "what happens when my tests fail", "presets#what-happens-when-my-tests-fail"},
	{"configuration", "every key of devloop.yaml", "configuration"},
	{"reference", "the same in one table", "reference"},
	{"watchers", "checks and builds before a restart", "configuration#watchers"},
	{"processes", "servers: ready, stop, backoff, start-first", "configuration#processes"},
	{"watching", "which files count as a change", "configuration#watching"},
	{"graph", "what runs when", "configuration#graph"},
	{"environment", "variables, and env files", "configuration#environment"},
	{"sockets", "how a server in your language takes the socket", "sockets"},
	{"proxy", "for a server that binds a port itself", "sockets#the-proxy"},
	{"wrappers", "npm run, go run and others between devloop and the server", "sockets#wrappers"},
	{"commands", "commands, flags, keys, exit codes", "commands"},
	{"wait", "`devloop wait`, for scripts and agents", "wait"},
	{"recipe", "if you use systemfd and cargo watch today", "recipe"},
	{"moving", "from air, nodemon, watchexec and others", "moving"},
	{"monorepo", "many services in one repository", "monorepo"},
	{"containers", "containers and remote machines", "containers"},
	{"ci", "CI and git hooks", "ci"},
	{"editors", "editors and coding agents", "editors"},
	{"export", "systemd units, compose, Procfile", "export"},
	{"control", "how programs talk to a running loop", "control"},
	{"security", "what devloop trusts", "security"},
	{"comparison", "beside air, nodemon, Vite and what else people use today", "comparison"},
	{"benchmarks", "what it costs, compared to other tools", "benchmarks"},
}

// Manual is all pages.
type Manual struct{ sections []Section } // in their order, page after page

// Read reads the pages of a directory.
func Read(dir fs.FS) (*Manual, error) {
	m := &Manual{}
	for _, pattern := range []string{"*.md", "guides/*.md"} {
		files, err := fs.Glob(dir, pattern)
		if err != nil {
			return nil, fmt.Errorf("list the pages: %w", err)
		}
		for _, file := range files {
			text, err := fs.ReadFile(dir, file)
			if err != nil {
				return nil, fmt.Errorf("read the page %s: %w", file, err)
			}
			m.sections = append(m.sections, sectionsOf(pageName(file), string(text))...)
		}
	}
	return m, nil
}

// pageName is the name of a page by its file.
func pageName(file string) string {
	return strings.ToLower(strings.TrimSuffix(path.Base(file), ".md"))
}

var heading = lazyregexp.New("^(#{1,4}) (.+)$")

// sectionsOf takes a page apart. The first section is all of it.
func sectionsOf(page, text string) []Section {
	var all []Section
	var starts []int
	code, at := false, 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
		}
		if match := heading.FindStringSubmatch(strings.TrimRight(line, "\n")); match != nil && !code {
			s := Section{Page: page, Heading: strings.ReplaceAll(match[2], "`", ""), level: len(match[1])}
			if s.level > 1 {
				s.anchor = anchorOf(match[2])
			}
			all, starts = append(all, s), append(starts, at)
		}
		at += len(line)
	}
	for i := range all {
		end := len(text)
		for j := i + 1; j < len(all); j++ {
			if all[j].level <= all[i].level {
				end = starts[j]
				break
			}
		}
		all[i].Text = strings.TrimSpace(text[starts[i]:end]) + "\n"
	}
	return all
}

var notInAnchor = lazyregexp.New(`[^\pL\pN _-]`)

// anchorOf is the anchor of a heading, as GitHub makes it.
func anchorOf(heading string) string {
	return strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

// Named is the section of that name: a topic, a page, PAGE#SECTION, or the heading
// of a section.
func (m *Manual) Named(name string) (Section, bool) {
	name = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(name, "docs/"), ".md"))
	for _, t := range Topics {
		if t.Name == name {
			name = t.at
		}
	}
	if i := slices.IndexFunc(m.sections, func(s Section) bool { return s.Name() == name }); i >= 0 {
		return m.sections[i], true
	}
	named := m.where(func(s Section) bool { return strings.ToLower(s.Heading) == name || s.anchor == name })
	if len(named) == 1 {
		return named[0], true
	}
	return Section{}, false
}

// Search are the sections that have all of the words, the best first: those that have
// them in their heading, then the shortest. A section whose parts have them is not
// among them.
func (m *Manual) Search(words ...string) []Section {
	const heads, topics = 2, 1
	rank := map[string]int{}
	found := m.where(func(s Section) bool {
		text, head := strings.ToLower(s.Text), strings.ToLower(s.Heading)
		inText, inHead := true, true
		for _, w := range words {
			w = strings.ToLower(w)
			inText, inHead = inText && strings.Contains(text, w), inHead && strings.Contains(head, w)
		}
		switch {
		case inHead:
			rank[s.Name()] = heads
		case slices.ContainsFunc(Topics, func(t Topic) bool { return t.at == s.Name() }):
			rank[s.Name()] = topics
		}
		return inText
	})
	found = slices.DeleteFunc(slices.Clone(found), func(s Section) bool {
		return rank[s.Name()] < heads && slices.ContainsFunc(found, func(part Section) bool {
			return part.Page == s.Page && part.level > s.level && strings.Contains(s.Text, part.Text)
		})
	})
	slices.SortStableFunc(found, func(a, b Section) int {
		return cmp.Or(rank[b.Name()]-rank[a.Name()], len(a.Text)-len(b.Text))
	})
	return found
}

// Rest are the pages that no topic is about, but for those on devloop itself.
func (m *Manual) Rest() []Section {
	return m.where(func(s Section) bool {
		about := slices.ContainsFunc(Topics, func(t Topic) bool { return t.at == s.Page })
		return s.anchor == "" && s.level == 1 && !about && !slices.Contains([]string{"readme", "architecture", "contributing"}, s.Page)
	})
}

func (m *Manual) where(holds func(Section) bool) []Section {
	var found []Section
	for _, s := range m.sections {
		if holds(s) {
			found = append(found, s)
		}
	}
	return found
}

var link = lazyregexp.New(`\[((?:[^\[\]]|\[[^\]]*\])+)\]\(([^)\s]+)\)`)

// Plain is a section's text for a terminal: links lead to `devloop help` or to an
// address, never to a file that is not there.
func (m *Manual) Plain(s Section) string {
	var b, prose strings.Builder
	flush := func() {
		b.WriteString(link.ReplaceAllStringFunc(prose.String(), func(text string) string {
			parts := link.FindStringSubmatch(text)
			return m.plainLink(s.Page, parts[1], parts[2])
		}))
		prose.Reset()
	}
	code := false
	for line := range strings.Lines(s.Text) {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		if !code && !fence && !strings.HasPrefix(line, "    ") {
			prose.WriteString(line) // a link may go on in the next line
			continue
		}
		flush()
		if fence {
			code = !code
		}
		b.WriteString(line)
	}
	flush()
	return b.String()
}

func (m *Manual) plainLink(page, text, target string) string {
	if strings.Contains(target, "://") {
		if strings.Contains(target, text) {
			return target
		}
		return text + " (" + target + ")"
	}
	file, anchor, _ := strings.Cut(target, "#")
	name := page
	if file != "" {
		if !strings.HasSuffix(file, ".md") {
			return text // an example, in the repository alone
		}
		name = pageName(file)
	}
	if anchor != "" {
		name += "#" + anchor
	}
	for _, t := range Topics {
		if t.at == name {
			name = t.Name
		}
	}
	if _, ok := m.Named(name); !ok || file == "" && !strings.Contains(name, "#") {
		return text
	}
	if strings.HasSuffix(text, ".md") {
		return "`devloop help " + name + "`"
	}
	return text + " (`devloop help " + name + "`)"
}
