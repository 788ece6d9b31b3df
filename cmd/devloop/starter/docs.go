package starter

import (
	"strings"

	"devloop/schema/lazyregexp"
)

// sites are generators of static pages, by the file that they are known by.
var sites = []struct{ file, build, out, sources string }{
	{"book.toml", "mdbook build", "book", "{src/**,book.toml}"},
	{"_config.yml", "bundle exec jekyll build --quiet", "_site", "**/*.{md,html,css,yml}"},
	{"docs/source/conf.py", "sphinx-build -q docs/source site", "", "docs/**"},
	{"docs/conf.py", "sphinx-build -q docs site", "", "docs/**"},
}

// siteServers are generators whose own server reloads pages, by the file that they are known by,
// and what must stand in it.
var siteServers = []struct {
	file, preset, out string
	holds             *lazyregexp.Regexp
}{
	{"mkdocs.yml", "mkdocs", "/site/", nil}, {"hugo.toml", "hugo", "/public/", nil}, {"hugo.yaml", "hugo", "/public/", nil}, {"hugo.json", "hugo", "/public/", nil},
	{"config/_default/hugo.toml", "hugo", "/public/", nil}, {"config.toml", "zola", "/public/", lazyregexp.New(`(?m)^base_url\s*=`)}, {"config.toml", "hugo", "/public/", lazyregexp.New(`(?im)^baseURL\s*=`)},
}

func lookDocs(p *project) (*draft, error) {
	for _, s := range siteServers {
		text, err := p.read(s.file)
		if err != nil {
			return nil, err
		}
		if !p.has(s.file) || s.holds != nil && !s.holds.MatchString(text) {
			continue
		}
		d := &draft{by: s.file}
		d.extends(s.preset, "there is a "+s.file)
		d.ignore(s.out)
		return d, nil
	}
	for _, s := range sites {
		if !p.has(s.file) {
			continue
		}
		d := &draft{by: s.file}
		d.extends("docs", "there is a "+s.file)
		d.set("SOURCES", s.sources, "")
		if build := s.build; build != "" {
			if !p.has("Gemfile") {
				build = strings.TrimPrefix(build, "bundle exec ")
			}
			d.set("BUILD", build, "")
		}
		out := "site"
		if s.out != "" {
			out = s.out
			d.set("SITE", s.out, "")
		}
		d.ignore(".trigger", "/"+out+"/")
		if s.file == "_config.yml" {
			d.watchers = append(d.watchers, entry{key: "build", sub: []entry{{key: "ignore", value: "_site"}}})
		}
		return d, nil
	}
	return nil, nil
}
