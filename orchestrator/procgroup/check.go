package procgroup

// Check returns the error that Start would return for the directory and the program, without starting
// anything.
func Check(spec Spec) error {
	_, err := prepare(spec)
	return err
}
