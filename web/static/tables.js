// Tables with tools: sort, filter and add up the rows of this page, and walk them by keyboard.
// Lists that the server sorts, filters and adds up are only walked. Every page works without.
(function () {
  "use strict";

  // Whole fen as BigInt, read from the digits: no floating point near money.
  function fenOf(cell) {
    var money = cell && cell.querySelector(".money");
    var digits = money && money.textContent.replace(/−/g, "-").replace(/[^0-9.-]/g, "");
    return digits && /^-?[0-9]+\.[0-9]{2}$/.test(digits) ? BigInt(digits.replace(".", "")) : null;
  }

  function yuan(fen) {
    var digits = String(fen < 0n ? -fen : fen).padStart(3, "0");
    return (fen < 0n ? "−¥ " : "¥ ") + digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",") + "." + digits.slice(-2);
  }

  function keyOf(cell) {
    var text = cell ? cell.textContent.trim() : "";
    var fen = fenOf(cell);
    if (fen !== null) { return fen; }
    return /^-?[0-9,]+$/.test(text) ? BigInt(text.replace(/,/g, "")) : text;
  }

  function compare(one, other) {
    if (typeof one === "bigint" && typeof other === "bigint") { return one < other ? -1 : one > other ? 1 : 0; }
    if (typeof one !== typeof other) { return typeof one === "bigint" ? -1 : 1; }
    return one.localeCompare(other, document.documentElement.lang, {numeric: true});
  }

  function reach(row) {
    var link = row.querySelector("a[href]");
    if (!link) { row.tabIndex = -1; }
    (link || row).focus();
  }

  // The single keys work only while the table or its tools have the focus (WCAG 2.1.4).
  function walkable(box, near, filter, help) {
    function press(event) {
      var seen = Array.from(box.querySelector("tbody").rows).filter(function (row) { return !row.hidden; });
      var typing = event.target === filter;
      var here = seen.indexOf(event.target.closest("tbody tr"));
      var at = {ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: seen.length - 1}[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) { return; }
      if (event.key === "/" && !typing) {
        event.preventDefault();
        if (filter.closest("details")) { filter.closest("details").open = true; }
        filter.focus();
        return;
      }
      if (event.key === "?" && !typing) { help.open ^= 1; return; }
      if (typing && event.key !== "ArrowDown") { return; }
      if (at !== undefined && seen[at]) { event.preventDefault(); reach(seen[at]); }
    }
    near.forEach(function (part) { part.addEventListener("keydown", press); });
  }

  function equip(tools) {
    var box = tools.nextElementSibling;
    var body = box.querySelector("tbody");
    var rows = Array.from(body.rows);
    var headings = Array.from(box.querySelectorAll("thead th"));
    var labels = headings.map(function (heading) { return heading.textContent.trim(); });
    var filter = tools.querySelector("input");
    var says = tools.querySelector("[role=status]");

    function shown() { return Array.from(body.rows).filter(function (row) { return !row.hidden; }); }

    function tell() {
      var seen = shown();
      var sums = headings.map(function (_heading, column) {
        var amounts = seen.map(function (row) { return fenOf(row.cells[column]); });
        if (!amounts.some(function (fen) { return fen !== null; })) { return null; }
        return labels[column] + " " + yuan(amounts.reduce(function (sum, fen) { return sum + (fen || 0n); }, 0n));
      }).filter(Boolean);
      if (tools.dataset.sums === "no") { sums = []; }
      says.textContent = seen.length + " / " + rows.length + (sums.length ? " · " + tools.dataset.sumOf + sums.join(" · ") : "");
    }

    function sift() {
      var wanted = filter.value.trim().toLowerCase();
      rows.forEach(function (row) { row.hidden = row.textContent.toLowerCase().indexOf(wanted) < 0; });
      tell();
    }

    // A third press gives back the order that the server chose.
    function sort(column) {
      var now = headings[column].getAttribute("aria-sort");
      var next = now === "ascending" ? "descending" : now === "descending" ? null : "ascending";
      headings.forEach(function (heading) { heading.removeAttribute("aria-sort"); });
      if (next) { headings[column].setAttribute("aria-sort", next); }
      headings.forEach(function (heading) {
        var mark = heading.querySelector("[data-sort]");
        var order = heading.getAttribute("aria-sort");
        if (mark) { mark.textContent = order === "ascending" ? "↑" : order === "descending" ? "↓" : "↕"; }
      });
      var ordered = rows.slice();
      if (next) {
        ordered.sort(function (one, other) {
          return (next === "ascending" ? 1 : -1) * compare(keyOf(one.cells[column]), keyOf(other.cells[column]));
        });
      }
      ordered.forEach(function (row) { body.appendChild(row); });
    }

    headings.forEach(function (heading, column) {
      var button = document.createElement("button");
      if (heading.classList.contains("actions")) { return; }
      button.type = "button";
      button.className = "btn btn-sm btn-link d-print-none";
      button.dataset.sort = "";
      button.textContent = "↕";
      button.setAttribute("aria-label", tools.dataset.sortBy + " " + labels[column]);
      button.addEventListener("click", function () { sort(column); });
      heading.appendChild(button);
    });
    filter.addEventListener("input", sift);
    walkable(box, [tools, box], filter, tools.querySelector("details"));
    tools.hidden = false;
    tell();
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-table-tools]").forEach(equip);
    document.querySelectorAll("[data-table-keys]").forEach(function (help) {
      var box = help.nextElementSibling;
      walkable(box, [box], document.querySelector(".list-filters [name]:not([type=hidden])"), help);
      help.hidden = false;
    });
  });
})();
