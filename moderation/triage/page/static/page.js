// The keys. Everything they do is a button on the page as well, which works without this file.
"use strict";

(() => {
  const find = (selector) => document.querySelector(selector);
  let busy = false; // between a decision and the next message, so that a key held down decides once
  let renewed = Date.now();

  const button = (name) => find(`#decide button[value="${name}"]`);

  // A click and no submit: htmx tells by clicks which button it was.
  function press(pressed) {
    if (!busy) pressed?.click();
  }

  function only(box) {
    for (const other of document.querySelectorAll("#decide input[name=labels]")) other.checked = other === box;
    press(button("decide"));
  }

  function skip(reason) {
    const note = find("#note");
    if (reason.value === "skip" && !note.value.trim()) note.focus();
    else press(reason);
  }

  const keys = {
    "c": () => press(button("clean")),
    "e": () => press(button("escalate")),
    "u": () => press(find("#undo button")),
    "k": () => {
      const skipping = find("#skip");
      if (!skipping) return;
      skipping.open = !skipping.open;
      if (skipping.open) skipping.querySelector("button").focus();
    },
    "r": () => find("#reveal")?.click(),
    "n": () => find("#note")?.focus(),
    "?": () => find("#keys")?.showModal(),
    "Enter": () => press(button("decide")),
    "Escape": () => {
      const skipping = find("#skip");
      if (skipping?.open) {
        skipping.open = false;
        skipping.querySelector("summary").focus();
      }
    },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat || find("#keys")?.open) return;
    const at = event.target;
    if (at.matches("input:not([type=checkbox]), textarea, select")) {
      if (event.key === "Escape") at.blur();
      if (event.key === "Enter" && at.id === "note" && find("#skip")?.open) {
        event.preventDefault();
        skip(button("skip"));
      }
      return;
    }
    if (event.key === "Enter" && at.matches("a, button, summary")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const reason = find("#skip")?.open && find(`#skip button[data-reason="${key}"]`);
    const digit = find(`#decide input[data-digit="${CSS.escape(key)}"]`);
    const letter = find(`#decide input[data-letter="${CSS.escape(key)}"]`);
    if (reason) skip(reason);
    else if (digit) digit.click();
    else if (letter) only(letter);
    else if (keys[key]) keys[key]();
    else return;
    event.preventDefault();
  });

  // Who works on a message keeps it.
  async function renew() {
    const every = Number(find("#work")?.dataset.renew) * 1000;
    if (!every || Date.now() - renewed < every) return;
    renewed = Date.now();
    const address = `/messages/${find("#work").dataset.item}`;
    const csrf = find("#decide input[name=csrf]").value;
    const answer = await fetch(`${address}/renew`, { method: "POST", body: new URLSearchParams({ csrf }) });
    if (!answer.ok || answer.redirected) location.assign("/");
  }
  for (const kind of ["keydown", "pointerdown", "scroll"]) document.addEventListener(kind, renew, { passive: true });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.requestConfig.verb === "post") busy = true;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    busy = false;
    if (event.detail.failed) location.reload(); // says what is wrong: the page for errors is no message to swap in
  });
  document.addEventListener("htmx:afterSwap", () => {
    busy = false;
    renewed = Date.now();
    if (find("#work").dataset.item) {
      find("#work").focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    const help = find("#keys-button");
    if (!help) return;
    help.hidden = false;
    help.addEventListener("click", () => find("#keys").showModal());
  });
})();
