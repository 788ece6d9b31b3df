// What the tools complain of, and where.

import { html, useState } from "./vendor.js";
import { state, dir, show } from "./store.js";
import { place, many } from "./words.js";
import { spans } from "./ansi.js";

// Editors by how they take a place. Nothing but these is ever a link's address.
export const editors = {
  __proto__: null,
  "": ["copy the place", null],
  vscode: ["VS Code", (at) => `vscode://file${path(at)}`],
  cursor: ["Cursor", (at) => `cursor://file${path(at)}`],
  zed: ["Zed", (at) => `zed://file${path(at)}`],
  idea: ["JetBrains IDE", (at) => `idea://open?file=${encodeURIComponent(at.file)}&line=${at.line || 1}&column=${at.column || 1}`],
};

function path(at) {
  const file = at.file.replace(/\\/g, "/").split("/").map(encodeURIComponent).join("/");
  return (file.startsWith("/") ? "" : "/") + file + (at.line ? `:${at.line}` : "") + (at.line && at.column ? `:${at.column}` : "");
}

export function editor() {
  try {
    return localStorage.getItem("editor") ?? state.status?.editor ?? "";
  } catch {
    return "";
  }
}

// Place is a place in a file: a link into the editor, or a button that copies it.
export function Place({ of }) {
  const text = place(of, dir());
  const [, address] = editors[editor()] || editors[""];
  const [copied, setCopied] = useState(false);
  if (address) return html`<a class="place" href=${address(of)} title="Open in ${editors[editor()][0]}">${text}</a>`;
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return html`<button class="place" onClick=${copy} title="Copy the place">${text}${copied && html` <small>copied</small>`}</button>`;
}

export function Problems() {
  const { diagnostics, unplaced } = state.diagnostics;
  const { mistakes } = state.status;
  if (!diagnostics.length && !unplaced.length && !mistakes) return null;
  const groups = new Map();
  for (const d of [...diagnostics, ...unplaced]) {
    const name = `${d.node} › ${d.stage}`;
    groups.set(name, [...(groups.get(name) || []), d]);
  }
  const bad = diagnostics.filter((d) => d.severity === "error").length + (mistakes?.list.length || 0);
  return html`<section class="card problems" aria-labelledby="problems">
    <h2 id="problems">Problems <small>${bad ? many(bad, "error") : ""}${bad && diagnostics.length - bad > 0 ? ", " : ""}${diagnostics.length - bad > 0 && !mistakes ? many(diagnostics.length - bad, "warning or note", "warnings and notes") : ""}</small></h2>
    ${mistakes && html`<${Mistakes} of=${mistakes} />`}
    ${[...groups].map(([name, list]) => html`<${Group} key=${name} name=${name} list=${list} />`)}
  </section>`;
}

function Mistakes({ of }) {
  return html`<h3>Configuration</h3>
    <ul>${of.mistakes.map((m) => html`<li class="problem">
      <span class="bad">✗ error</span>
      <span>${m.file && html`<${Place} of=${m} /> `}<span class="message">${m.text}</span>${m.hint && html` <span class="quiet">${m.hint}</span>`}</span>
    </li>`)}</ul>`;
}

const severities = { __proto__: null, error: ["✗", "bad"], warning: ["!", "warn"], note: ["·", "quiet"] };

function Group({ name, list }) {
  const [all, setAll] = useState(false);
  const few = 6;
  const placed = list.filter((d) => d.message !== undefined);
  const rest = list.filter((d) => d.message === undefined);
  const shown = all ? placed : placed.slice(0, few);
  return html`<h3>${name} <button class="quiet" onClick=${() => show(list[0].node)}>Output</button></h3>
    ${placed.length > 0 && html`<ul>${shown.map((d) => {
      const [shape, tone] = severities[d.severity] || severities.note;
      return html`<li class="problem"><span class=${tone}>${shape} ${d.severity}</span><span><${Place} of=${d} /> <span class="message">${d.message}</span></span></li>`;
    })}</ul>`}
    ${placed.length > few && html`<button class="quiet" aria-expanded=${all} onClick=${() => setAll(!all)}>${all ? "Show fewer" : `Show ${placed.length - few} more`}</button>`}
    ${rest.map((u) => html`${u.more > 0 && html`<p class="quiet">and ${u.more} places more than are listed</p>`}
      ${u.tail?.length > 0 && html`<pre class="tail" tabindex="0" aria-label=${`The last lines of ${name}`}>${u.tail.map((line) => [painted(line), "\n"])}</pre>`}`)}`;
}

// painted is a line of output: text nodes and classes, whatever is in it.
export function painted(line) {
  return spans(line).map(([names, text]) => (names ? html`<span class=${names}>${text}</span>` : text));
}
