// Style sheets that change without the page being read anew.

const fresh = new WeakSet(); // links that take the place of others when they are loaded

// swapStyles loads the page's own style sheets anew, and reports whether that is enough. It is not where the page has none,
// or names them by what is in them, so that the new ones have other names.
function swapStyles(name) {
  const links = [...windows(window)].flatMap((w) => [...w.document.querySelectorAll("link[rel~=stylesheet i][href]")])
    .filter((link) => new URL(link.href).origin === location.origin);
  const named = (link) => link.integrity || /[-._~](?=[^/]*\d)[0-9A-Za-z_-]{8,}\.css$/.test(new URL(link.href).pathname);
  if (!links.length || links.some(named)) return false;
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
  return true;
}
