package livereload

import (
	"bytes"
	"embed"
	"sync"
)

//go:embed client/*.js
var sources embed.FS

// script is what a page loads: the files of client, which share their names with each other and with nobody else.
var script = sync.OnceValue(func() []byte {
	var all bytes.Buffer
	all.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range []string{"live.js", "connect.js", "styles.js", "place.js", "badge.js", "start.js"} {
		text, err := sources.ReadFile("client/" + name)
		if err != nil {
			panic(err) // it is in the program
		}
		all.Write(text)
	}
	all.WriteString("})();\n")
	return all.Bytes()
})
