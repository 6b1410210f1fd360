// A classic script: it runs in browsers that cannot run the others. It finds out what this browser lacks.
(function () {
  "use strict";
  var NEEDS = "Any Firefox, Chrome, Edge or Safari of the last two years can.";
  var lacks = "";
  var modules = false;
  var supports = window.HTMLScriptElement && HTMLScriptElement.supports;
  if (!supports || !supports.call(HTMLScriptElement, "importmap")) {
    lacks = "This browser is too old to show the course. " + NEEDS;
    document.addEventListener("DOMContentLoaded", function () {
      document.getElementById("notices").textContent = lacks;
    });
  } else if (typeof WebAssembly !== "object") {
    lacks = "This browser has no WebAssembly, so Python cannot run in it: you can read, edit and export. " + NEEDS;
  } else {
    try {
      var empty = URL.createObjectURL(new Blob([], { type: "text/javascript" }));
      new Worker(empty, { get type() { modules = true; return "module"; } }).terminate();
      URL.revokeObjectURL(empty);
    } catch (error) {
      // The browser has no workers, or refuses this one; the getter has been asked, or not.
    }
    if (!modules) {
      lacks = "This browser has no module workers, so Python cannot run in it: you can read, edit and export. " + NEEDS;
    }
  }
  window.courseLacks = lacks;
})();
