package starter

import (
	"devloop/schema/dotenv"

	"devloop/schema/lazyregexp"
)

// ownDotenv are the presets whose servers read .env files by their own rules.
var ownDotenv = []string{"preset:vite", "preset:next", "preset:nuxt", "preset:astro", "preset:angular", "preset:remix", "preset:laravel", "preset:symfony", "preset:phoenix", "preset:dotnet-web"}

// setEnvFile gives the commands the project's .env, unless what runs reads it by itself.
func setEnvFile(d *draft, p *project) error {
	if len(d.top) == 0 {
		return nil
	}
	for _, e := range d.top {
		if e.key == "env_file" {
			return nil
		}
		for _, own := range ownDotenv {
			if e.value == own {
				return nil
			}
		}
	}
	text, err := p.read(".env")
	if err != nil {
		return err
	}
	sample := envSample(p)
	switch {
	case p.has(".env"):
		if _, mistakes := dotenv.Parse([]byte(text)); len(mistakes) > 0 {
			d.note(".env is not as devloop reads such files (line %d: %s), so devloop.yaml does not name it: the server has to read it by itself.", mistakes[0].Pos.Line, mistakes[0].Msg)
			return nil
		}
		d.top = append(d.top, entry{key: "env_file", value: ".env", comment: "for every command; a change restarts what it is for"})
	case sample != "":
		d.top = append(d.top, entry{key: "env_file", value: ".env", comment: "it need not be there"})
		d.note("There is a %s: `cp %s .env`, and set what it asks for.", sample, sample)
	}
	return nil
}

// samples are files that are to be copied to .env.
var samples = []string{".env.example", ".env.sample", ".env.template", ".env.dist"}

// envSample is the file that is to be copied to .env; "" if there is none.
func envSample(p *project) string {
	for _, name := range samples {
		if p.has(name) {
			return name
		}
	}
	return ""
}

var samplePort = lazyregexp.New(`(?m)^\s*(?:export\s+)?PORT\s*=\s*["']?(\d{2,5})\b`)

// samplePortOf is the port in the sample, which is for everybody to read.
func samplePortOf(p *project) string {
	name := envSample(p)
	if name == "" {
		return ""
	}
	text, err := p.read(name)
	if err != nil {
		return ""
	}
	return group(samplePort.FindStringSubmatch(text))
}
