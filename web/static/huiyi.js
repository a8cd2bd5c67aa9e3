// Niceties only: every page works without this file.
(function () {
  "use strict";
  var root = document.documentElement;
  var stored = null;
  try { stored = localStorage.getItem("theme"); } catch (error) { /* storage may be forbidden */ }
  if (stored === "dark" || stored === "light") { root.dataset.theme = stored; }

  function isDark() {
    if (root.dataset.theme) { return root.dataset.theme === "dark"; }
    return window.matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function themeToggle(button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch (error) { /* kept for this page only */ }
    });
  }

  function copyButton(button) {
    if (!navigator.clipboard) { return; }
    var label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(button.dataset.copy).then(function () {
        button.textContent = button.dataset.copied;
        setTimeout(function () { button.textContent = label; }, 1500);
      });
    });
  }

  // Cells learn their column's heading, so that the style sheet can stack rows as cards on a narrow screen.
  // The roles keep it a table for screen readers although it is no longer laid out as one.
  function labelCells(table) {
    var headings = Array.from(table.querySelectorAll("thead th"), function (cell) { return cell.textContent.trim(); });
    table.setAttribute("role", "table");
    table.querySelectorAll("tr").forEach(function (row) { row.setAttribute("role", "row"); });
    table.querySelectorAll("tbody tr, tfoot tr").forEach(function (row) {
      var column = 0;
      Array.from(row.cells).forEach(function (cell) {
        cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : "cell");
        if (cell.colSpan === 1 && headings[column]) {
          cell.dataset.label = headings[column];
          // a Chinese character is as wide as two letters; sixteen letters stand on one line beside the value
          cell.classList.toggle("long-label", headings[column].replace(/[^\x00-\xff]/g, "xx").length > 16);
        }
        cell.classList.toggle("blank", !cell.children.length && !cell.textContent.trim());
        column += cell.colSpan;
      });
    });
    table.classList.add("labelled");
  }

  function showCurrentNavigation() {
    document.querySelectorAll(".main-nav [aria-current], .sub-nav [aria-current]").forEach(function (current) {
      current.parentElement.parentElement.scrollLeft = current.offsetLeft - 24;
    });
  }

  // A form that can be tried: while somebody types, the server's answer is shown beside it. The button does the same.
  function livePreview(form) {
    var into = document.getElementById(form.dataset.previewInto);
    var timer = null;
    var asking = null;
    if (!into || !window.fetch || !window.AbortController) { return; }
    function ask() {
      if (asking) { asking.abort(); }
      asking = new AbortController();
      fetch(form.dataset.preview, {
        method: "POST", body: new FormData(form), credentials: "same-origin", signal: asking.signal
      }).then(function (answer) { return answer.ok ? answer.text() : null; })
        .then(function (text) { if (text !== null) { into.innerHTML = text; } })
        .catch(function () { /* an older question, or no network: the page still works by its button */ });
    }
    form.addEventListener("input", function () {
      clearTimeout(timer);
      timer = setTimeout(ask, 400);
    });
  }

  // A form with several ways of charging shows the fields of the chosen one, and whatever is filled in already.
  function showFieldsOfModel(form) {
    var chosen = form.querySelector("select[name=model]");
    var groups = form.querySelectorAll("[data-models]");
    function isFilled(input) { return input.value !== "" || input.classList.contains("is-invalid"); }
    function show() {
      groups.forEach(function (group) {
        var used = group.dataset.models.split(" ").indexOf(chosen.value) >= 0;
        group.hidden = !used && !Array.prototype.some.call(group.querySelectorAll("input"), isFilled);
      });
    }
    if (chosen && groups.length) { chosen.addEventListener("change", show); show(); }
  }

  // A part of the page that follows long work: the server draws it, this only asks for it again.
  function follow(box) {
    if (!window.fetch) { return; }
    setInterval(function () {
      if (document.hidden) { return; }
      fetch(box.dataset.follow, {credentials: "same-origin"})
        .then(function (answer) { return answer.ok && !answer.redirected ? answer.text() : null; })
        .then(function (text) {
          if (text === null) { return; }
          box.innerHTML = text;
          box.querySelectorAll(".table-stack").forEach(labelCells);
        })
        .catch(function () { /* no network: the next time */ });
    }, 1000 * box.dataset.followSeconds);
  }

  // The button of a legal term opens its explanation by itself; with a mouse, resting on it is enough. Escape closes it,
  // and it stays while the pointer is on the button or on the explanation.
  function explainUnderThePointer(button) {
    var tip = document.getElementById(button.getAttribute("popovertarget"));
    var timer = null;
    var byPointer = false;
    if (!tip || !tip.showPopover) { return; }
    function soon(act, milliseconds) { clearTimeout(timer); timer = setTimeout(act, milliseconds); }
    function show() {
      if (!tip.matches(":popover-open")) { tip.showPopover({source: button}); byPointer = true; }
    }
    function hide() {
      if (byPointer && tip.matches(":popover-open") && !tip.contains(document.activeElement)) { tip.hidePopover(); }
      byPointer = false;
    }
    [button, tip].forEach(function (part) {
      part.addEventListener("pointerenter", function (event) {
        clearTimeout(timer);
        if (part === button && event.pointerType === "mouse") { soon(show, 250); }
      });
      part.addEventListener("pointerleave", function (event) {
        if (event.pointerType === "mouse") { soon(hide, 300); }
      });
    });
    button.addEventListener("click", function (event) {
      clearTimeout(timer);
      if (byPointer && tip.matches(":popover-open")) { event.preventDefault(); }
      byPointer = false;
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[popovertarget^=term-]").forEach(explainUnderThePointer);
    document.querySelectorAll("[data-follow]").forEach(follow);
    document.querySelectorAll("form").forEach(showFieldsOfModel);
    document.querySelectorAll("form[data-preview]").forEach(livePreview);
    document.querySelectorAll("[data-theme-toggle]").forEach(themeToggle);
    document.querySelectorAll("[data-copy]").forEach(copyButton);
    document.querySelectorAll(".table-stack").forEach(labelCells);
    showCurrentNavigation();
  });

  document.addEventListener("submit", function (event) {
    var button = event.submitter;
    if (button && button.dataset.confirm && !window.confirm(button.dataset.confirm)) { event.preventDefault(); }
  });

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") { return; }
    document.querySelectorAll("details.confirm[open]").forEach(function (box) {
      box.open = false;
      box.querySelector("summary").focus();
    });
  });
})();
