package yamltree

// Dialect is what Parse knows of the files that it reads.
type Dialect struct {
	File    string                // what one is called, such as "a devloop.yaml"
	IsKey   func(key string) bool // tells whether any mapping has the key
	TagHint string                // what to write instead of a value that begins with `!`
}
