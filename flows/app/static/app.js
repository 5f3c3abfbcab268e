// Keys for the sheet of items, and patience with a server that does not answer; everything else is
// forms and htmx.
(() => {
  "use strict";
  const cards = () => [...document.querySelectorAll(".sheet article.item")];
  let current = "";

  const select = (card) => {
    if (!card) return;
    for (const one of cards()) one.classList.toggle("current", one === card);
    current = card.id;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  };
  const step = (by) => {
    const all = cards(), at = all.findIndex((card) => card.id === current);
    select(all[Math.max(0, Math.min(all.length - 1, at + by))]);
  };

  // By the key's letter, or by its place where the keyboard writes other letters.
  const letter = (event) => (/^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace(/^Key/, "").toLowerCase());
  addEventListener("keydown", (event) => {
    if (event.target.matches("textarea, select, input") || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const key = letter(event), card = document.getElementById(current);
    if (!cards().length || !"jkynm".includes(key)) return;
    if (key === "j") step(1);
    else if (key === "k") step(-1);
    else if (card && key === "m") {
      const mend = card.querySelector("details.mend");
      if (mend) { mend.open = true; mend.querySelector("textarea, select").focus(); }
    } else if (card) card.querySelector(`button[value="${key === "y" ? "keep" : "reject"}"]`)?.click();
    event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    const card = event.target.closest?.(".sheet article.item");
    if (card && card.id !== current) { current = card.id; for (const one of cards()) one.classList.toggle("current", one === card); }
  });
  // A card that comes back decided keeps its place in the row of keys.
  document.addEventListener("htmx:load", (event) => {
    if (event.target.id && event.target.id === current) select(event.target);
  });

  // A part that asks how far its work is stays as it was where no answer or a fault of the server
  // comes, and asks again: after 2, 4, 8, 16, then every 30 s.
  const waits = new WeakMap();
  const isPolling = (part) => part.matches("[hx-trigger$='again']");
  const askLater = (part) => {
    const wait = Math.min(30, 2 * (waits.get(part) ?? 1));
    waits.set(part, wait);
    document.getElementById("unanswered").hidden = false;
    setTimeout(() => part.isConnected && htmx.trigger(part, "again"), 1000 * wait);
  };
  for (const lost of ["htmx:sendError", "htmx:timeout"])
    document.addEventListener(lost, (event) => isPolling(event.target) && askLater(event.target));
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isPolling(event.detail.requestConfig.elt)) return;
    if (event.detail.xhr.status >= 500) {
      event.detail.shouldSwap = false;
      askLater(event.detail.requestConfig.elt);
    } else document.getElementById("unanswered").hidden = true;
  });
})();
