package starter

import (
	"encoding/xml"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"devloop/schema/lazyregexp"
)

var (
	jvmServes     = lazyregexp.New(`SpringApplication\.run|runApplication<|Micronaut\.run|Micronaut\.build|embeddedServer\(|EngineMain|Javalin\.create|Quarkus\.run|@QuarkusMain`)
	jvmPackaged   = lazyregexp.New(`spring-boot-maven-plugin|quarkus-maven-plugin|maven-shade-plugin|micronaut-maven-plugin|io\.quarkus["'\x60)]|io\.micronaut\.application|io\.ktor\.plugin|org\.springframework\.boot["'\x60]`)
	jvmAnswers    = lazyregexp.New(`starter-web|webflux|starter-gateway|cloud-gateway|config-server|eureka-server|admin-starter-server|graphql|quarkus-(?:rest|resteasy|vertx-http|reactive-routes)|micronaut-http-server|ktor-server|javalin|dropwizard`)
	gradleInclude = lazyregexp.New(`(?m)^\s*include\s*\(?([^)\n]*(?:,\s*\n[^)\n]*)*)`)
	gradlePath    = lazyregexp.New(`["']:?([\w:/.-]+)["']`)
	jvmConfigured = lazyregexp.New(`(?m)^\s*(?:%dev\.)?(?:server|quarkus\.http|micronaut\.server)\.port\s*[=:]\s*(?:\$\{\w+:)?(\d{2,5})|(?m)^server:\s*\n(?:\s+.*\n)*?\s+port:\s*(?:\$\{\w+:)?(\d{2,5})`)
)

// jvmModules are the modules of a build, as directories, with what their build file says.
type jvmModules struct {
	dirs, texts []string
}

// jvmModule is one module of a build: its directory and its build file.
type jvmModule struct{ dir, text string }

