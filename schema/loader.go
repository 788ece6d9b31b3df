package schema

// loader reads the files of a load one after the other, each in its place below, above or beside the
// others.
type loader struct {
	*decoder
	first     string             // the file that was loaded
	owners    []int              // who may own the files that it leads to
	anybodys  bool               // anybody may write the file that was loaded
	structure bool               // env files are not read: only the list of projects is needed
	top       *source            // the devloop.yaml of the project that is being read
	within    []step             // what includes it
	files     map[string]*source // by their absolute paths; nil for one that cannot be read
	looked    []string           // files that were read or looked for
	seen      map[string]bool    // the same
	count     int                // files that were laid under another, or included
	appending bool               // a file has an `!append`
}

func newLoader(file, path string, opt Options) *loader {
	l := &loader{
		decoder: &decoder{
			findings: &findings{sources: sources{}, ways: map[string]way{}, removed: map[string]Pos{}},
			opt:      opt.withDefaults(),
		},
		first: file, files: map[string]*source{}, seen: map[string]bool{},
	}
	l.owners, l.anybodys = trustedOwners(path)
	return l
}
