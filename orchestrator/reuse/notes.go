package reuse

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

func (a *Attempt) counts() (c counts) {
	if data, err := a.store.Note("counts " + a.key.Hex()); err == nil {
		_ = json.Unmarshal(data, &c) // another version's: none
	}
	return c
}

func (a *Attempt) putCounts(c counts) {
	if data, err := json.Marshal(c); err == nil {
		_ = a.store.PutNote("counts "+a.key.Hex(), data) // one count less
	}
}

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

func (a *Attempt) readRecord() (r Record) {
	if data, err := a.store.Note("stage " + stageName(a.stage)); err == nil {
		_ = json.Unmarshal(data, &r)
	}
	r.Project, r.Watcher, r.Stage = a.stage.Root, a.stage.Watcher, a.stage.Name
	return r
}

func (a *Attempt) putRecord(r Record) {
	if data, err := json.Marshal(r); err == nil {
		_ = a.store.PutNote("stage "+stageName(a.stage), data) // `why` has less to compare with
	}
}

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
		a.putRecord(r)
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

// list adds the stage to those that Records finds.
func (a *Attempt) list() {
	const name = "stages"
	var all []string
	if data, err := a.store.Note(name); err == nil {
		_ = json.Unmarshal(data, &all)
	}
	own := stageName(a.stage)
	for _, one := range all {
		if one == own {
			return
		}
	}
	const most = 1000
	if all = append(all, own); len(all) > most {
		all = all[len(all)-most:]
	}
	if data, err := json.Marshal(all); err == nil {
		_ = a.store.PutNote(name, data)
	}
}

// Records are those of all stages that the store knows.
func Records(store *cas.Store) []Record {
	var names []string
	data, err := store.Note("stages")
	if err != nil || json.Unmarshal(data, &names) != nil {
		return nil
	}
	var all []Record
	for _, name := range names {
		var r Record
		if data, err := store.Note("stage " + name); err == nil && json.Unmarshal(data, &r) == nil {
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
