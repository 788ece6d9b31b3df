package fspoll

// Needed says whether polling is needed for a directory, or for what will be there, because it lies on a file
// system that gives no events of what others change, and names that. A kind that is not known gives events.
func Needed(dir string) (reason string, needed bool) {
	there, kind := remoteKind(dir)
	if kind == "" {
		return "", false
	}
	return there + " is on a file system (" + kind + ") that gives no events of changes made elsewhere", true
}

// Remote is the kind of the file system for which Needed says that polling is needed, "" where it is not.
func Remote(dir string) (kind string) {
	_, kind = remoteKind(dir)
	return kind
}
