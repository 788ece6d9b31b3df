// The head of the page: is what was saved live, and if not, why?

import { html, useRef, useEffect } from "./vendor.js";
import { state, act, change, dir } from "./store.js";
import { at, span, seconds, took, many, place, saved } from "./words.js";
import { Place } from "./problems.js";

const project = () => state.status.name || dir().split(/[/\\]/).pop() || "devloop";

// verdict is the answer, in a few words, and the sentence after it.
function verdict() {
  const { status, cycles, now } = state;
  const { live, mistakes } = status;
  const meanwhile = answers(live);
  if (mistakes) {
    const first = mistakes.mistakes?.[0];
    const where = first?.file ? place(first, dir()) : "devloop.yaml";
    return { shape: "✗", tone: "bad", short: `${where} is not valid`, why: first?.text || mistakes.list[0], more: "the last valid configuration still runs" };
  }
  switch (live.state) {
    case "failed": {
      const node = status.nodes.find((n) => n.name === live.nodes?.[0]);
      const stage = node?.plan?.find((s) => s.state === "failed" || s.state === "timed out");
      const failed = node ? `${node.name}${stage ? ` › ${stage.name}` : ""} failed${node.since ? ` at ${at(stage?.since ? Date.parse(stage.since) + (stage.took || 0) / 1e6 : node.since)}` : ""}` : live.why;
      return { shape: "✗", tone: "bad", short: "your last save is not live", why: stage || !node ? failed : live.why || failed, problem: node?.problem, problems: node?.problems, more: meanwhile };
    }
    case "building": {
      const node = status.nodes.find((n) => n.stages?.length) || status.nodes.find((n) => n.name === live.nodes?.[0]);
      return { shape: "◐", tone: "busy", short: live.newest ? `save ${live.newest} is on its way` : "the first version is on its way", why: node ? doing(node, now) : "", more: meanwhile };
    }
    case "behind":
      return { shape: "○", tone: "warn", short: "your last save is not live", why: behind(live), more: meanwhile };
  }
  const cycle = cycles.findLast((c) => c.boot === status.boot && c.id === live.cycle);
  const time = cycle?.end ? ` · ${saved(cycle, dir())} · ${span(took(cycle))}, ready at ${at(Date.parse(cycle.time) + (cycle.end - cycle.first) / 1e6)}` : "";
  return { shape: "●", tone: "good", short: live.answers ? "live" : "passed", why: live.cycle ? `save ${live.cycle}${time}` : "", more: "" };
}

function answers(live) {
  if (!live.answers) return "";
  return live.answers < live.newest ? `save ${live.answers} still answers` : `save ${live.answers} answers`;
}

function behind(live) {
  const waits = state.status.nodes.filter((n) => live.nodes?.includes(n.name)).map((n) => n.name + (n.waits ? `: ${n.waits.text}` : ` is ${n.state}`));
  return waits.join(" · ") || "nothing works on it";
}

function doing(node, now) {
  const stage = node.stages?.[0];
  if (stage) return `${node.name} › ${stage.name}, ${clock(now - Date.parse(stage.since), stage.usual)}`;
  if (node.waits) return `${node.name} waits: ${node.waits.text}`;
  return `${node.name} is ${node.state}${node.since && node.usual ? `, ${clock(now - Date.parse(node.since), node.usual)}` : ""}`;
}

function clock(ms, usual) {
  const so = seconds(ms);
  if (!usual) return so;
  return ms * 1e6 > usual ? `${so}, usually ${span(usual)}` : `${so} of about ${span(usual)}`;
}

export function Header() {
  const { status, summary, link, error } = state;
  const v = verdict();
  const usual = summary?.saves_today > 2 ? summary.median : 0;
  return html`<header class="head">
    <div class="line">
      <h1>${project()}</h1>
      <p class="verdict ${v.tone}"><span class="shape" aria-hidden="true">${v.shape}</span> ${v.short}</p>
      ${status.watching?.paused && html`<p class="verdict warn"><span class="shape" aria-hidden="true">‖</span> watching is paused</p>`}
      <p class="why">
        ${v.why && html`<span>${v.why}</span>`}
        ${v.problem && html`<span><${Place} of=${v.problem} /> <span class="message">${v.problem.message}</span>${v.problems > 1 && html` <span class="quiet">and ${v.problems - 1} more</span>`}</span>`}
        ${v.more && html`<span class="strong">${v.more}</span>`}
      </p>
    </div>
    <div class="line">
      <div class="buttons">
        <button onClick=${() => runAll()}>Run all <kbd>a</kbd></button>
        ${failed().length > 0 && html`<button class="bad" onClick=${() => runFailed()}>Run what failed <kbd>f</kbd></button>`}
        <button onClick=${showHelp}>Keys <kbd>?</kbd></button>
      </div>
      <dl class="figures">
        ${usual > 0 && html`<div><dt>a save usually takes</dt><dd>${span(usual)}</dd></div>`}
        ${summary?.saves_today > 0 && html`<div><dt>waited today</dt><dd>${span(summary.waited_today)} <small>in ${many(summary.saves_today, "save")}</small></dd></div>`}
      </dl>
    </div>
    ${error && html`<p class="notice bad" role="alert"><span>✗ ${error}</span> <button onClick=${() => change({ error: "" })}>Dismiss</button></p>`}
    ${link === "lost" && html`<p class="notice"><span>○ No connection to the loop: what stands here is what was known last. The page goes on when it is back.</span></p>`}
    ${link === "closed" && html`<p class="notice"><span>○ This browser is no longer logged in. <code>devloop open</code> opens the page again.</span></p>`}
    <${Spoken} text=${link === "open" ? spoken(v) : link === "connecting" ? "" : "no connection to the loop"} />
  </header>`;
}

// spoken is what a screen reader says of a verdict: not how the seconds pass.
function spoken(v) {
  return state.status.live.state === "building" ? v.short : [v.short, v.tone === "good" ? "" : v.why, v.more].filter(Boolean).join(", ");
}

// Spoken is the one live region of the page.
function Spoken({ text }) {
  return html`<p class="unseen" role="status" aria-live="polite">${text}</p>`;
}

export function Title() {
  const before = useRef("");
  const shape = state.link === "open" ? verdict().shape : "○";
  const title = `${shape} ${project()} · devloop`;
  useEffect(() => {
    if (before.current !== title) document.title = before.current = title;
  });
  return null;
}

export function showHelp() {
  const dialog = document.getElementById("help");
  if (!dialog.open) dialog.showModal();
}

const failed = () => state.status.nodes.filter((n) => n.failed || n.state === "failed");

export const runAll = () => act("trigger", ...state.status.nodes.filter((n) => n.kind === "watcher").map((n) => n.name));

export function runFailed() {
  const names = (kind) => failed().filter((n) => n.kind === kind).map((n) => n.name);
  const [watchers, processes] = [names("watcher"), names("process")];
  act("trigger", ...watchers).then(() => act("restart", ...processes));
}

