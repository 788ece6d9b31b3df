// Package livereload keeps the open pages of a socket up to date: they are told what the loop does for the server that
// they came from, are read anew when a new version is ready, and show what broke. A page has the script of this package;
// the Hub of its socket answers it.
package livereload
