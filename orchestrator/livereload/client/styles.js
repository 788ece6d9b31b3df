// Style sheets that change without the page being read anew.

const fresh = new WeakSet(); // links that take the place of others when they are loaded

const ownLinks = () => [...windows(window)].flatMap((w) => [...w.document.querySelectorAll("link[rel~=stylesheet i][href]")])
  .filter((link) => new URL(link.href).origin === location.origin);

// swapStyles loads the page's own style sheets anew, and reports whether that is enough. It is not where the page has none,
// or names them by what is in them, so that the new ones have other names.
function swapStyles(name) {
  const links = ownLinks();
  const named = (link) => link.integrity || /[-._~](?=[^/]*\d)[0-9A-Za-z_-]{8,}\.css$/.test(new URL(link.href).pathname);
  if (!links.length || links.some(named)) return false;
  const imports = links.flatMap((link) => [...imported(link.sheet)]).filter((url) => new URL(url).origin === location.origin);
  if (imports.length) Promise.allSettled(imports.map((url) => fetch(url, { cache: "reload" }))).then(() => replace(ownLinks(), name));
  else replace(links, name);
  return true;
}

// imported are the addresses that a style sheet imports. Their names stay, so the browser would take them from its cache.
function* imported(sheet) {
  let rules = [];
  try {
    rules = sheet.cssRules;
  } catch {
    // it is not loaded, or of another origin
  }
  for (const rule of rules) {
    if (!rule.styleSheet) continue;
    yield rule.styleSheet.href;
    yield* imported(rule.styleSheet);
  }
}

function replace(links, name) {
  for (const old of links) {
    if (fresh.delete(old)) {
      old.remove(); // the one whose place it was to take is still there
      continue;
    }
    const url = new URL(old.href);
    url.searchParams.set("devloop", name);
    const link = old.cloneNode();
    link.href = url.href;
    fresh.add(link);
    const end = (gone) => {
      if (fresh.delete(link)) gone.remove();
    };
    link.addEventListener("load", () => end(old));
    link.addEventListener("error", () => end(link));
    old.after(link);
  }
}
