// Package sockets holds the sockets of a configuration, and knows who has them.
// They are bound before anything starts and held until everything has ended, or
// the configuration has them no more.
//
// A Set is all of them, a Held is one. A Grant is what one generation of a
// process gets of them: descriptors of those that it inherits, private ports
// behind those that devloop accepts on (`via: proxy`). It is given back when the
// generation is gone.
//
// All of it belongs to one goroutine, but for what says otherwise.
package sockets
