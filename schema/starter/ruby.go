package starter

import "regexp"

var (
	rubyServer = regexp.MustCompile(`(?m)^\s*gem\s+["'](rails|puma|sinatra|rack|hanami|roda)["']`)
	rails      = regexp.MustCompile(`(?m)^\s*gem\s+["']rails["']`)
	rspec      = regexp.MustCompile(`(?m)^\s*gem\s+["']rspec`)
)

func lookRuby(p *project) (*draft, error) {
	if !p.has("Gemfile") {
		return nil, nil
	}
	gems, err := p.read("Gemfile")
	if err != nil {
		return nil, err
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
	if found == nil || !p.has("config.ru") {
		if test == "" {
			test = "ruby -e 'Dir[\"**/*.rb\"].each { |f| RubyVM::InstructionSequence.compile_file(f) }'"
		}
		d.watchers = append(d.watchers, entry{key: "check", sub: []entry{
			{key: "watch", value: yamlText("**/{*.rb,*.rake,Gemfile,Gemfile.lock,Rakefile}")}, {key: "stages", value: stages(test)},
		}})
		return d, nil
	}
	d.extends("ruby-web", "the Gemfile has "+found[1])
	d.ignore(".trigger")
	switch test {
	case "bundle exec rake test":
	case "":
		d.set("TEST", "ruby -c config.ru", "no tests were found")
	default:
		d.set("TEST", test, "")
	}
	return d, nil
}
