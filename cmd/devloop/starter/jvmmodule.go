package starter

import (
	"encoding/xml"
	"fmt"
	"path"
	"slices"
	"strings"

	"devloop/schema/lazyregexp"
)

var (
	jvmServes     = lazyregexp.New(`SpringApplication\.run|runApplication<|Micronaut\.run|Micronaut\.build|embeddedServer\(|EngineMain|Javalin\.create|Quarkus\.run|@QuarkusMain`)
	jvmPackaged   = lazyregexp.New(`spring-boot-maven-plugin|quarkus-maven-plugin|maven-shade-plugin|micronaut-maven-plugin|io\.quarkus["'\x60)]|io\.micronaut\.application|io\.ktor\.plugin|org\.springframework\.boot["'\x60]`)
	gradleInclude = lazyregexp.New(`(?m)^\s*include\s*\(?([^)\n]*(?:,\s*\n[^)\n]*)*)`)
	gradlePath    = lazyregexp.New(`["']:?([\w:/.-]+)["']`)
	jvmConfigured = lazyregexp.New(`(?m)^\s*(?:%dev\.)?(?:server|quarkus\.http|micronaut\.server)\.port\s*[=:]\s*(?:\$\{\w+:)?(\d{2,5})|(?m)^server:\s*\n(?:\s+.*\n)*?\s+port:\s*(?:\$\{\w+:)?(\d{2,5})`)
)

// jvmModules are the modules of a build, as directories, with what their build file says.
type jvmModules struct {
	dirs, texts []string
}

// serving is the module with the server: one whose sources start it, or else one that is packaged as a
// program. others are further ones.
func (m jvmModules) serving(p *project) (dir, text string, others []string) {
	var found []int
	for i, d := range m.dirs {
		sources := slices.DeleteFunc(p.sources(".java", ".kt", ".groovy", ".scala"), func(f string) bool { return !below(f, d) || strings.Contains(f, "/test/") })
		if _, starts := p.search(sources, jvmServes); starts != nil {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		for i, text := range m.texts {
			if jvmPackaged.MatchString(text) {
				found = append(found, i)
			}
		}
	}
	if len(found) == 0 {
		return "", "", nil
	}
	slices.SortStableFunc(found, func(a, b int) int { return frontRank(m.dirs[a]) - frontRank(m.dirs[b]) })
	for _, i := range found {
		others = append(others, m.dirs[i])
	}
	at, _ := p.tools.choose("Which module is the server?", others)
	dir = others[at]
	return dir, m.texts[found[at]], slices.Delete(others, at, at+1)
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

// othersOf says which further modules serve.
func othersOf(d *draft, dir string, others []string, how string) {
	if len(others) > 0 {
		d.note("There are %d modules that serve: this is %s, and not %s. For another one, %s.", len(others)+1, dir, listed(others, "or"), how)
	}
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
