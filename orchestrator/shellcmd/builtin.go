package shellcmd

import "strings"

// builtins are the names that a shell does not look up in PATH: those of POSIX
// and of the shells that are some system's /bin/sh (dash, bash, ksh, mksh,
// zsh, busybox), and the reserved words that the parser, reading POSIX, takes
// for names. To have one too many here costs a pid, never a meaning.
//
// Among them are some that exist as programs as well (printf, test, kill, pwd,
// time). They differ: "kill %1", "test a == b" or printf '\e' are what the
// shell at hand makes of them.
var builtins = set(`
	. : [ [[ alias autoload bg bind break builtin caller cd chdir command
	compgen complete compopt continue coproc declare dirs disown echo emulate
	enable eval exec exit export false fc fg float function functions getopts
	global hash help hist history inlib integer jobs kill let local logout
	mapfile nameref newgrp noglob nocorrect popd print printf pushd pwd read
	readarray readonly rehash rename repeat return select set setopt shift
	shopt source stop suspend test time times trap true type typeset ulimit
	umask unalias unset unsetopt until unlocal wait whence where which
	zmodload`)

func set(names string) map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		m[name] = true
	}
	return m
}
