package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"devloop/orchestrator/control"
	"devloop/schema"
	"devloop/schema/preset"
)

// answerIn is how long a loop may take to answer. It answers between two steps, so a longer time means that
// it hangs.
const answerIn = 10 * time.Second

// dial finds the running loop, without reading the configuration, which may have a mistake just now. The
// caller closes the client and cancels.
func (a *app) dial(ctx context.Context) (client *control.Client, limited context.Context, done func(), err error) {
	client, _, err = a.connect()
	if err != nil {
		return nil, nil, nil, err
	}
	limited, cancel := context.WithTimeout(ctx, answerIn)
	return client, limited, func() { cancel(); client.Close() }, nil
}

// connect is dial without a limit of time. The caller closes the client.
func (a *app) connect() (client *control.Client, config string, err error) {
	file, err := a.find()
	if err != nil {
		if file = a.orphaned(); file == "" {
			return nil, "", err
		}
	}
	defer a.reportSlow(file)()
	config = shorter(file)
	client, err = control.Dial(config)
	if err == nil {
		err = suspended(client, config)
	}
	if errors.Is(err, control.ErrNotRunning) && a.file == "" {
		// It may run as part of a project that includes this one.
		for _, above := range schema.Including(file, schema.Options{Presets: preset.FS()}) {
			if client, err := control.Dial(shorter(above)); err == nil {
				if err := suspended(client, above); err != nil {
					return nil, "", runError{err}
				}
				return client, shorter(above), nil
			}
		}
	}
	if err != nil {
		return nil, "", runError{err}
	}
	return client, config, nil
}

// suspended is the error of asking a loop that Ctrl-Z has stopped, as long as it does not answer. The client is closed then.
func suspended(client *control.Client, config string) error {
	loop := control.Running(config)
	if loop == nil || !loop.Suspended() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := client.Status(ctx); !errors.Is(err, context.DeadlineExceeded) || !loop.Suspended() {
		return nil // it has been continued
	}
	client.Close()
	return advised{fmt.Errorf("the loop (pid %d) is suspended, and answers nobody", loop.PID), fmt.Sprintf("`fg` in its terminal continues it, or `kill -CONT %d`", loop.PID)}
}

// orphaned is the file of a loop that runs in this directory or a parent though its devloop.yaml is gone:
// the loop goes on with what it has read, and can be asked and ended. "" if there is none.
func (a *app) orphaned() string {
	at, err := os.Getwd()
	if err != nil || a.file != "" {
		return ""
	}
	for ; ; at = filepath.Dir(at) {
		if file := filepath.Join(at, "devloop.yaml"); control.Running(file) != nil {
			return file
		}
		if at == filepath.Dir(at) {
			return ""
		}
	}
}

// answered is an error from a loop. A name or a request that it does not know is a mistake on the command
// line.
func answered(err error) error {
	var refused *control.RefusedError
	if errors.As(err, &refused) && (refused.Code == http.StatusNotFound || refused.Code == http.StatusBadRequest) {
		return err
	}
	return runError{err}
}
