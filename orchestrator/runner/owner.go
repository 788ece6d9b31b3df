package runner

import (
	"context"
	"sync"
)

// owner is how the parts of a Runner reach its owner's goroutine, and start goroutines of their own.
type owner struct {
	ctx    context.Context
	joined sync.WaitGroup
	post   func(do func()) // runs a function in the owner's goroutine, unless ctx has ended
	onDisk func(func())    // see Options

	made, gone func(dir string) // see Options

	// The owner's goroutine calls these.
	advice  func(node int, text, hint string)
	missing func(node int, text, hint string)
	trouble func(node int, err error)
	notice  func(text string)
}

// advise posts advice about a node.
func (o *owner) advise(node int, text, hint string) {
	o.post(func() { o.advice(node, text, hint) })
}

// troubles reports what has gone wrong for a node.
func (o *owner) troubles(node int, errs []error) {
	for _, err := range errs {
		o.trouble(node, err)
	}
}
