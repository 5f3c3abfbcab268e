// Keys for the sheet of items; everything else is forms and htmx.
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
})();
