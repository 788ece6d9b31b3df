(() => {
  const header = "Devloop-Page";
  const here = location.href;
  const bottom = () => { const pre = document.querySelector("pre"); if (pre) pre.scrollTop = pre.scrollHeight; };
  const back = (res) => !res.headers.has(header);
  let gone = false;
  const reload = () => { if (!gone) { gone = true; location.reload(); } };
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const held = async () => {
    for (;;) {
      try {
        const res = await fetch(here, { method: "HEAD", cache: "no-store", headers: { [header]: "wait" } });
        if (back(res)) return reload();
      } catch { }
      await pause(1000);
    }
  };
  const news = async () => {
    for (;;) {
      await pause(document.hidden ? 2000 : 500);
      try {
        const res = await fetch(here, { cache: "no-store", headers: { Accept: "text/html", [header]: "news" } });
        if (back(res)) return reload();
        const next = new DOMParser().parseFromString(await res.text(), "text/html");
        const main = next.getElementById("devloop");
        const old = document.getElementById("devloop");
        if (main && main.outerHTML !== old.outerHTML) {
          old.replaceWith(document.adoptNode(main));
          document.title = next.title;
          bottom();
        }
      } catch { }
    }
  };
  bottom();
  held();
  news();
})();
