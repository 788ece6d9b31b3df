// The output that is kept: the last lines, and those of them that match what is searched. It draws nothing; whoever does
// looks at version.

import { plain } from "./ansi.js";
import { many } from "./words.js";

const most = 10000;

export class Lines {
  constructor() {
    this.all = [];
    this.first = 0; // how many have been dropped from the front
    this.version = 0;
    this.find = "";
    this.found = null; // numbers of those that match, counted from the first of all; null without a search
    this.last = ""; // the time of the newest
    this.resumed = false;
    this.changed = () => {};
  }

  clear() {
    this.all = [];
    this.first = 0;
    this.last = "";
    this.resumed = false;
    this.search(this.find);
  }

  // begin: the stream was opened again, and sends lines that may be here already.
  begin() {
    this.resumed = this.all.length > 0;
  }

  add(line) {
    if (line.missed) {
      this.push({ node: line.node, text: `… ${many(line.missed, "line is", "lines are")} no longer kept`, own: true });
      return;
    }
    const time = comparable(line.time);
    if (this.resumed) {
      if (time <= this.last) return;
      this.resumed = false;
    }
    if (time > this.last) this.last = time;
    const text = line.raw ? decode(line.raw) : line.text;
    const before = this.all[this.all.length - 1];
    if (before?.unfinished && before.node === line.node) {
      before.text = text;
      before.low = undefined;
      before.unfinished = line.unfinished;
      this.touch();
      return;
    }
    this.push({ node: line.node, stage: line.stage, time: line.time, text, unfinished: line.unfinished });
  }

  push(line) {
    this.all.push(line);
    if (this.found && this.matches(line)) this.found.push(this.first + this.all.length - 1);
    if (this.all.length >= most + 1000) {
      this.all.splice(0, 1000);
      this.first += 1000;
      if (this.found) this.found = this.found.filter((n) => n >= this.first);
    }
    this.touch();
  }

  touch() {
    this.version++;
    this.changed();
  }

  search(text) {
    this.find = text;
    this.low = text.toLowerCase() === text ? null : text; // capitals count if there are some
    this.found = null;
    if (text) {
      this.found = [];
      this.all.forEach((line, i) => this.matches(line) && this.found.push(this.first + i));
    }
    this.touch();
  }

  matches(line) {
    const text = plain(line.text);
    if (this.low) return text.includes(this.find);
    line.low ??= text.toLowerCase();
    return line.low.includes(this.find);
  }

  // shown is how many lines there are to show, and at gives one of them.
  get shown() {
    return this.found ? this.found.length : this.all.length;
  }

  at(i) {
    return this.found ? this.all[this.found[i] - this.first] : this.all[i];
  }

  // number of the shown line, which stays the same when lines before it are dropped.
  number(i) {
    return this.found ? this.found[i] : this.first + i;
  }
}

// comparable makes times of one clock comparable as texts: their fractions have as many digits as they need.
function comparable(time) {
  const [whole, fraction = ""] = (time || "").replace(/(Z|[+-]\d\d:\d\d)$/, "").split(".");
  return whole + "." + fraction.padEnd(9, "0");
}

function decode(raw) {
  return new TextDecoder().decode(Uint8Array.from(atob(raw), (c) => c.charCodeAt(0)));
}
