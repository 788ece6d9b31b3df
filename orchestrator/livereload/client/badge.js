// What a person sees: a badge in a corner, and a card with the first problem. Only text comes into them.

const css = `
:host { all: initial !important; display: contents !important }
.box { position: fixed; z-index: 2147483647; display: flex; flex-direction: column; gap: 8px; max-width: calc(100vw - 24px); pointer-events: none;
  color-scheme: light; --ink: #1f2328; --soft: #59636e; --paper: #fff; --line: #d1d9e0; --link: #0a58ca; --bad: #b3261e; --busy: #8a5a00;
  font: 13px/1.45 system-ui, sans-serif; color: var(--ink); text-align: start }
@media (prefers-color-scheme: dark) { .box { color-scheme: dark; --ink: #e6edf3; --soft: #9da7b1; --paper: #1b2027; --line: #3d444d; --link: #79b8ff; --bad: #ff8a80; --busy: #e3b341 } }
.box[data-corner^=b] { bottom: 12px; flex-direction: column } .box[data-corner^=t] { top: 12px; flex-direction: column-reverse }
.box[data-corner$=r] { right: 12px; align-items: flex-end } .box[data-corner$=l] { left: 12px; align-items: flex-start }
.box > * { pointer-events: auto; background: var(--paper); border: 1px solid var(--line); box-shadow: 0 2px 10px rgb(0 0 0 / .22); box-sizing: border-box; max-width: 100% }
[hidden] { display: none !important }
.status { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); border: 0; box-shadow: none; white-space: nowrap }
.badge { display: flex; align-items: center; border-radius: 16px; padding: 2px 4px; touch-action: none; cursor: grab }
.card { border-radius: 8px; border-inline-start: 4px solid var(--bad); padding: 10px 14px; width: 736px; max-height: 60vh; overflow: auto }
@media not (prefers-reduced-motion: reduce) { .badge, .card { animation: come .12s ease-out } @keyframes come { from { opacity: 0 } } }
@media print { .box { display: none } }
.top { display: flex; gap: 8px; align-items: flex-start; touch-action: none; cursor: grab } .top > b { flex: 1; overflow-wrap: anywhere }
p { margin: 4px 0; overflow-wrap: anywhere } .soft { color: var(--soft) } .foot { display: flex; gap: 4px 16px; justify-content: space-between; flex-wrap: wrap; margin: 4px 0 0 }
pre { margin: 8px 0; font: 12px/1.5 ui-monospace, monospace; overflow: auto; max-height: 30vh; tab-size: 4 }
a, .place { color: var(--link); text-decoration: underline }
button { font: inherit; color: inherit; background: none; border: 0; padding: 2px 8px; border-radius: 12px; cursor: pointer; text-align: start; overflow-wrap: anywhere }
.card button { border-radius: 4px } button.place { padding: 0 }
button:hover { background: color-mix(in srgb, var(--ink) 9%, transparent) } :focus-visible { outline: 2px solid var(--link); outline-offset: 1px }
.bad .shape { color: var(--bad) } .busy .shape { color: var(--busy) } .quiet { color: var(--soft) } .act { color: var(--link); font-weight: 600; white-space: nowrap }`;

const editors = /^(vscode|cursor|zed|idea):/; // whose links the card follows
const shapes = { building: "◐", failed: "✗", behind: "○", down: "■", ended: "■", lost: "■" };

let host = null; // of the badge, in the page
let parts = null; // of badge and card
let view = null; // what they show
let wake = 0;
let entered = 0; // since when it has failed, on this page's clock
let folded = false; // the person closed the card; it stays so until what it is about is mended
let open = false; // the card is shown
let hush = ""; // the save for which the badge was dismissed
let lastProblem = null; // what the card shows while the next save is checked
let verdict = ""; // what was said last to who does not see it

function element(name, about = {}, ...children) {
  const e = Object.assign(document.createElement(name), about);
  e.append(...children);
  return e;
}

