package starter

// sites are generators of static pages, by the file that they are known by.
var sites = []struct{ file, build, out, sources string }{
	{"mkdocs.yml", "", "", "{docs/**,mkdocs.yml}"},
	{"book.toml", "mdbook build", "book", "{src/**,book.toml}"},
	{"hugo.toml", "hugo --quiet", "public", "{content,layouts,static,assets,data}/**"},
	{"hugo.yaml", "hugo --quiet", "public", "{content,layouts,static,assets,data}/**"},
	{"_config.yml", "bundle exec jekyll build --quiet", "_site", "**/*.{md,html,css,yml}"},
	{"docs/source/conf.py", "sphinx-build -q docs/source site", "", "docs/**"},
	{"docs/conf.py", "sphinx-build -q docs site", "", "docs/**"},
}

func lookDocs(p *project) (*draft, error) {
	for _, s := range sites {
		if !p.has(s.file) {
			continue
		}
		d := &draft{by: s.file}
		d.extends("docs", "there is a "+s.file)
		d.set("SOURCES", s.sources, "")
		if s.build != "" {
			d.set("BUILD", s.build, "")
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
