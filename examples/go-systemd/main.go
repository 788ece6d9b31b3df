// Command go-systemd is a web server that takes its socket and tells that it is ready as it would under systemd: with
// the library that most Go programs use for it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
)

// message is what the page says. Change it while devloop runs, and reload the page.
const message = "Hello, World!"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	l, err := listen()
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("serving on http://%s", l.Addr())
	// Connections wait in the socket already, so from here on each is answered.
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		log.Fatal(err)
	}
	if err := serve(ctx, l, routes()); err != nil {
		log.Fatal(err)
	}
}

// listen returns the socket that was passed, or binds one if none was: it also runs by hand.
func listen() (net.Listener, error) {
	listeners, err := activation.Listeners() // none, and no error, unless LISTEN_PID is this process
	if err != nil {
		return nil, err
	}
	switch len(listeners) {
	case 0:
		return net.Listen("tcp", "127.0.0.1:3000")
	case 1:
		return listeners[0], nil
	}
	return nil, errors.New("more than one socket was passed")
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html>\n<title>go-systemd</title>\n<h1>%s</h1>\n", message)
	})
	return mux
}
