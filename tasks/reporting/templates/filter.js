// Show only the questions of a set, an outcome, a few words. Without this script all of them are shown.
(() => {
  "use strict";
  const form = document.getElementById("filter");
  if (!form) return;
  const told = form.querySelector("output");
  const letters = { "ي": "ی", "ى": "ی", "ك": "ک", "أ": "ا", "إ": "ا", "آ": "ا", "ة": "ه", "ۀ": "ه" };
  const fold = (text) =>
    text.normalize("NFKD").toLowerCase()
      .replace(/[\u0300-\u036f\u064b-\u0655\u200b-\u200f\u0640]/g, "")
      .replace(/[يىكأإآةۀ]/g, (letter) => letters[letter])
      .replace(/[۰-۹]/g, (digit) => digit.charCodeAt(0) - 0x6f0)
      .replace(/[٠-٩]/g, (digit) => digit.charCodeAt(0) - 0x660)
      .replace(/\s+/g, " ");
  const items = [...document.querySelectorAll("article.item")].map((card) => ({ card, text: fold(card.textContent) }));
  const number = (value) => [...String(value)].map((digit) => told.dataset.digits[digit]).join("");
  const apply = () => {
    const words = fold(form.words.value).split(" ").filter(Boolean);
    let shown = 0;
    for (const { card, text } of items) {
      const fits =
        (!form.set.value || card.dataset.set === form.set.value) &&
        (!form.outcome.value || card.dataset.outcome === form.outcome.value) &&
        words.every((word) => text.includes(word));
      card.hidden = !fits;
      shown += fits;
    }
    told.textContent = told.dataset.form.replace("{shown}", number(shown)).replace("{total}", number(items.length));
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => part.setAttribute("open", "")));
})();