// serving are the modules that the loop runs, the one whose pages people look at first: those whose sources start
// a program, or else those that are packaged as one.
func (m jvmModules) serving(p *project) []jvmModule {
	var found []jvmModule
	for i, d := range m.dirs {
		sources := slices.DeleteFunc(p.sources(".java", ".kt", ".groovy", ".scala"), func(f string) bool { return !below(f, d) || strings.Contains(f, "/test/") })
		if _, starts := p.search(sources, jvmServes); starts != nil {
			found = append(found, jvmModule{d, m.texts[i]})
		}
	}
	if len(found) == 0 {
		for i, text := range m.texts {
			if jvmPackaged.MatchString(text) {
				found = append(found, jvmModule{m.dirs[i], text})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b jvmModule) int {
		if jvmWeb(p, a) != jvmWeb(p, b) {
			return map[bool]int{true: -1, false: 1}[jvmWeb(p, a)]
		}
		return frontRank(a.dir) - frontRank(b.dir)
	})
	if len(found) < 2 {
		return found
	}
	options := []string{"all of them"}
	for _, one := range found {
		options = append(options, "only "+one.dir)
	}
	if at, _ := p.tools.choose("Which of these modules does the loop run?", options); at > 0 {
		return found[at-1 : at]
	}
	return found
}

// jvmWeb tells whether a module answers on a port, as far as its build file and its configuration say.
func jvmWeb(p *project, m jvmModule) bool {
	port, _ := p.configuredPort(m.dir)
	return port != "" || jvmAnswers.MatchString(m.text)
}

// frontRank orders modules by how likely people look at their pages: `api-gateway` before `config-server`.
func frontRank(dir string) int {
	name := path.Base(dir)
	names := []string{"gateway", "web", "frontend", "app", "application", "api", "server"}
	if i := slices.Index(names, name[strings.LastIndexAny(name, "-_.")+1:]); i >= 0 {
		return i
	}
	return len(names)
}

// mavenModules are those of a pom.xml.
func (p *project) mavenModules(names []string) (jvmModules, error) {
	var m jvmModules
	for _, name := range names {
		dir := path.Clean(strings.TrimSpace(name))
		text, err := p.read(path.Join(dir, "pom.xml"))
		if err != nil {
			return m, err
		}
		if text != "" && below(dir, ".") {
			m.dirs, m.texts = append(m.dirs, dir), append(m.texts, text)
		}
	}
	return m, nil
}

// gradleModules are those that the settings include.
func (p *project) gradleModules(settings string) (jvmModules, error) {
	var m jvmModules
	for _, include := range gradleInclude.FindAllStringSubmatch(settings, -1) {
		for _, name := range gradlePath.FindAllStringSubmatch(include[1], -1) {
			dir := path.Clean(strings.ReplaceAll(name[1], ":", "/"))
			for _, file := range []string{"build.gradle", "build.gradle.kts"} {
				text, err := p.read(path.Join(dir, file))
				if err != nil {
					return m, err
				}
				if text != "" {
					m.dirs, m.texts = append(m.dirs, dir), append(m.texts, text)
				}
			}
		}
	}
	return m, nil
}

// modulesBeside adds the modules that run beside the server, each on a port of its own if it has one; jar is what
// the build writes of a module, below its directory.
func modulesBeside(d *draft, p *project, others []jvmModule, jar func(jvmModule) (string, error)) error {
	taken := []string{d.held()}
	names := []string{"server", "web"}
	for _, m := range others {
		written, err := jar(m)
		if err != nil {
			return err
		}
		name := nodeName(path.Base(m.dir))
		if slices.Contains(names, name) {
			name = nodeName(strings.ReplaceAll(m.dir, "/", "-")) + "-module"
		}
		names = append(names, name)
		written = path.Join(m.dir, written)
		process := entry{key: name, comment: "What the build writes of " + m.dir + ", a guess from " + d.by + "."}
		if !jvmWeb(p, m) {
			process.sub = []entry{{key: "run", value: yamlText("java -jar " + written)}, {key: "watch", value: ".trigger"}}
			d.processes = append(d.processes, process)
			continue
		}
		port, from := p.configuredPort(m.dir)
		if from = ", from " + from; port == "" {
			port, from = "8080", ": no file says its port"
		}
		for slices.Contains(taken, port) {
			n, err := strconv.Atoi(port)
			if err != nil {
				return fmt.Errorf("the port of %s: %w", m.dir, err)
			}
			port = strconv.Itoa(n + 1)
		}
		taken = append(taken, port)
		d.sockets = append(d.sockets, entry{key: name, comment: "A guess" + from + ".", sub: []entry{
			{key: "listen", value: "http::" + port}, {key: "via", value: "proxy"}, {key: "while_down", value: "page"},
		}})
		property := jvmProperty(jvmServer.FindString(m.text))
		process.sub = []entry{
			{key: "run", value: yamlText("java -D" + property + "=$PORT -jar " + written)},
			{key: "watch", value: ".trigger"},
			{key: "update", value: "auto"},
			{key: "sockets", value: "[" + name + "]"},
		}
		d.processes = append(d.processes, process)
		d.note("%s at http://127.0.0.1:%s.", m.dir, port)
	}
	if len(others) > 0 {
		d.note("All %d modules that can be run are processes. If one needs another one first, give it `depends_on`.", len(others)+1)
	}
	return nil
}

// mavenJar is what the build of a pom.xml writes, below its directory.
func mavenJar(text string) (string, error) {
	var m pom
	if err := xml.Unmarshal([]byte(text), &m); err != nil {
		return "", fmt.Errorf("read pom.xml: %w", err)
	}
	if name := m.Build.FinalName; name != "" && !strings.Contains(name, "${") {
		return "target/" + name + ".jar", nil
	}
	version := m.Version
	if version == "" {
		version = m.Parent.Version
	}
	return "target/" + m.ArtifactID + "-" + version + ".jar", nil
}

// configuredPort is the port that the server's configuration has, with its place.
func (p *project) configuredPort(dir string) (port, from string) {
	for _, file := range []string{"application.properties", "application.yml", "application.yaml", "application-dev.properties"} {
		at := path.Join(dir, "src/main/resources", file)
		text, err := p.read(at)
		if err != nil {
			continue
		}
		if m := jvmConfigured.FindAllStringSubmatchIndex(text, 1); m != nil {
			port, offset := firstGroup(text, m[0])
			return port, fmt.Sprintf("%s:%d", at, 1+strings.Count(text[:offset], "\n"))
		}
	}
	return "", ""
}

// devMode names the server's own way to reload, for whoever prefers that.
func devMode(d *draft, server string, maven bool) {
	switch {
	case server == "quarkus" && maven:
		d.comment("Quarkus' own dev mode instead of a jar: `run: $MAVEN quarkus:dev -Dquarkus.http.port=$PORT`, and `watch: null` for the server.")
	case server == "quarkus":
		d.comment("Quarkus' own dev mode instead of a jar: `run: $GRADLE quarkusDev -Dquarkus.http.port=$PORT`, and `watch: null` for the server.")
	case strings.Contains(server, "spring") && maven:
		d.comment("Without a jar: `run: $MAVEN spring-boot:run -Dspring-boot.run.arguments=--server.port=$PORT`, and `GOALS: compile`.")
	case strings.Contains(server, "spring"):
		d.comment("Without a jar: `run: $GRADLE bootRun --args=--server.port=$PORT`, and `TASKS: classes`.")
	}
}
