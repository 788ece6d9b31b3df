package cas

// ErrMissing is for tests.
var ErrMissing = errMissing
