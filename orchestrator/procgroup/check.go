package procgroup

// Check tells what would keep the command from starting, as far as that can be
// known without starting it: its directory, and whether its program is there
// and may be run. Start's errors are the same.
func Check(spec Spec) error {
	_, err := prepare(spec)
	return err
}
