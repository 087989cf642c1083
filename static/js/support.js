// Gives the select boxes that Django's jQuery builds on support pages the accessible name of their label.
function nameChoosers() {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const label = select.labels[0];
    const shown = select.nextElementSibling?.querySelector(".select2-selection__rendered");
    if (!label || !shown) continue;
    label.id ||= `${select.id}_label`;
    shown.setAttribute("aria-labelledby", label.id);
    shown.closest("[role=combobox]").setAttribute("aria-labelledby", `${label.id} ${shown.id}`);
  }
}

// jQuery builds them some time after the document is ready, maybe before this script runs.
if (document.querySelector("select.admin-autocomplete")) {
  new MutationObserver(nameChoosers).observe(document.body, { childList: true, subtree: true });
  nameChoosers();
}
