// What the commands print. Only the rows that can be seen are in the document, and they are drawn at most ten times a second, however
// much comes.

import { html, Component } from "./vendor.js";
import { state, lines, show } from "./store.js";
import { at, many } from "./words.js";
import { plain } from "./ansi.js";
import { painted } from "./problems.js";

const row = 19; // px, as in output.css
const pause = 100; // ms between two drawings

export class Output extends Component {
  constructor() {
    super();
    this.follow = true;
    this.seen = 0; // lines that were there when following ended
    this.drawn = 0;
    this.first = lines.first;
    lines.changed = () => this.soon();
  }

  soon() {
    if (this.timer || document.hidden) return;
    this.timer = setTimeout(() => requestAnimationFrame(() => {
      this.timer = 0;
      this.forceUpdate();
    }), Math.max(0, this.drawn + pause - performance.now()));
  }

  shouldComponentUpdate() {
    return state.node !== this.node || state.status?.nodes.length !== this.nodes;
  }

  componentDidMount() {
    this.seeing = new ResizeObserver(() => this.forceUpdate());
    this.seeing.observe(this.box);
    document.addEventListener("visibilitychange", () => this.soon());
  }

  componentDidUpdate() {
    if (this.box && this.follow) this.box.scrollTop = this.box.scrollHeight;
  }

  scrolled() {
    const bottom = this.box.scrollTop + this.box.clientHeight >= this.box.scrollHeight - row;
    if (bottom && this.follow) return; // that was not a person
    if (bottom !== this.follow) {
      this.follow = bottom;
      this.seen = lines.first + lines.all.length;
    }
    this.forceUpdate();
  }

  end() {
    this.follow = true;
    this.forceUpdate();
  }

  search(text) {
    lines.search(text);
    this.follow = !text;
    if (text) this.box.scrollTop = 0;
  }

  // jump leaves the search, and shows what is around a line that it has found.
  jump(i) {
    const number = lines.number(i);
    this.field.value = "";
    lines.search("");
    this.follow = false;
    this.seen = lines.first + lines.all.length;
    this.mark = number;
    this.forceUpdate(() => {
      this.box.scrollTop = (number - lines.first) * row - this.box.clientHeight / 2;
    });
  }

  render() {
    this.drawn = performance.now();
    this.node = state.node;
    this.nodes = state.status.nodes.length;
    if (this.box && !this.follow && !lines.found && lines.first !== this.first) this.box.scrollTop -= (lines.first - this.first) * row; // what was dropped was above
    this.first = lines.first;
    const count = lines.shown;
    const tall = this.box?.clientHeight || 380;
    const top = this.follow ? Math.max(0, count * row - tall) : Math.min(this.box?.scrollTop || 0, Math.max(0, count * row - tall));
    const from = Math.max(0, Math.floor(top / row) - 4);
    const to = Math.min(count, from + Math.ceil(tall / row) + 8);
    const fresh = lines.first + lines.all.length - this.seen;
    const rows = [];
    for (let i = from; i < to; i++) rows.push(html`<${Line} key=${lines.number(i)} of=${lines.at(i)} text=${lines.at(i).text} find=${lines.found ? lines.find : ""} low=${lines.low} marked=${lines.number(i) === this.mark} jump=${lines.found ? () => this.jump(i) : null} />`);
    return html`<section class="card output" aria-labelledby="output">
      <div class="bar-top">
        <h2 id="output">Output</h2>
        <label class="unseen" for="node">Of which node</label>
        <select id="node" value=${state.node} onChange=${(e) => show(e.currentTarget.value)}>
          <option value="">all nodes</option>
          ${state.status.nodes.map((n) => html`<option key=${n.name} value=${n.name}>${n.name}</option>`)}
        </select>
        <label class="unseen" for="find">Search the output</label>
        <input id="find" type="search" placeholder="Search  /" autocomplete="off" spellcheck=${false} ref=${(e) => (this.field = e)} onInput=${(e) => this.search(e.currentTarget.value)} onKeyDown=${(e) => e.key === "Escape" && (this.field.value = "", this.search(""), this.box.focus())} />
        ${lines.found && html`<span class="quiet">${many(count, "line matches", "lines match")}</span>`}
        <span class="end">${this.follow ? html`<span class="quiet">follows</span>` : html`<button class="small" onClick=${() => this.end()}>↓ ${!lines.found && fresh > 0 ? `${fresh} new` : "to the end"}</button>`}</span>
      </div>
      <div class="lines" id="lines" tabindex="0" role="group" aria-labelledby="output" ref=${(e) => (this.box = e)} onScroll=${() => this.scrolled()}>
        ${count === 0 && html`<p class="quiet empty">${lines.found ? "No line has this text." : "Nothing has been printed yet."}</p>`}
        <div class="all" style=${{ height: `${count * row}px` }}><div class="some" style=${{ transform: `translateY(${from * row}px)` }}>${rows}</div></div>
      </div>
    </section>`;
  }
}

const longest = 4000; // characters of a line that are drawn

class Line extends Component {
  shouldComponentUpdate(next) {
    return next.text !== this.props.text || next.find !== this.props.find || next.marked !== this.props.marked || next.of !== this.props.of;
  }

  render({ of, find, low, marked, jump }) {
    const cut = of.text.length > longest;
    const text = cut ? of.text.slice(0, longest) : of.text;
    const name = of.node && !state.node && html`<span class="who n${Math.max(0, state.status.nodes.findIndex((n) => n.name === of.node)) % 6}" title=${`${of.node}${of.stage ? ` › ${of.stage}` : ""}, ${at(of.time)}`}>${of.node}</span>`;
    return html`<div class="row${of.own ? " quiet" : ""}${marked ? " marked" : ""}">${name}${jump && html`<button class="jump" onClick=${jump} aria-label="Show this line among the others">↦</button>`}<span class="text">${find ? found(plain(text), find, low) : painted(text)}${cut && "…"}</span></div>`;
  }
}

// found is a text with the places of what was searched marked.
function found(text, find, exactly) {
  const where = exactly ? text : text.toLowerCase();
  const parts = [];
  let from = 0;
  for (let i = where.indexOf(find); i >= 0 && parts.length < 200; i = where.indexOf(find, from)) {
    parts.push(text.slice(from, i), html`<mark>${text.slice(i, i + find.length)}</mark>`);
    from = i + find.length;
  }
  parts.push(text.slice(from));
  return parts;
}
