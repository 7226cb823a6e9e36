// The time of the run: placeholder.
// Knows: nothing yet. Must never know: anything.
function timelineView(root) { root.hidden = true; }
