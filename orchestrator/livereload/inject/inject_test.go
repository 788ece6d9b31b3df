package inject

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

const mark = "b00t.3.1"

func injector(notes *[]string) *Injector {
	return New(Options{
		Script:    "/_devloop/live.js",
		Socket:    "/_devloop/live",
		Integrity: func() string { return "sha256-AAAA" },
		Mark:      func(int) string { return mark },
		Note: func(why string) {
			if notes != nil {
				*notes = append(*notes, why)
			}
		},
	})
}

const scriptTag = `<script src="/_devloop/live.js" data-devloop="b00t.3.1" async></script>`

// ask sends a request for a page, and answers it.
func ask(t *testing.T, in *Injector, request, header, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://localhost:3000/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = headerOf(request)
	res := &http.Response{StatusCode: 200, Header: headerOf(header), Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req}
	if answer := in.Request(req, 3); answer != nil {
		answer(res)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

// headerOf reads lines.
func headerOf(lines string) http.Header {
	h := http.Header{}
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		h.Add(name, value)
	}
	return h
}

func TestPlace(t *testing.T) {
	for _, c := range []struct{ before, after string }{
		{"<!doctype html><html><head>", "<title>x</title></head></html>"},
		{"<HTML lang=de><Head\nclass='>'>", "</head>"},
		{"\ufeff<!-- <head> --> <head>", "<!-- <head> -->"},
		{"<!DOCTYPE html>\n", "<title>x</title><head>"},
		{"<!-- a --><html >", "<body><head></body>"},
		{"text ", "<b>bold</b>"},
		{"", "<header><head>"},
		{"<![CDATA[<head>]]>", "<p>"},
		{"<?php <head> ?>", "<p>"},
		{"<html data-x='<head>' y=\"<head>\">", "<script>'<head>'</script>"},
		{"", "</p><head>"},
		{"a < b, <3 ", "<hr>"},
		{"", "<heading>"},
		{"", "<htm>"},
		{"<head/>", "x"},
	} {
		_, got := ask(t, injector(nil), "Sec-Fetch-Dest: document", "Content-Type: text/html", c.before+c.after)
		if want := c.before + scriptTag + c.after; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	for _, page := range []string{"", "text", "a < b", "<!-- x", "<!-- <head>", "<html", "<html><", "<head", "<head a='>", "\xfe\xff\x00<\x00h<b>"} {
		if _, got := ask(t, injector(nil), "Sec-Fetch-Dest: document", "Content-Type: text/html", page); got != page {
			t.Errorf("got %q, want %q", got, page)
		}
	}
}
