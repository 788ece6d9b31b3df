package schema

import "devloop/schema/yamltree"

// Pos is a place in a file.
type Pos = yamltree.Pos

// Mistake is one thing wrong in a file: where, what, and what to write instead.
type Mistake = yamltree.Mistake

// Mistakes is every mistake of a load, in file order. It is an error.
type Mistakes = yamltree.Mistakes
