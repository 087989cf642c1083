// Delete: confirmation in a dialog. Without JavaScript the link opens a page with the same form.
const dialog = document.getElementById("delete-dialog");
const input = dialog?.querySelector("input[name=confirm_name]");
const submit = dialog?.querySelector("[data-delete-submit]");
let name = "";

function check() {
  submit.disabled = input.value !== name;
}

// An enabled key can be disabled instead, on the page that its Edit link leads to.
function offerDisabling(link) {
  const offer = dialog.querySelector("[data-disable-instead]");
  const edit = link.parentElement.querySelector("a[data-can-disable]");
  offer.hidden = !edit;
  if (!edit) return;
  const address = new URL(edit.href);
  address.hash = "id_enabled";
  offer.querySelector("a").href = address;
}

// Shows one of three sentences, for 0, 1 or more uses.
function showUses(uses) {
  const wanted = ["0", "1"].includes(uses) ? uses : "more";
  dialog.querySelectorAll("[data-delete-uses]").forEach((line) => { line.hidden = line.dataset.deleteUses !== wanted; });
  dialog.querySelector("[data-delete-count]").textContent = Number(uses).toLocaleString("en");
}

function open(link) {
  name = link.dataset.delete;
  dialog.querySelector("form").action = link.href;
  dialog.querySelectorAll("[data-delete-name]").forEach((place) => { place.textContent = name; });
  showUses(link.dataset.uses);
  offerDisabling(link);
  input.value = "";
  check();
  dialog.showModal();
  input.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-delete]");
  if (!dialog || !link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  open(link);
});

input?.addEventListener("input", check);
dialog?.querySelector("[data-close]").addEventListener("click", () => dialog.close());
