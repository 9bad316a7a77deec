"use strict";
// Sorting, copying, filtering, loading again. Everything is readable without it.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = Array.from(table.tHead.rows[0].cells);
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.sort === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.sort);
  };
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const numbersFirstDown = heading.classList.contains("number") ? "descending" : "ascending";
      const other = { ascending: "descending", descending: "ascending" };
      const order = other[heading.getAttribute("aria-sort")] ?? numbersFirstDown;
      headings.forEach(each => each.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const body = table.tBodies[0];
      const rows = Array.from(body.rows, row => [key(row, column), row]);
      rows.sort(([a], [b]) => sign * (a < b ? -1 : a > b ? 1 : 0));
      body.append(...rows.map(([, row]) => row));
    });
  });
}

// A button beside each command. Outside of https and localhost there is no clipboard, and the text is selected instead.
for (const block of document.querySelectorAll("pre")) {
  const code = block.querySelector("code");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  block.append(button);
}

// What was typed survives a reload, in this window only.
const kept = {
  get: key => { try { return sessionStorage.getItem(key) ?? ""; } catch { return ""; } },
  set: (key, value) => { try { sessionStorage.setItem(key, value); } catch { /* a file has no storage in some browsers */ } },
};

const main = document.querySelector("main");
const filter = document.createElement("form");
filter.id = "filter";
filter.setAttribute("role", "search");
filter.addEventListener("submit", event => event.preventDefault());
const label = (text, control) => {
  const element = document.createElement("label");
  element.append(text + " ", control);
  return element;
};
const search = document.createElement("input");
search.type = "search";
search.value = kept.get("filter");
const severity = document.createElement("select");
for (const [value, text] of [["", "all"], ["warning", "warning and critical"], ["critical", "critical"]]) {
  severity.append(new Option(text, value));
}
severity.value = kept.get("severity");
filter.append(label("Pod or namespace", search), label("Severity", severity));
main.prepend(filter);
const apply = () => {
  const wanted = search.value.trim().toLowerCase();
  kept.set("filter", search.value);
  kept.set("severity", severity.value);
  const isShown = element => element.textContent.toLowerCase().includes(wanted);
  const isBadEnough = element => severity.value === "" || element.classList.contains("critical")
    || (severity.value === "warning" && element.classList.contains("warning"));
  for (const article of document.querySelectorAll("article.finding")) {
    article.hidden = !isShown(article) || !isBadEnough(article);
  }
  for (const table of document.querySelectorAll("table")) {
    const heading = table.tHead.rows[0].cells[0].textContent.trim().toLowerCase();
    if (heading === "pod" || heading === "owner" || heading === "#") {
      for (const row of table.tBodies[0].rows) {
        row.hidden = !isShown(row);
      }
    }
  }
};
search.addEventListener("input", apply);
severity.addEventListener("change", apply);
if (search.value !== "" || severity.value !== "") {
  apply();
}

// A page that an agent serves is loaded again, unless somebody has switched that off, selects text or has gone elsewhere.
const links = document.getElementById("links");
if (links !== null) {
  const seconds = Number(links.dataset.refresh);
  const again = document.createElement("input");
  again.type = "checkbox";
  again.checked = kept.get("refresh") !== "off";
  again.addEventListener("change", () => kept.set("refresh", again.checked ? "" : "off"));
  links.append(label(`load again every ${seconds} s`, again));
  setInterval(() => {
    if (again.checked && !document.hidden && getSelection().isCollapsed) {
      location.reload();
    }
  }, seconds * 1000);
}
