// Command front serves the page. It asks the backend for the greeting.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	l, err := listen("127.0.0.1:3000")
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("serving on http://%s", l.Addr())
	backend := "http://127.0.0.1:" + cmp.Or(os.Getenv("BACKEND_PORT"), "3001")
	if err := serve(ctx, l, routes(backend)); err != nil {
		log.Fatal(err)
	}
}

// routes serves the page with the greetings of the backend at that URL.
func routes(backend string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		language := cmp.Or(r.FormValue("lang"), "en")
		greeting, err := get(r.Context(), backend+"/greetings/"+url.PathEscape(language))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html>\n<title>two-services</title>\n<h1>%s</h1>\n", html.EscapeString(greeting))
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	return mux
}

// get returns what the backend answers. While the backend restarts, the request waits in the socket that devloop holds,
// so there is nothing to retry.
func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", errors.New(string(body))
	}
	return string(body), nil
}
