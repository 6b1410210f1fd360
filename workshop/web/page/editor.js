// CodeMirror, with a state for each file, so that each keeps its own history, selection and place.

import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colour = name => ({ color: `var(--code-${name})` });

const style = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.bool, tags.null, tags.self], ...colour("keyword") },
  { tag: [tags.string, tags.special(tags.string)], ...colour("string") },
  { tag: [tags.number, tags.meta], ...colour("number") },
  { tag: tags.comment, ...colour("comment"), fontStyle: "italic" },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className), tags.className], ...colour("name") },
]);

const theme = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--paper)", color: "var(--ink)", fontSize: "var(--code-size)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--code)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--accent)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--paper)", color: "var(--faint)", border: "0", paddingLeft: "4px" },
  ".cm-activeLine": { backgroundColor: "var(--line)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--line)", color: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--select)" },
  ".cm-selectionMatch, .cm-searchMatch": { backgroundColor: "var(--lifted)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--pale)", outline: "1px solid var(--accent)" },
  ".cm-marked": { backgroundColor: "var(--lifted)", boxShadow: "inset 3px 0 var(--late)" },
  ".cm-panels": { backgroundColor: "var(--soft)", color: "var(--ink)", borderColor: "var(--rule)" },
  ".cm-textfield": { backgroundColor: "var(--paper)", border: "1px solid var(--rule)" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--paper)", border: "1px solid var(--rule)" },
});

// A line that a verdict names; any edit takes the mark away.
const mark = StateEffect.define();
const marked = StateField.define({
  create: () => Decoration.none,
  update(value, transaction) {
    if (transaction.docChanged) value = Decoration.none;
    for (const effect of transaction.effects) {
      if (effect.is(mark)) {
        value = effect.value === null ? Decoration.none
          : Decoration.set([Decoration.line({ class: "cm-marked" }).range(effect.value)]);
      }
    }
    return value;
  },
  provide: field => EditorView.decorations.from(field),
});

export class Editor {
  // typed(path, text) is called at each change by the learner; run() at Ctrl-Enter.
  constructor(parent, typed, run) {
    this.states = new Map();
    this.given = new Set();
    this.path = "";
    this.locked = false;
    this.lock = new Compartment();
    this.outside = false;
    this.view = new EditorView({ parent, state: EditorState.create() });
    this.extensions = [
      lineNumbers(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
      highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(), search({ top: true }),
      indentUnit.of("    "), EditorState.tabSize.of(4), syntaxHighlighting(style), theme, marked,
      keymap.of([
        { key: "Mod-Enter", run: () => (run(), true), preventDefault: true },
        ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, indentWithTab,
      ]),
      EditorView.updateListener.of(update => {
        if (update.docChanged && !this.outside) typed(this.path, update.state.doc.toString());
        if (update.docChanged || update.selectionSet) this.#back();
      }),
    ];
  }

  #state(path, text) {
    const name = path.split("/").at(-1);
    const reads = this.given.has(path);
    return EditorState.create({
      doc: text,
      extensions: [
        ...this.extensions,
        name.endsWith(".py") ? python() : EditorView.lineWrapping,
        this.lock.of(this.#locks(reads)),
        EditorView.contentAttributes.of({
          tabindex: "0",
          "aria-label": reads ? `${name}, given, to read` : name,
          "aria-description": "Tab indents. To leave the editor, press Escape, then Tab.",
        }),
      ],
    });
  }

  // Show the code from its left edge again, if the caret is in view then, too.
  #back() {
    this.view.requestMeasure({
      key: this,
      read: view => {
        const { scrollDOM, state } = view;
        const caret = scrollDOM.scrollLeft && view.coordsAtPos(state.selection.main.head);
        return caret && caret.right + scrollDOM.scrollLeft < scrollDOM.getBoundingClientRect().right - 30;
      },
      write: fits => {
        if (fits) this.view.scrollDOM.scrollLeft = 0;
      },
    });
  }

  #locks(reads) {
    return EditorState.readOnly.of(reads || this.locked);
  }

  // Show a file. A given one can only be read.
  open(path, text, given = false) {
    this.#keep();
    if (given) this.given.add(path);
    if (!this.states.has(path)) this.states.set(path, { state: this.#state(path, text), top: 0 });
    const { state, top } = this.states.get(path);
    this.path = path;
    this.view.setState(state);
    this.view.dispatch({ effects: this.lock.reconfigure(this.#locks(this.given.has(path))) });
    this.view.scrollDOM.scrollTop = top;
  }

  #keep() {
    if (this.path) this.states.set(this.path, { state: this.view.state, top: this.view.scrollDOM.scrollTop });
  }

  // A file has another content, which nobody typed; undo brings the old one back.
  replace(path, text) {
    this.#keep();
    const known = this.states.get(path);
    if (!known || known.state.doc.toString() === text) return;
    const change = { changes: { from: 0, to: known.state.doc.length, insert: text } };
    if (path === this.path) {
      this.outside = true;
      this.view.dispatch(change);
      this.outside = false;
    } else known.state = known.state.update(change).state;
  }

  // Whether nothing can be typed, in any file.
  setLocked(locked) {
    this.locked = locked;
    if (this.path) this.view.dispatch({ effects: this.lock.reconfigure(this.#locks(this.given.has(this.path))) });
  }

  // Show a line (from 1) with the caret on it, and mark it or not.
  line(number, marks = false) {
    const line = this.#line(number);
    const effects = [EditorView.scrollIntoView(line.from, { y: "center" })];
    if (marks) effects.push(mark.of(line.from));
    this.view.dispatch({ selection: { anchor: line.from + line.text.search(/\S|$/) }, effects });
  }

  // Show a line and mark it. The caret stays: a verdict may come while somebody types.
  mark(number) {
    const { from } = this.#line(number);
    this.view.dispatch({ effects: [EditorView.scrollIntoView(from, { y: "nearest", yMargin: 40 }), mark.of(from)] });
  }

  #line(number) {
    const { doc } = this.view.state;
    return doc.line(Math.min(Math.max(number, 1), doc.lines));
  }

  unmark() {
    this.view.dispatch({ effects: mark.of(null) });
  }

  // Show the first line that has this; whether there is one.
  find(pattern) {
    const lines = this.view.state.doc.toString().split("\n");
    const at = lines.findIndex(line => pattern.test(line));
    if (at >= 0) this.line(at + 1);
    return at >= 0;
  }

  focus() {
    this.view.focus();
  }
}
