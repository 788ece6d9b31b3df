package starter

import (
	"path"
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
	{"mkdocs.yml", "mkdocs", "/site/", nil}, {"mkdocs.yaml", "mkdocs", "/site/", nil},
	{"config.toml", "zola", "/public/", lazyregexp.New(`(?m)^base_url\s*=`)},
}

// hugoConfigs are where Hugo looks for a site's configuration.
var hugoConfigs = []string{
	"hugo.toml", "hugo.yaml", "hugo.json", "config/_default/hugo.toml", "config/_default/hugo.yaml", "config/_default/config.toml", "config/_default/config.yaml",
	"config.toml", "config.yaml", "config.yml", "config.json",
}

var (
	hugoHolds  = lazyregexp.New(`(?im)^\s*["']?baseURL["']?\s*[=:]`)
	hugoServes = lazyregexp.New(`\bhugo\s+(?:server|serve)\b`)
)

// sitePages is a project, as one that may hold pages of a generator.
type sitePages struct{ *project }

// hugoConfig is the configuration of the Hugo site in a directory; "" if there is none.
func (p sitePages) hugoConfig(dir string) string {
	for _, name := range hugoConfigs {
		file := path.Join(dir, name)
		if text, err := p.read(file); err == nil && text != "" && (hugoHolds.MatchString(text) || path.Base(file) == "hugo.toml" && len(p.matches(path.Join(dir, "content/*"))) > 0) {
			return file
		}
	}
	return ""
}

// hugo drafts a site of Hugo, or a theme with an example of one; nil if there is neither.
func (p sitePages) hugo() *draft {
	d := &draft{by: p.hugoConfig(".")}
	flags, dir := "", "/"
	if s, serves := p.command(hugoServes); serves != nil {
		flags = arguments(s.command, serves)
		for _, name := range []string{"--bind", "--port", "-p", "--baseURL", "-b", "--liveReloadPort"} {
			flags, _, _ = without(flags, name)
		}
		if flags != "" {
			d.comment("FLAGS are those of %s.", s.from)
		}
	}
	if example := p.hugoConfig("exampleSite"); example != "" && p.has("theme.toml") {
		d.by, dir = example, "/exampleSite/"
		flags = "--buildDrafts --source exampleSite --themesDir ../.."
		d.comments = []string{"The theme is found by its name: this directory has to be called as the example's configuration calls it."}
	}
	if d.by == "" {
		return nil
	}
	d.extends("hugo", d.by)
	if flags != "" {
		d.set("FLAGS", flags, "")
	}
	d.ignore(dir+"public/", ".hugo_build.lock")
	if len(p.matches("resources/_gen")) == 0 { // some have it checked in
		d.ignore("resources/_gen/")
	}
	return d
}

// site drafts a site whose generator has a server of its own; nil if there is none.
func (p sitePages) site() (*draft, error) {
	if d := p.hugo(); d != nil {
		return d, nil
	}
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
		for _, program := range []string{".venv/bin/mkdocs", "venv/bin/mkdocs"} {
			if s.preset == "mkdocs" && p.isFile(program) {
				d.set("MKDOCS", program, "")
			}
		}
		d.ignore(s.out)
		return d, nil
	}
	return nil, nil
}

// instead is the draft of a site whose language's file is there for it alone, such as the go.mod of
// Hugo's modules and the requirements.txt of MkDocs. Of a site beside sources the draft says how it is served.
func (p sitePages) instead(d *draft) (*draft, error) {
	if d.done != nil || len(d.includes) > 0 || d.hasServer() || d.serves() {
		return d, nil
	}
	site, err := p.site()
	if err != nil || site == nil {
		return d, err
	}
	exts := map[string][]string{"go": {".go"}, "python": {".py"}, "rust": {".rs"}}[d.preset()]
	if d.preset() == "node" && site.preset() != "mkdocs" || exts != nil && len(p.sources(exts...)) == 0 {
		return site, nil
	}
	d.note("%s: `extends: [preset:%s, preset:%s]` serves those pages too, at http://127.0.0.1:%s.", site.by, d.preset(), site.preset(), site.held())
	return d, nil
}

func lookDocs(p *project) (*draft, error) {
	if d, err := (sitePages{p}).site(); d != nil || err != nil {
		return d, err
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
