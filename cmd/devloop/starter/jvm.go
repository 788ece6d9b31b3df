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
	jvmServer     = lazyregexp.New(`spring-boot|springframework\.boot|micronaut|quarkus|ktor|javalin|dropwizard`)
	jvmPort       = lazyregexp.New(`embeddedServer\([^)]*\bport\s*=\s*(\d{2,5})|Javalin[^;]*\.start\((\d{2,5})\)`)
	gradleName    = lazyregexp.New(`(?m)^\s*rootProject\.name\s*=\s*["']([^"']+)["']`)
	gradleVersion = lazyregexp.New(`(?m)^\s*version\s*=?\s*["']([^"']+)["']`)
)

func lookGradle(p *project) (*draft, error) {
	build := ""
	for _, f := range []string{"build.gradle", "build.gradle.kts"} {
		if p.has(f) {
			build = f
		}
	}
	if build == "" {
		return nil, nil
	}
	text, err := p.read(build)
	if err != nil {
		return nil, err
	}
	settings, _ := p.read("settings.gradle") // one of the two, or neither
	kts, _ := p.read("settings.gradle.kts")
	d := &draft{by: build}
	modules, err := p.gradleModules(settings + "\n" + kts)
	if err != nil {
		return nil, err
	}
	server, module, root := jvmServer.FindString(text), ".", text
	dir, own, others := modules.serving(p)
	if dir != "" && !jvmServes.MatchString(text) {
		module, text, server = dir, own, jvmServer.FindString(own+text)
	}
	d.extends("gradle", "")
	if !p.has("gradlew") {
		d.set("GRADLE", "gradle --quiet", "there is no wrapper here")
	}
	d.ignore(".trigger", "build/")
	if server == "" {
		withoutServer(d, "TASKS", "test")
		return d, nil
	}
	all, tasks := "", ""
	if server == "ktor" && strings.Contains(text, "io.ktor.plugin") {
		tasks, all = "buildFatJar", "-all"
	} else if strings.Contains(text, "shadow") {
		all = "-all"
	}
	name := group(gradleName.FindStringSubmatch(settings + "\n" + kts))
	switch {
	case module != ".":
		name = path.Base(module)
		project := ":" + strings.ReplaceAll(module, "/", ":") + ":"
		if tasks == "" {
			tasks = "assemble"
		}
		d.set("TASKS", project+tasks, "the module that serves, and those that it is built from")
		othersOf(d, module, others, "set TASKS and JAR")
	case tasks != "":
		d.set("TASKS", tasks, "the plain jar of Ktor has no libraries in it")
	}
	jar := "build/libs/app" + all + ".jar"
	if name != "" {
		jar = "build/libs/" + name + all + ".jar"
		if server == "ktor" && all != "" { // its jar has no version
		} else if v := group(gradleVersion.FindStringSubmatch(text + "\n" + root)); v != "" {
			jar = "build/libs/" + name + "-" + v + all + ".jar"
		}
	}
	if module == "." {
		devMode(d, server, false)
	}
	setJar(d, server, path.Join(module, jar), path.Join(module, "build/quarkus-app/quarkus-run.jar"))
	jvmAddress(d, p, module)
	return d, nil
}

// jvmAddress says what connections need where the sources say the port themselves.
func jvmAddress(d *draft, p *project, module string) {
	if port, from := p.configuredPort(module); port != "" {
		d.port(port, "a guess, from "+from)
		return // its property says another one
	}
	sources := slices.DeleteFunc(p.sources(".kt", ".java"), func(f string) bool { return !below(f, module) })
	at, port := p.port(sources, jvmPort)
	n, err := strconv.Atoi(port)
	if err != nil {
		return
	}
	outer := strconv.Itoa(beside(n))
	d.sockets = append(d.sockets, entry{key: "web", comment: bindsItself(port, at), sub: []entry{
		{key: "listen", value: "http::" + outer},
		{key: "to", value: yamlText("127.0.0.1:" + port)},
	}})
	d.note("The server seems to bind %s by itself (%s): open http://127.0.0.1:%s, where requests wait while it restarts.", port, at, outer)
}

// pom is what is read of a pom.xml.
type pom struct {
	ArtifactID string `xml:"artifactId"`
	Version    string `xml:"version"`
	Parent     struct {
		ArtifactID string `xml:"artifactId"`
		Version    string `xml:"version"`
	} `xml:"parent"`
	Build struct {
		FinalName string `xml:"finalName"`
	} `xml:"build"`
	Modules []string `xml:"modules>module"`
}

func lookMaven(p *project) (*draft, error) {
	if !p.has("pom.xml") {
		return nil, nil
	}
	text, err := p.read("pom.xml")
	if err != nil {
		return nil, err
	}
	var m pom
	if err := xml.Unmarshal([]byte(text), &m); err != nil {
		return nil, fmt.Errorf("read pom.xml: %w", err)
	}
	d := &draft{by: "pom.xml"}
	d.extends("maven", "")
	if p.has("mvnw") {
		d.set("MAVEN", "./mvnw --quiet", "")
	}
	d.ignore(".trigger", "target/")
	server, module := jvmServer.FindString(text), "."
	if len(m.Modules) > 0 {
		modules, err := p.mavenModules(m.Modules)
		if err != nil {
			return nil, err
		}
		dir, own, others := modules.serving(p)
		if server = jvmServer.FindString(own + text); dir == "" {
			server = ""
		}
		module, text = dir, own
		if server != "" {
			d.set("GOALS", "package -DskipTests -pl "+dir+" -am", "the module that serves, and those that it is built from")
			othersOf(d, dir, others, "set GOALS and JAR")
		}
	}
	if server == "" {
		withoutServer(d, "GOALS", "verify")
		return d, nil
	}
	jar, err := mavenJar(text)
	if err != nil {
		return nil, err
	}
	if module == "." {
		devMode(d, server, true)
	}
	setJar(d, server, path.Join(module, jar), path.Join(module, "target/quarkus-app/quarkus-run.jar"))
	jvmAddress(d, p, module)
	return d, nil
}

// withoutServer keeps only the watcher of a preset.
func withoutServer(d *draft, tasks, value string) {
	d.set(tasks, value, "")
	d.set("TESTS", "off", tasks+" has them")
	d.comment("No server's library was found, so its server and its socket are taken away.")
	d.sockets = append(d.sockets, entry{key: "web", value: "null"})
	d.processes = append(d.processes, entry{key: "server", value: "null"})
}

// setJar says what runs, and which property has its port.
func setJar(d *draft, server, jar, quarkus string) {
	property := "server.port"
	switch server {
	case "quarkus":
		jar, property = quarkus, "quarkus.http.port"
	case "micronaut":
		property = "micronaut.server.port"
	case "ktor":
		property = "ktor.deployment.port"
	}
	d.set("JAR", jar, "a guess, from "+d.by)
	if property != "server.port" {
		d.set("PORT_PROPERTY", property, "")
	}
	d.note("Check JAR in devloop.yaml: it is what the build writes.")
}
