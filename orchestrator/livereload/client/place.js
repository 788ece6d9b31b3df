// What a person would lose when the page is read anew: the place that they are at, and what they typed.

const before = new WeakMap(); // what a field held before it was changed
const edited = new Set(); // fields that were

function held(field) {
  if (field.isContentEditable) return field.textContent;
  if (field.type === "checkbox" || field.type === "radio") return String(field.checked);
  if (field.selectedOptions) return [...field.selectedOptions].map((option) => option.index).join();
  return field.value;
}

// asWritten is what a field held when the page was read.
function asWritten(field) {
  if (field.isContentEditable) return "";
  if (field.type === "checkbox" || field.type === "radio") return String(field.defaultChecked);
  if (field.options) {
    const selected = [...field.options].filter((option) => option.defaultSelected);
    return selected.length || field.multiple ? selected.map((option) => option.index).join() : field.options.length ? "0" : "";
  }
  return field.defaultValue;
}

function watchFields() {
  const note = (event) => {
    const field = event.composedPath()[0];
    if (field.nodeType === 1 && held(field) !== undefined && !before.has(field)) before.set(field, held(field));
  };
  const changed = (event) => {
    const field = event.composedPath()[0];
    if (!event.isTrusted || field.nodeType !== 1 || held(field) === undefined) return;
    if (!before.has(field)) before.set(field, asWritten(field));
    edited.add(field);
  };
  const sent = (event) => {
    for (const field of event.target.elements || []) before.set(field, held(field));
  };
  addEventListener("focusin", note, true);
  addEventListener("input", changed, true);
  addEventListener("change", changed, true);
  addEventListener("submit", sent, true);
  for (const field of document.querySelectorAll("input:not([type=hidden], [type=submit], [type=button], [type=reset], [type=image]), textarea, select")) {
    if (held(field) === asWritten(field)) continue; // typed before this script came, or kept by the browser
    before.set(field, asWritten(field));
    edited.add(field);
  }
}

// unsaved reports whether somebody typed something here that is in no server yet.
function unsaved() {
  for (const field of edited) {
    if (!field.isConnected) edited.delete(field);
    else if (held(field) !== before.get(field)) return true;
  }
  return false;
}

// pathOf is a selector of an element, which holds in the page as it is read anew.
function pathOf(element) {
  const steps = [];
  for (let e = element; e && e !== document.documentElement; e = e.parentElement) {
    if (e.id && document.getElementById(e.id) === e) {
      steps.unshift("#" + CSS.escape(e.id));
      break;
    }
    steps.unshift(e.localName + ":nth-child(" + ([...e.parentElement.children].indexOf(e) + 1) + ")");
  }
  return steps.join(" > ");
}

// keepPlace notes where the page is scrolled to and what has the focus, for the page that is read in its place.
function keepPlace() {
  const place = { href: location.href, scroll: [["", scrollX, scrollY]] };
  for (const e of document.body ? [...document.body.querySelectorAll("*")].slice(0, 5000) : []) {
    if ((e.scrollTop || e.scrollLeft) && place.scroll.length < 20) place.scroll.push([pathOf(e), e.scrollLeft, e.scrollTop]);
  }
  const focus = document.activeElement;
  if (focus && focus !== document.body && focus !== host) {
    place.focus = pathOf(focus);
    try {
      place.selection = [focus.selectionStart, focus.selectionEnd];
    } catch {
      // a field without a selection
    }
  }
  try {
    sessionStorage.setItem("devloop-place", JSON.stringify(place));
  } catch {
    // the browser keeps what it can
  }
}

// findPlace goes back to it, for as long as the page grows, and until somebody goes elsewhere.
function findPlace() {
  let place = null;
  try {
    place = JSON.parse(sessionStorage.getItem("devloop-place"));
    sessionStorage.removeItem("devloop-place");
  } catch {
    return;
  }
  if (!place || place.href !== location.href) return;
  let over = false;
  const stop = () => over = true;
  for (const type of ["wheel", "touchstart", "pointerdown", "keydown"]) addEventListener(type, stop, { once: true, capture: true, passive: true });
  const find = (path) => document.querySelector(path);
  const end = performance.now() + 3000;
  const step = () => {
    if (over) return;
    for (const [path, left, top] of place.scroll) {
      const e = path ? find(path) : document.scrollingElement;
      if (e && (Math.abs(e.scrollTop - top) > 1 || Math.abs(e.scrollLeft - left) > 1)) e.scrollTo({ left, top, behavior: "instant" });
    }
    const focus = place.focus && find(place.focus);
    if (focus) {
      focus.focus({ preventScroll: true });
      if (place.selection && place.selection[0] !== null) {
        try {
          focus.setSelectionRange(...place.selection);
        } catch {
          // a field without a selection
        }
      }
      place.focus = "";
    }
    if (document.readyState !== "complete" || performance.now() < end) requestAnimationFrame(step);
  };
  step();
}
