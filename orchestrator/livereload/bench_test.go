package livereload_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"devloop/orchestrator/livereload"
	"devloop/orchestrator/test/browsertest"
)

// BenchmarkReload is the time from a new version being ready to the open page asking for it, and to the new page being there.
func BenchmarkReload(b *testing.B) {
	var generation atomic.Int64
	asked, seen := make(chan time.Time, 100), make(chan time.Time, 100)
	h := browsertest.Hold(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			asked <- time.Now()
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, `<!doctype html><html><head>%s</head><body>%s<script>fetch("/seen")</script></body></html>`,
				browsertest.Tag(int(generation.Load()), 0), strings.Repeat("<p>some text of a page</p>", 200))
		case "/seen":
			seen <- time.Now()
		}
	}))
	ready := func() {
		n := int(generation.Add(1))
		h.Report(livereload.State{State: "live", Generation: n, Cycle: n, Newest: n})
	}
	ready()
	p := browsertest.Start(b).Open(b, h.URL)
	<-asked
	<-seen
	var begins, ends []time.Duration
	for b.Loop() {
		p.Connects(b, h.URL)
		begin := time.Now()
		ready()
		begins = append(begins, (<-asked).Sub(begin))
		ends = append(ends, (<-seen).Sub(begin))
	}
	median := func(all []time.Duration) float64 {
		slices.Sort(all)
		return float64(all[len(all)/2].Microseconds()) / 1000
	}
	b.ReportMetric(median(begins), "ms-to-request")
	b.ReportMetric(median(ends), "ms-to-page")
}
