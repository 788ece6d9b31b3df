package shellcmd

// Program is the program that text runs, if text is one simple command: its
// first word, or what stands behind `exec`. It answers false where a shell
// would have to expand that.
func Program(text string) (string, bool) {
	l, ok := parseLine(text)
	if !ok {
		return "", false
	}
	words := l.call.Args
	if first, _ := literal(words[0], argument); first == "exec" && len(words) > 1 {
		words = words[1:]
	}
	return literal(words[0], argument)
}
