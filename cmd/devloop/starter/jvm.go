package starter

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

var (
	jvmServer     = compiled(`spring-boot|micronaut|quarkus|ktor|javalin|dropwizard`)
	jvmPort       = compiled(`embeddedServer\([^)]*\bport\s*=\s*(\d{2,5})|Javalin[^;]*\.start\((\d{2,5})\)`)
	gradleName    = compiled(`(?m)^\s*rootProject\.name\s*=\s*["']([^"']+)["']`)
	gradleVersion = compiled(`(?m)^\s*version\s*=?\s*["']([^"']+)["']`)
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
	server := jvmServer.FindString(text)
	d.extends("gradle", "")
	if !p.has("gradlew") {
		d.set("GRADLE", "gradle --quiet", "there is no wrapper here")
	}
	d.ignore(".trigger", "build/")
	if server == "" {
		withoutServer(d, "TASKS", "test")
		return d, nil
	}
	all := ""
	if server == "ktor" && strings.Contains(text, "io.ktor.plugin") {
		d.set("TASKS", "buildFatJar", "the plain jar of Ktor has no libraries in it")
		all = "-all"
	} else if strings.Contains(text, "shadow") {
		all = "-all"
	}
	jar := "build/libs/app" + all + ".jar"
	if m := gradleName.FindStringSubmatch(settings + "\n" + kts); m != nil {
		jar = "build/libs/" + m[1] + all + ".jar"
		if server == "ktor" && all != "" { // its jar has no version
		} else if v := gradleVersion.FindStringSubmatch(text); v != nil {
			jar = "build/libs/" + m[1] + "-" + v[1] + all + ".jar"
		}
	}
	setJar(d, server, jar, "build/quarkus-app/quarkus-run.jar")
	jvmAddress(d, p)
	return d, nil
}

// jvmAddress says what connections need where the sources say the port themselves.
func jvmAddress(d *draft, p *project) {
	at, port := p.port(p.sources(".kt", ".java"), jvmPort)
	n, err := strconv.Atoi(port)
	if err != nil {
		return
	}
	outer := strconv.Itoa(n + 1)
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
	server := jvmServer.FindString(text)
	if server == "" {
		withoutServer(d, "GOALS", "verify")
		return d, nil
	}
	version := m.Version
	if version == "" {
		version = m.Parent.Version
	}
	jar := "target/" + m.ArtifactID + "-" + version + ".jar"
	if m.Build.FinalName != "" && !strings.Contains(m.Build.FinalName, "${") {
		jar = "target/" + m.Build.FinalName + ".jar"
	}
	setJar(d, server, jar, "target/quarkus-app/quarkus-run.jar")
	jvmAddress(d, p)
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
	d.set("JAR", jar, "")
	if property != "server.port" {
		d.set("PORT_PROPERTY", property, "")
	}
	d.note("Check JAR in devloop.yaml: it is what the build writes.")
}
