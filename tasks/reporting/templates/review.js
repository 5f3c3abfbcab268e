// Decisions on items: by click or key, kept in the browser where it allows that, downloaded as JSON or CSV.
(() => {
  "use strict";
  const bar = document.getElementById("bar"), told = bar.querySelector("output");
  const cards = [...document.querySelectorAll("article.item")];
  const place = "book2lora-review:" + document.body.dataset.study + ":" + document.body.dataset.sheet;
  const COLUMNS = ["item", "decision", "note", "symptom", "diagnosis", "question", "option_1", "option_2", "option_3", "option_4", "answer", "quote"];
  let current = -1, kept = true, saved = true;

  const number = (value) => [...String(value)].map((digit) => told.dataset.digits[digit]).join("");
  const fields = (card) => [...card.querySelectorAll(".mend [name]")];
  const radios = (card) => [...card.querySelectorAll("input[type=radio]")];
  const note = (card) => card.querySelector("input[name=note]");

  const read = (card) => {
    const row = { item: card.dataset.item, decision: card.dataset.decision, note: note(card).value };
    if (row.decision === "mend") for (const field of fields(card)) row[field.name] = field.value;
    return row;
  };
  const rows = () => cards.filter((card) => card.dataset.decision).map(read);

  const store = () => {
    try {
      localStorage.setItem(place, JSON.stringify(cards.filter((card) => card.dataset.decision || note(card).value).map(read)));
    } catch { kept = false; }
    document.getElementById("stored").textContent = document.getElementById("stored").dataset[kept ? "kept" : "lost"];
  };
  const show = () => {
    const done = cards.filter((card) => card.dataset.decision).length;
    told.textContent = told.dataset.form.replace("{done}", number(done)).replace("{total}", number(cards.length));
  };
  const decide = (card, decision) => {
    card.dataset.decision = decision;
    for (const radio of radios(card)) radio.checked = radio.value === decision;
    card.querySelector(".mend").hidden = decision !== "mend";
    saved = false;
  };
  const select = (at) => {
    if (!cards.length) return;
    if (current >= 0) cards[current].classList.remove("current");
    current = Math.max(0, Math.min(cards.length - 1, at));
    cards[current].classList.add("current");
    cards[current].focus({ preventScroll: true });
    cards[current].style.scrollMarginTop = bar.offsetHeight + 12 + "px";
    cards[current].scrollIntoView({ block: "start" });
  };
  const selectOpen = () => {
    const later = cards.findIndex((card, at) => at > current && !card.dataset.decision);
    const any = later >= 0 ? later : cards.findIndex((card) => !card.dataset.decision);
    if (any >= 0) select(any);
  };

  try {
    for (const row of JSON.parse(localStorage.getItem(place) || "[]")) {
      const card = cards.find((one) => one.dataset.item === row.item);
      if (!card) continue;
      note(card).value = row.note || "";
      for (const field of fields(card)) if (field.name in row) field.value = row[field.name];
      if (["keep", "reject", "mend"].includes(row.decision)) decide(card, row.decision);
    }
  } catch { kept = false; }
  saved = true;

  for (const [at, card] of cards.entries()) {
    card.addEventListener("input", (event) => {
      if (event.target.type === "radio") decide(card, event.target.value);
      saved = false; store(); show();
    });
    card.addEventListener("focusin", (event) => {
      if (event.target === card || at === current) return;
      if (current >= 0) cards[current].classList.remove("current");
      current = at; card.classList.add("current");
    });
    card.querySelector(".undo").addEventListener("click", () => { decide(card, ""); store(); show(); });
  }

  // By the key's letter, or by its place where the keyboard writes other letters.
  const letter = (event) => (/^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace(/^Key/, "").toLowerCase());
  addEventListener("keydown", (event) => {
    const typing = event.target.matches("textarea, select, input:not([type=radio])");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const key = letter(event);
    const word = { y: "keep", n: "reject", m: "mend" }[key];
    if (key === "j") select(current + 1);
    else if (key === "k") select(current - 1);
    else if (word && current >= 0) {
      decide(cards[current], word); store(); show();
      if (word === "mend") fields(cards[current])[0].focus();
      else select(current + 1);
    } else return;
    event.preventDefault();
  });

  const download = (content, type, ending) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type }));
    link.download = "review-" + document.body.dataset.study + ending;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    saved = true;
  };
  // A spreadsheet takes a cell that begins so for a formula; the reader of this file takes the mark away.
  const guard = (text) => (/^'*[=+\-@\t\r]/.test(text) ? "'" + text : text);
  const cell = (text) => '"' + guard(String(text ?? "")).replaceAll('"', '""') + '"';
  document.getElementById("json").addEventListener("click", () =>
    download(JSON.stringify({ study: document.body.dataset.study, sheet: document.body.dataset.sheet, items: rows() }, null, 1) + "\n", "application/json", ".json"));
  document.getElementById("csv").addEventListener("click", () =>
    download("\ufeff" + [COLUMNS.map(cell), ...rows().map((row) => COLUMNS.map((name) => cell(row[name])))].map((row) => row.join(",")).join("\r\n") + "\r\n", "text/csv", ".csv"));
  document.getElementById("open").addEventListener("click", selectOpen);
  addEventListener("beforeunload", (event) => { if (!kept && !saved) event.preventDefault(); });

  for (const mark of document.querySelectorAll(".passage-text mark"))
    mark.parentElement.scrollTop = mark.offsetTop - 40; // a long passage shows its quote at once
  bar.hidden = false;
  store(); show();
})();
