package schema

// Mistake is one thing wrong in a file: where, what, and what to write instead.
type Mistake struct {
	Pos  Pos
	Msg  string // what is wrong, without a final full stop
	Hint string // what to write in its place, or ""
	Line string // the text of the line at Pos, for the caret
}

// Mistakes is every mistake of a load, in file order. It is an error.
type Mistakes []Mistake
