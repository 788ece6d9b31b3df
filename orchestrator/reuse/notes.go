package reuse

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/cas"
	"devloop/orchestrator/inputs"
)

// counts are of one key.
type counts struct {
	Passes   int
	Failures int
	Passed   time.Time
}

// noted is the value of a note; the zero value if there is none, or one of another version.
func noted[T any](store *cas.Store, name string) (value T) {
	if data, err := store.Note(name); err == nil && json.Unmarshal(data, &value) != nil {
		return *new(T)
	}
	return value
}

// note keeps a value. Nothing that is kept so is missed for long: a count, or what `why` compares with.
func note(store *cas.Store, name string, value any) {
	if data, err := json.Marshal(value); err == nil {
		_ = store.PutNote(name, data)
	}
}

func (a *Attempt) countsName() string { return "counts " + a.key.Hex() }

// Record is the last pass of a stage, for Why, and how often passes stood for it.
type Record struct {
	Project, Watcher, Stage string
	Passed                  time.Time     // the last pass that was kept
	Hits                    int           // how often an earlier pass stood for it
	Saved                   time.Duration // and how long those passes had taken in all

	Command   string            `json:",omitempty"` // a hash, as of Variables
	Directory string            `json:",omitempty"`
	Outputs   []string          `json:",omitempty"`
	Variables map[string]string `json:",omitempty"` // names with hashes, with a salt of the store's own: values may be secrets
	Tools     string            `json:",omitempty"` // a hash
	Key       string            `json:",omitempty"`
}

func (a *Attempt) readRecord() Record {
	r := noted[Record](a.store, recordName(stageName(a.stage)))
	r.Project, r.Watcher, r.Stage = a.stage.Root, a.stage.Watcher, a.stage.Name
	return r
}

// recordName is the name of a stage's Record.
func recordName(stage string) string { return "stage " + stage }

// remember notes, beside the stages, what a pass depended on that was kept, or that stood for the stage now. took is of
// the latter how long it had taken.
func (a *Attempt) remember(at time.Time, hit bool, took time.Duration) {
	a.r.uploads.add(func(context.Context) {
		r := a.readRecord()
		known := r.Key == a.key.Hex()
		r.Passed = at
		if hit {
			r.Hits++
			r.Saved += took
		}
		if !known {
			a.describe(&r)
			_ = a.store.PutNote(filesOf(a.stage), listed(a.snapshot.Files))
		}
		note(a.store, recordName(stageName(a.stage)), r)
		if !known {
			a.list()
		}
	})
}

// describe sets what the key is made of, without any value.
func (a *Attempt) describe(r *Record) {
	c := a.action.command
	salt := saltOf(a.store)
	r.Key, r.Directory, r.Outputs = a.key.Hex(), c.WorkingDirectory, c.OutputPaths
	r.Command = hashed(salt, a.stage.Text+"\x00"+strings.Join(c.Arguments, "\x00"))
	r.Variables = map[string]string{}
	for _, v := range c.Environment {
		r.Variables[v.Name] = hashed(salt, v.Value)
	}
	for _, name := range a.action.unset {
		r.Variables[name] = "unset"
	}
	r.Tools = hashed(salt, string(a.action.tools))
}

// recordsName is the name of the note with the names of all stages.
const recordsName = "stages"

// list adds the stage to those that Records finds.
func (a *Attempt) list() {
	all, own := noted[[]string](a.store, recordsName), stageName(a.stage)
	if slices.Contains(all, own) {
		return
	}
	const most = 1000
	if all = append(all, own); len(all) > most {
		all = all[len(all)-most:]
	}
	note(a.store, recordsName, all)
}

// Records are those of all stages that the store knows.
func Records(store *cas.Store) (all []Record) {
	for _, name := range noted[[]string](store, recordsName) {
		if r := noted[Record](store, recordName(name)); r.Stage != "" {
			all = append(all, r)
		}
	}
	return all
}

// saltOf is the store's own secret, which makes hashes of values useless elsewhere.
func saltOf(store *cas.Store) []byte {
	if salt, err := store.Note("salt"); err == nil {
		return salt
	}
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // it never fails
	_ = store.PutNote("salt", salt)
	return salt
}

func hashed(salt []byte, value string) string {
	h := hmac.New(sha256.New, salt)
	h.Write([]byte(value))
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// listed writes what files were, for compare.
func listed(files []inputs.File) []byte {
	var b []byte
	for i := range files {
		b = append(append(b, files[i].Path...), 0)
		b = append(append(b, described(&files[i])...), 0)
	}
	return b
}

// described is what a file was: whether it may be executed, then the beginning of its digest, or where a link leads.
func described(f *inputs.File) string {
	x := "-"
	if f.Executable {
		x = "x"
	}
	return x + hex.EncodeToString(f.Digest.Hash[:8]) + f.Link
}

// filesOf is the name of the note with the inputs of a stage's last pass.
func filesOf(s *Stage) string { return "inputs " + stageName(s) }
