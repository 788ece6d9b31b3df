//go:build !unix

package fswatch

// limited: no such limit is known here.
func limited(error) bool { return false }

func watchRemedy(err error) string { return err.Error() }

func instanceRemedy(err error) string { return err.Error() }

// fileLimit: a watched file takes no descriptor.
func fileLimit() int { return 0 }

// staleWatch: no such error is known here.
func staleWatch(error) bool { return false }
