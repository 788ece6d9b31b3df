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
	serving := modules.serving(p)
	if len(serving) > 0 && !jvmServes.MatchString(text) {
		module, text, server = serving[0].dir, serving[0].text, jvmServer.FindString(serving[0].text+text)
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
		if tasks == "" {
			tasks = "assemble"
		}
		var all []string
		for _, m := range serving {
			all = append(all, ":"+strings.ReplaceAll(m.dir, "/", ":")+":"+tasks)
		}
		name = path.Base(module)
		d.set("TASKS", strings.Join(all, " "), theModules(serving))
	case tasks != "":
		d.set("TASKS", tasks, "the plain jar of Ktor has no libraries in it")
	}
	jarOf := func(name, text string) string {
		v := group(gradleVersion.FindStringSubmatch(text + "\n" + root))
		switch {
		case name == "":
			return "build/libs/app" + all + ".jar"
		case v == "" || server == "ktor" && all != "": // its jar has no version
			return "build/libs/" + name + all + ".jar"
		}
		return "build/libs/" + name + "-" + v + all + ".jar"
	}
	jar := jarOf(name, text)
	if module == "." {
		devMode(d, server, false)
	}
	const quarkus = "build/quarkus-app/quarkus-run.jar"
	setJar(d, server, path.Join(module, jar), path.Join(module, quarkus))
	jvmAddress(d, p, module)
	if module == "." {
		return d, nil
	}
	return d, modulesBeside(d, p, serving[1:], func(m jvmModule) (string, error) {
		if jvmServer.FindString(m.text) == "quarkus" {
			return quarkus, nil
		}
		return jarOf(path.Base(m.dir), m.text), nil
	})
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
	var serving []jvmModule
	if len(m.Modules) > 0 {
		modules, err := p.mavenModules(m.Modules)
		if err != nil {
			return nil, err
		}
		if serving = modules.serving(p); len(serving) == 0 {
			withoutServer(d, "GOALS", "verify")
			return d, nil
		}
		server = jvmServer.FindString(serving[0].text + text)
		module, text = serving[0].dir, serving[0].text
	}
	if server == "" {
		withoutServer(d, "GOALS", "verify")
		return d, nil
	}
	if len(serving) > 0 {
		var dirs []string
		for _, m := range serving {
			dirs = append(dirs, m.dir)
		}
		d.set("GOALS", "package -DskipTests -pl "+strings.Join(dirs, ",")+" -am", theModules(serving))
	}
	jar, err := mavenJar(text)
	if err != nil {
		return nil, err
	}
	if module == "." {
		devMode(d, server, true)
	}
	const quarkus = "target/quarkus-app/quarkus-run.jar"
	setJar(d, server, path.Join(module, jar), path.Join(module, quarkus))
	jvmAddress(d, p, module)
	if module == "." {
		return d, nil
	}
	return d, modulesBeside(d, p, serving[1:], func(m jvmModule) (string, error) {
		if jvmServer.FindString(m.text) == "quarkus" {
			return quarkus, nil
		}
		return mavenJar(m.text)
	})
}

// theModules says which modules a build builds.
func theModules(serving []jvmModule) string {
	if len(serving) == 1 {
		return "the module that serves, and those that it is built from"
	}
	return "the modules that are run, and those that they are built from"
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
	if server == "quarkus" {
		jar = quarkus
	}
	property := jvmProperty(server)
	d.set("JAR", jar, "a guess, from "+d.by)
	if property != "server.port" {
		d.set("PORT_PROPERTY", property, "")
	}
	d.note("Check JAR in devloop.yaml: it is what the build writes.")
}

// jvmProperty is the property that has a server's port.
func jvmProperty(server string) string {
	switch server {
	case "quarkus":
		return "quarkus.http.port"
	case "micronaut":
		return "micronaut.server.port"
	case "ktor":
		return "ktor.deployment.port"
	}
	return "server.port"
}
