//go:build !linux && !darwin && !freebsd

package doctor

// Limits are unknown: none are known here.
func (s System) Limits(Need) []Finding { return nil }

// ListenQueue is unknown: the system does not tell.
func (s System) ListenQueue() Finding {
	return Finding{Mark: Note, About: "listen queue", Text: "the system does not tell its length"}
}
