// The toast, a live region. Modules dispatch "announce" with a text; buttons with data-why show why they are disabled.
const region = document.getElementById("toast");
let timer;

document.addEventListener("announce", (event) => {
  region.textContent = event.detail;
  clearTimeout(timer);
  timer = setTimeout(() => { region.textContent = ""; }, 6000);
});

document.addEventListener("click", (event) => {
  const refused = event.target.closest("[data-why]");
  if (refused) document.dispatchEvent(new CustomEvent("announce", { detail: refused.dataset.why }));
});
