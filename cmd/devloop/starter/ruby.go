package starter

import (
	"path"

	"devloop/schema/lazyregexp"
)

var (
	rubyServer = lazyregexp.New(`(?m)^\s*gem\s+["'](rails|puma|sinatra|rack|hanami|roda)["']`)
	rails      = lazyregexp.New(`(?m)^\s*gem\s+["']rails["']`)
	classic    = lazyregexp.New(`(?m)^\s*require\s+["']sinatra["']`)
	puma       = lazyregexp.New(`(?m)^\s*gem\s+["']puma["']|^\s+puma \(`)
	jekyll     = lazyregexp.New(`(?m)^\s*gem\s+["'](?:jekyll|github-pages)["']`)
	rspec      = lazyregexp.New(`(?m)^\s*gem\s+["']rspec`)
)

func lookRuby(p *project) (*draft, error) {
	if !p.has("Gemfile") {
		if !p.has("config.ru") {
			return lookSinatra(p), nil
		}
		d := &draft{by: "config.ru"}
		d.extends("ruby-web", "there is a config.ru")
		d.ignore(".trigger")
		d.set("PUMA", "puma -I .", "there is no Gemfile")
		d.set("TEST", "ruby -c config.ru", "no tests were found")
		return d, nil
	}
	gems, err := p.read("Gemfile")
	if err != nil {
		return nil, err
	}
	if p.has("_config.yml") && jekyll.MatchString(gems) { // a site, which docs knows
		return nil, nil
	}
	test := ""
	switch {
	case rspec.MatchString(gems):
		test = "bundle exec rspec"
	case rails.MatchString(gems):
		test = "bin/rails test"
	case p.has("Rakefile"):
		test = "bundle exec rake test"
	}
	d := &draft{by: "Gemfile"}
	found := rubyServer.FindStringSubmatch(gems)
	if file, m := p.search(p.sources(".rb"), classic); m != nil && found != nil && !p.has("config.ru") {
		sinatra(d, "bundle exec ruby "+file, test)
		return d, nil
	}
	if found == nil || !p.has("config.ru") {
		if test == "" {
			test = "ruby -e 'Dir[\"**/*.rb\"].each { |f| RubyVM::InstructionSequence.compile_file(f) }'"
		}
		d.watchers = append(d.watchers, entry{key: "check", sub: []entry{
			{key: "watch", value: yamlText("**/{*.rb,*.rake,Gemfile,Gemfile.lock,Rakefile}")}, {key: "stages", value: stages(test)},
		}})
		return d, nil
	}
	if rails.MatchString(gems) {
		d.extends("rails", "the Gemfile has rails")
	} else {
		d.extends("ruby-web", "the Gemfile has "+found[1])
	}
	d.ignore(".trigger")
	lock, _ := p.read("Gemfile.lock") // if there is none, the Gemfile tells
	if !puma.MatchString(gems + "\n" + lock) {
		d.note("The Gemfile has no puma, which is what takes the socket here: `bundle add puma`.")
	}
	switch test {
	case "bin/rails test":
	case "bundle exec rake test":
	case "":
		d.set("TESTS", "off", "none were found")
	default:
		d.set("TEST", test, "")
	}
	return d, nil
}

// sinatra is an app that is run by its own file, and then reads $PORT.
func sinatra(d *draft, run, test string) {
	d.sockets = append(d.sockets, entry{key: "web", sub: []entry{
		{key: "listen", value: "http::4567"}, {key: "via", value: "proxy", comment: "Sinatra listens on $PORT"}, {key: "while_down", value: "page"},
	}})
	watch := entry{key: "watch", value: yamlText("**/*.{rb,erb,haml,slim}")}
	if test != "" {
		d.watchers = append(d.watchers, entry{key: "tests", comment: "What fails here is told, and takes nothing down.", sub: []entry{
			watch, {key: "stages", value: "\n- {run: " + inFlow(test) + ", nice: 10}"},
		}})
	}
	d.processes = append(d.processes, entry{key: "server", sub: []entry{
		{key: "run", value: yamlText(run)}, watch, {key: "update", value: "auto", comment: "the old version serves until the new one does"}, {key: "sockets", value: "[web]"},
	}})
}

// lookSinatra drafts an app of Sinatra's in a directory without a Gemfile; nil if there is none.
func lookSinatra(p *project) *draft {
	for _, file := range p.sources(".rb") {
		text, err := p.read(file)
		if err != nil || path.Dir(file) != "." || !classic.MatchString(text) {
			continue
		}
		d, run := &draft{by: file}, "ruby "+file
		for dir := ".."; p.canRise(path.Join(dir, "x")); dir = path.Join(dir, "..") {
			if p.isFile(path.Join(dir, "Gemfile")) {
				run = "bundle exec " + run
				break
			}
		}
		sinatra(d, run, "")
		return d
	}
	return nil
}
