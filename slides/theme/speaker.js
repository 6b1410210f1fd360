// The speaker's window shows the notes first: large, at the top left; the slides are beside them, and the clocks below.
// reveal.js has no option for that, so the style is added to the window that its notes plugin opens.
window.SpeakerNotesFirst = () => {
  const style = `
    body[data-speaker-layout="default"] #current-slide { left: auto; right: 0; width: 38%; height: 50%; padding: 6px; }
    body[data-speaker-layout="default"] #upcoming-slide { top: 50%; right: 0; width: 38%; height: 50%; }
    body[data-speaker-layout="default"] #speaker-controls { top: 0; left: 0; right: auto; width: 62%; height: 100%;
      display: flex; flex-direction: column; }
    body[data-speaker-layout="default"] .speaker-controls-notes { order: -1; flex: 1; overflow: auto; font-size: 20px;
      overflow-wrap: anywhere; }
  `;
  const open = window.open.bind(window);
  window.open = (address, name, ...rest) => {
    const opened = open(address, name, ...rest);
    // The plugin writes the window's contents next, in the same task.
    if (opened && name === "reveal.js - Notes") queueMicrotask(() => {
      const element = opened.document.createElement("style");
      element.textContent = style;
      opened.document.head.append(element);
    });
    return opened;
  };
  return { id: "speaker-notes-first" };
};