function build() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  const p = parts = {
    status: element("span", { className: "status", role: "status" }),
    head: element("b"), link: element("a", { className: "place" }), copy: element("button", { className: "place", type: "button", title: "Copy the place" }),
    message: element("span"), excerpt: element("pre", { tabIndex: 0, ariaLabel: "Output" }), broke: element("span"), detail: element("p", { className: "soft" }),
    dashboard: element("a", { target: "_blank", rel: "noopener noreferrer" }, "dashboard"),
    fold: element("button", { type: "button", title: "Fold (Esc)", ariaLabel: "Fold" }, "–"),
    sign: element("span", { className: "shape", ariaHidden: "true" }), shape: element("span", { className: "shape", ariaHidden: "true" }), words: element("span"),
    act: element("button", { className: "act", type: "button" }, "Reload"),
    close: element("button", { type: "button", title: "Hide until the next save", ariaLabel: "Hide until the next save" }, "×"),
  };
  p.place = element("p", {}, p.link, p.copy, " ", p.message);
  p.top = element("div", { className: "top" }, p.sign, p.head, p.fold);
  p.card = element("section", { ariaLabel: "devloop: what broke" }, p.top,
    p.place, p.excerpt, p.detail, element("p", { className: "foot soft" }, p.broke, p.dashboard));
  p.main = element("button", { type: "button", title: "Drag it, or press an arrow key, to move it to another corner" }, p.shape, " ", p.words);
  p.badge = element("div", { className: "badge" }, p.main, p.act, p.close);
  p.box = element("div", { className: "box" }, p.status, p.card, p.badge);
  host = document.createElement("devloop-badge");
  const root = host.attachShadow({ mode: "closed" });
  root.adoptedStyleSheets = [sheet];
  root.append(p.box);
  p.fold.onclick = fold;
  p.act.onclick = reload;
  p.close.onclick = () => {
    hush = nameOfSave();
    show();
  };
  p.main.onclick = () => {
    folded = !folded;
    show();
  };
  p.copy.onclick = async () => {
    const { place } = lastProblem.problem;
    try {
      await navigator.clipboard.writeText(place);
      p.copy.textContent = place + " ✓";
      p.status.textContent = "copied " + place;
    } catch {
      // the browser does not allow it
    }
  };
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !p.card.hidden && host.isConnected && !event.defaultPrevented) fold();
  });
  movable(p);
}

function fold() {
  const focused = document.activeElement === host;
  folded = true;
  show();
  if (focused) parts.main.focus();
}

// movable lets the badge be dragged, and moved by arrow keys, to another corner, where it is on the next page, too.
function movable(p) {
  let corner = "br";
  const move = (to) => {
    corner = p.box.dataset.corner = to;
    try {
      localStorage.setItem("devloop-corner", to);
    } catch {
      // it is moved on this page alone
    }
  };
  try {
    const kept = localStorage.getItem("devloop-corner");
    if (/^[bt][lr]$/.test(kept)) corner = kept;
  } catch {
    // nothing is kept
  }
  p.box.dataset.corner = corner;
  p.box.addEventListener("keydown", (event) => {
    if (event.target !== p.main && event.target !== p.fold) return;
    const to = { ArrowUp: "t" + corner[1], ArrowDown: "b" + corner[1], ArrowLeft: corner[0] + "l", ArrowRight: corner[0] + "r" }[event.key];
    if (!to) return;
    event.preventDefault();
    move(to);
  });
  for (const handle of [p.badge, p.top]) draggable(p.box, handle, (x, y) => move((y < innerHeight / 2 ? "t" : "b") + (x < innerWidth / 2 ? "l" : "r")));
}

function draggable(box, handle, drop) {
  let from = null;
  let dragged = false;
  const move = (event) => {
    const x = event.clientX - from.clientX;
    const y = event.clientY - from.clientY;
    dragged = dragged || Math.hypot(x, y) >= 5;
    if (dragged) box.style.transform = `translate(${x}px, ${y}px)`;
  };
  const end = (event) => {
    removeEventListener("pointermove", move, true);
    removeEventListener("pointerup", end, true);
    removeEventListener("pointercancel", end, true);
    box.style.transform = "";
    if (dragged && event.type === "pointerup") drop(event.clientX, event.clientY);
  };
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = event;
    dragged = false;
    addEventListener("pointermove", move, true); // of the window: a quick hand is out of the badge at once
    addEventListener("pointerup", end, true);
    addEventListener("pointercancel", end, true);
  });
  handle.addEventListener("click", (event) => {
    if (dragged) event.stopPropagation(); // the end of a drag is no click
    dragged = false;
  }, true);
}

const nameOfSave = () => view ? view.state.boot + "." + (view.state.newest || 0) : "";

// kind is what is to be shown of a view: "live" for nothing.
function kindOf(v) {
  if (v.state.state === "ended") return "ended";
  if (lost) return "lost";
  return v.state.state;
}

