package dashboard

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// key is the secret of a project's dashboard: 32 random bytes in hexadecimal, in a file of this user. So who has logged
// in stays logged in when devloop is started again. It is read when it is first needed, never by the loop's goroutine.
type key struct {
	path string
	once sync.Once
	text string

	mu    sync.Mutex // guards codes
	codes map[string]time.Time
}

const (
	keyBytes  = 32
	codeValid = 2 * time.Minute // how long a code that logs in once is good
	mostCodes = 16
)

// token is the key itself: whoever has it can log in.
func (k *key) token() string {
	k.once.Do(func() {
		if k.text = readKey(k.path); k.text != "" {
			return
		}
		k.text = random()
		if k.path == "" || writeKey(k.path, k.text) != nil {
			return // it ends with the loop
		}
		if now := readKey(k.path); now != "" {
			k.text = now // of another loop, which was quicker
		}
	})
	return k.text
}

func random() string {
	text := make([]byte, keyBytes)
	_, _ = rand.Read(text) // never fails
	return hex.EncodeToString(text)
}

// readKey reads a key that only this user can; "" if there is none.
func readKey(path string) string {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 || info.Size() != 2*keyBytes {
		return ""
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	if raw, err := hex.DecodeString(string(text)); err != nil || len(raw) != keyBytes {
		return ""
	}
	return string(text)
}

func writeKey(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is returned
	}
	return err
}

// derived is a secret of its own for a purpose: nothing that a browser is given leads back to the key.
func (k *key) derived(purpose string) string {
	mac := hmac.New(sha256.New, []byte(k.token()))
	_, _ = mac.Write([]byte(purpose)) // never fails
	return hex.EncodeToString(mac.Sum(nil))
}

// code makes a code that logs in once, soon: other users may see the command line of a browser.
func (k *key) code(now time.Time) string {
	code := random()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.codes == nil || len(k.codes) >= mostCodes {
		k.codes = map[string]time.Time{}
	}
	k.codes[code] = now.Add(codeValid)
	return code
}

// opens tells whether a text logs in: the token, or a code, which is used up.
func (k *key) opens(text string, now time.Time) bool {
	if subtle.ConstantTimeCompare([]byte(text), []byte(k.token())) == 1 {
		return true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	until, known := k.codes[text]
	delete(k.codes, text)
	return known && now.Before(until)
}
