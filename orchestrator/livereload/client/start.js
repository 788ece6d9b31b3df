// Where it begins, once a window.

if (tag && !window[key]) {
  Object.defineProperty(window, key, { value: { unsaved } });
  addEventListener("pageshow", (event) => event.persisted && shown());
  addEventListener("pagehide", disconnect); // an open connection would keep the page out of the browser's cache for the way back
  document.addEventListener("visibilitychange", shown);
  document.addEventListener("freeze", disconnect);
  document.addEventListener("resume", shown);
  const ready = () => {
    watchFields();
    findPlace();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
  connect();
}