// words is what the badge says.
function words(v, kind) {
  const s = v.state;
  const newest = "save " + (s.newest || s.cycle || 0);
  const ready = s.cycle ? "save " + s.cycle : "a new version";
  const saved = v.save && !v.own ? "this page is save " + v.save : "";
  const usual = s.usual >= 1000 ? " · usually " + Math.round(s.usual / 1000) + " s" : "";
  switch (v.offer) {
    case "typed": return ready + " is ready; reloading loses what you typed";
    case "badge": return ready + " is ready";
    case "cached": return "this page comes from a cache: it was read anew, and is still an old one";
  }
  switch (kind) {
    case "building": return (saved ? saved + "; " : "") + (s.headline || newest + " is built") + usual;
    case "failed": return (s.headline || newest + " failed") + (saved ? " · " + saved.replace("is save", "is still save") : "");
    case "behind": return (saved ? saved + "; " : "") + (s.headline || newest + " waits");
    case "down": return (s.headline || "no server answers") + (saved ? " · " + saved : "");
    case "ended": return "devloop has ended; this page remains as it is";
    default: return "devloop does not answer; this page remains as it is";
  }
}

// render shows a view; null: nothing.
function render(v) {
  view = v;
  show();
}

function show() {
  clearTimeout(wake);
  const kind = view ? kindOf(view) : "live";
  if (kind === "live") {
    if (verdict && view) speak(view.save ? "mended: save " + view.save + " is live" : "mended");
    verdict = "";
    entered = 0;
    folded = open = false;
    lastProblem = null;
  }
  if (kind === "live" && !(view && view.offer)) return hide();
  const s = view.state;
  const age = kind === "lost" ? Date.now() - lost : Date.now() + view.offset - s.at;
  const due = { building: 1000, behind: 1000, down: 1000, lost: 2000 }[kind] || 0;
  if (s.problem || kind === "failed") lastProblem = s;
  const about = lastProblem && kind !== "ended" && kind !== "lost" ? lastProblem : null;
  if (about && !entered) entered = Date.now() - Math.max(0, age);
  const shown = Date.now() - entered;
  open = about !== null && (open || about === s && shown >= 600);
  const quiet = view.own && kind !== "failed" && kind !== "down" && !open;
  const visible = hush !== nameOfSave() && !quiet && (view.offer || open || age >= due);
  if (!view.offer && age < due) wake = setTimeout(show, due - age + 1);
  if (about === s && !open) wake = setTimeout(show, Math.min(600 - shown, age < due ? due - age : 600) + 1);
  if (!visible) return hide();
  if (!host) build();
  fill(kind, about);
  if (!host.isConnected) document.documentElement.append(host);
  if (kind === "failed") speak(words(view, kind));
}

// hide leaves the place where a verdict is said.
function hide() {
  if (parts) parts.card.hidden = parts.badge.hidden = true;
}

// speak says a verdict to who does not see it, once.
function speak(text) {
  if (!parts || verdict === text) return;
  verdict = text;
  parts.status.textContent = "devloop: " + text;
}

function fill(kind, about) {
  const p = parts;
  const text = words(view, kind);
  const tone = { failed: "bad", down: "bad", building: "busy", behind: "busy" }[kind] || "quiet";
  p.badge.className = "badge " + (view.offer ? "" : tone);
  p.card.className = "card " + tone;
  p.shape.textContent = view.offer ? "●" : shapes[kind];
  p.sign.textContent = shapes[kind] || "●";
  p.words.textContent = text;
  p.act.hidden = !view.offer;
  const card = open && !folded;
  p.main.ariaExpanded = about ? String(card) : null;
  p.card.hidden = !card;
  p.badge.hidden = card && !view.offer;
  if (!about) return;
  const { problem, problems = 0, broke, detail = "", dashboard = "", at } = about;
  p.head.textContent = words({ ...view, offer: "" }, kind);
  p.place.hidden = !problem;
  p.excerpt.hidden = !(problem && problem.excerpt);
  if (problem) {
    const link = editors.test(problem.link || "");
    p.link.hidden = !link;
    if (link) p.link.href = problem.link;
    p.copy.hidden = link;
    p.copy.disabled = !navigator.clipboard;
    p.link.textContent = p.copy.textContent = problem.place;
    p.message.textContent = problem.message;
    p.excerpt.textContent = (problem.excerpt || "").slice(0, 4000);
  }
  p.detail.textContent = detail;
  p.detail.hidden = !detail;
  const since = new Date(at - view.offset).toTimeString().slice(0, 8);
  const paths = broke ? broke.paths.join(", ") + (broke.more ? " and " + broke.more + " more" : "") : "";
  p.broke.textContent = [broke ? "broke with save " + broke.cycle + (paths ? " (" + paths + ")" : "") : "", "since " + since, problems > 1 ? "1 of " + problems + " problems" : ""].filter(Boolean).join(" · ");
  p.dashboard.hidden = !/^https?:\/\//.test(dashboard);
  if (!p.dashboard.hidden) p.dashboard.href = dashboard;
}
