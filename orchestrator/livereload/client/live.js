// What this page was made from, what the loop says of it, and when it is read anew. docs/live-reload.md has the rules.

const key = Symbol.for("devloop.live"); // in each window that has this script
const tag = document.currentScript || document.querySelector("script[data-devloop]");

let page = parseMark(tag && tag.dataset.devloop); // what it was made from; null: not known yet
let save = 0; // the one that it was built from; 0: not known
let state = null; // what the loop said last
let offset = 0; // of the loop's clock, in ms
let tried = ""; // the mark for which it was to be read anew, and is still here

function parseMark(text) {
  const parts = /^(.+)\.(\d+)\.(\d+)$/.exec(text || "");
  return parts && { boot: parts[1], generation: +parts[2], content: +parts[3] };
}

const markOf = (s) => ({ boot: s.boot, generation: s.generation, content: s.content });
const nameOf = (s) => [s.boot, s.generation, s.content].join(".");

// older reports whether this page was made before what answers now.
function older(s) {
  if (!page) {
    const [navigation] = performance.getEntriesByType("navigation");
    return performance.timeOrigin + (navigation ? navigation.responseStart : 0) + offset < s.since;
  }
  return page.boot !== s.boot || page.generation < s.generation || page.generation === s.generation && page.content < s.content;
}

// windows are w and the frames in it that are of the same origin.
function* windows(w) {
  yield w;
  for (let i = 0; i < w.frames.length; i++) {
    try {
      void w.frames[i].document;
    } catch {
      continue;
    }
    yield* windows(w.frames[i]);
  }
}

// leads reports whether no frame around this one has the script: it acts for all that are in it.
function leads() {
  for (let w = window; w !== w.parent;) {
    w = w.parent;
    try {
      if (w[key]) return false;
    } catch {
      return true; // of another origin
    }
  }
  return true;
}

// hasOwn reports whether a development server's own client is in the page, or another tool that reads it anew.
function hasOwn() {
  const client = /\/@vite\/client|\/@react-refresh|hmr-client|webpack-hmr|webpack-dev-server\/|\/react-refresh|\/livereload\.js|\/browser-sync-client|\/phoenix\/live_reload\/|\/__reload__\/|django-browser-reload|hotwire[-_](livereload|spark)|\/_templ\/reload/;
  return [...document.scripts].some((s) => client.test(s.src)) ||
    performance.getEntriesByType("resource").some((entry) => client.test(entry.name)) ||
    Object.keys(window).some((name) => name.startsWith("webpackHotUpdate"));
}

// act does what follows from what the loop said last, and shows it.
function act() {
  if (!leads()) {
    disconnect();
    return render(null);
  }
  if (!state || state.live === "off") return render(null);
  const own = hasOwn();
  let offer = "";
  if (state.generation > 0 && !older(state)) {
    page = page || markOf(state); // one with a mark can be newer than what the loop said last
    if (page.generation === state.generation && (!save || state.state === "live")) save = state.cycle || 0; // else what was started since may be meant
  } else if (state.generation > 0 && !own && state.state !== "down" && state.state !== "ended") {
    offer = follow();
    if (offer === "none") return;
  }
  render({ state, offer, own, save, offset });
}

// follow reads the page anew, or says why it is left to the person: "typed", "badge", "cached"; "none": nothing is to be shown.
function follow() {
  const name = nameOf(state);
  if (state.live !== "reload") return "badge";
  const steps = page && page.boot === state.boot ? state.generation - page.generation + state.content - page.content : 0;
  if (state.styles && steps === 1 && swapStyles(name)) {
    page = markOf(state);
    save = state.cycle || 0;
    return "";
  }
  if (document.hidden) return "none";
  if ([...windows(window)].some((w) => w[key] && w[key].unsaved())) return "typed";
  if (tried === name) return "badge"; // the page's own question before it is left was answered with no
  const once = name + " " + location.href.split("#")[0];
  try {
    if (sessionStorage.getItem("devloop-reloaded") === once) return "cached";
    sessionStorage.setItem("devloop-reloaded", once);
  } catch {
    return "badge"; // without a memory, this could go on for ever
  }
  tried = name;
  reload();
  return "none";
}

function reload() {
  keepPlace();
  location.reload();
}

// hear takes what the loop says.
function hear(text) {
  state = JSON.parse(text);
  offset = state.now - Date.now();
  act();
}
