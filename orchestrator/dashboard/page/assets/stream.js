// The one connection of this tab: events and lines of output. It is closed while nobody can see the page, and taken up where
// it was left.

export class Stream {
  // hear gets {event(e), line(l), missed(it), opened(), lost()}.
  constructor(hear) {
    this.hear = hear;
    this.since = "";
    this.query = "";
    this.tries = 0;
    document.addEventListener("visibilitychange", () => this.settle());
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", (e) => e.persisted && this.settle());
  }

  // ask opens the stream, or opens it anew for other lines.
  ask(query) {
    this.query = query;
    this.close();
    this.settle();
  }

  settle() {
    if (document.hidden) this.close();
    else if (!this.source && !this.timer) this.open();
  }

  close() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.source?.close();
    this.source = null;
  }

  open() {
    const source = new EventSource(`/stream?${this.query}${this.since && `&since=${encodeURIComponent(this.since)}`}`);
    this.source = source;
    source.onopen = () => {
      this.tries = 0;
      this.hear.opened();
    };
    source.addEventListener("event", (e) => {
      if (e.lastEventId) this.since = e.lastEventId;
      this.hear.event(JSON.parse(e.data));
    });
    source.addEventListener("line", (e) => this.hear.line(JSON.parse(e.data)));
    source.addEventListener("missed", (e) => this.hear.missed(JSON.parse(e.data)));
    source.onerror = () => {
      // The browser would try again for ever, every few seconds; here it is less and less often.
      this.close();
      this.hear.lost();
      const wait = Math.min(30, 2 ** Math.min(this.tries++, 5)) * 1000;
      this.timer = setTimeout(() => {
        this.timer = 0;
        this.settle();
      }, wait);
    };
  }
}
