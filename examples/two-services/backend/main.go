// Command backend answers with a greeting in the language that it is asked for. Its texts, in greetings.go, are
// generated from ../schema.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	l, err := listen("127.0.0.1:3001")
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("serving on http://%s", l.Addr())
	if err := serve(ctx, l, routes()); err != nil {
		log.Fatal(err)
	}
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /greetings/{language}", func(w http.ResponseWriter, r *http.Request) {
		greeting, found := greetings[r.PathValue("language")]
		if !found {
			http.Error(w, "no greeting in that language", http.StatusNotFound)
			return
		}
		fmt.Fprint(w, greeting)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	return mux
}
