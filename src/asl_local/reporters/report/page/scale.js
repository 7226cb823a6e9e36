// Time on a line: from moments to places and back, with quiet stretches compressed or not, and the marks of an axis.
// Knows: seconds. Must never know: states, or elements.

const STEPS = [
  ...[0.000001, 0.00001, 0.0001, 0.001, 0.01, 0.1, 1].flatMap((ten) => [ten, 2 * ten, 5 * ten]), 10, 15, 30,
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60), ...[1, 2, 3, 6, 12].map((hours) => hours * 3600),
  ...[1, 2, 7, 14, 30, 60, 91, 182, 365, 730, 1825, 3650, 36500].map((days) => days * 86400),
];

const WIDEST = 5;

/** The moments of all events in order, each once, in seconds since the first; and where the first is. */
function momentsOf(run) {
  const all = new Float64Array(run.count);
  let count = 0;
  for (let i = 0; i < run.count; i += 1) {
    const at = run.atOf(i);
    if (at !== null) all[count++] = at;
  }
  const sorted = all.subarray(0, count).sort();
  const start = count ? sorted[0] : null;
  let kept = 0;
  for (let i = 0; i < count; i += 1) if (kept === 0 || sorted[i] - start > sorted[kept - 1]) sorted[kept++] = sorted[i] - start;
  return { start, moments: sorted.slice(0, kept) };
}

/**
 * Places from 0 to 1 for seconds from 0 to the last moment. Compressed, a stretch in which nothing happens takes as much
 * room as the logarithm of its length, and never more than WIDEST ordinary ones, so that a wait of a year stands beside
 * states of a millisecond; `gaps` are the stretches of which that leaves little: {from, to, seconds}.
 */
function timeScale(moments, compressed) {
  const last = moments.length - 1;
  const length = last > 0 ? moments[last] : 0;
  if (!compressed || last < 2) {
    const whole = length || 1;
    return { length, gaps: [], place: (seconds) => seconds / whole, time: (place) => place * whole };
  }
  const lengths = moments.slice(1).map((moment, i) => moment - moments[i]);
  const unit = lengths.slice().sort()[Math.floor(lengths.length / 2)];
  const widthOf = (seconds) => Math.min(WIDEST, Math.log2(1 + seconds / unit));
  const sums = new Float64Array(moments.length);
  for (let i = 0; i < last; i += 1) sums[i + 1] = sums[i] + widthOf(lengths[i]);
  const whole = sums[last];
  const between = (from, to, value) => {  // the last i with from[i] <= value, and the value's place in `to`
    let low = 0;
    let high = last - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (from[middle] <= value) low = middle;
      else high = middle - 1;
    }
    return to[low] + (to[low + 1] - to[low]) * ((value - from[low]) / (from[low + 1] - from[low]));
  };
  const gaps = [];
  lengths.forEach((each, i) => {
    if (widthOf(each) === WIDEST && WIDEST / whole > 0.01) gaps.push({ from: sums[i] / whole, to: sums[i + 1] / whole, seconds: each });
  });
  return {
    length,
    gaps: gaps.length > 40 ? [] : gaps,
    place: (seconds) => between(moments, sums, seconds) / whole,
    time: (place) => between(sums, moments, place * whole),
  };
}

/** Whether one quiet stretch takes nearly all the time, so that nothing else could be seen. */
function mostlyQuiet(moments) {
  if (moments.length < 4) return false;
  let longest = 0;
  for (let i = 1; i < moments.length; i += 1) longest = Math.max(longest, moments[i] - moments[i - 1]);
  return longest > 0.9 * moments[moments.length - 1];
}

/** The marks of an axis that shows places from `from` to `to`, about `many` of them: [{place, text}]. */
function axisMarks(scale, from, to, many) {
  const marks = [];
  const put = (seconds, step) => {
    const place = scale.place(seconds);
    const cut = scale.gaps.some((gap) => place > gap.from + 1e-9 && place < gap.to - 1e-9);
    if (place >= from - 1e-9 && place <= to + 1e-9 && !cut) marks.push({ place, text: tickText(seconds, step) });
  };
  if (scale.gaps.length === 0) {
    const [first, last] = [scale.time(from), scale.time(to)];
    const step = niceStep((last - first) / many);
    for (let n = Math.ceil(first / step - 1e-9); n * step <= last + step * 1e-9 && marks.length < 100; n += 1) put(n * step, step);
    return marks;
  }
  // Where time runs unevenly, each mark is a round number for the stretch that it stands in.
  let before = -Infinity;
  for (let n = 0; n < many; n += 1) {
    const width = (to - from) / many;
    const here = from + n * width;
    const step = niceStep(Math.max(1e-6, (scale.time(Math.min(1, here + width)) - scale.time(here)) / 2));
    const seconds = Math.ceil(scale.time(here) / step - 1e-9) * step;
    const place = scale.place(Math.min(seconds, scale.length));
    if (seconds <= scale.length && place - before > width * 0.7) {
      put(seconds, step);
      before = place;
    }
  }
  return marks;
}

function niceStep(least) {
  return STEPS.find((step) => step >= least * 0.999) ?? STEPS.at(-1);
}

/** Seconds as an axis says them, as exact as the step between its marks. */
function tickText(seconds, step) {
  if (seconds === 0) return "0";
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  if (seconds < 1 - 1e-9) return step < 0.001 - 1e-12 ? `${Number((seconds * 1000).toFixed(Math.max(0, digits - 3)))} ms` : `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60 - 1e-9) return `${Number(seconds.toFixed(digits))} s`;
  const whole = Math.floor(seconds + 1e-9);
  const rest = digits ? (seconds - whole).toFixed(digits).slice(1) : "";
  const [days, hours, minutes, left] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  const parts = [days && `${days} d`, hours && `${hours} h`, minutes && `${minutes} min`, (left || rest) && `${left}${rest} s`].filter(Boolean);
  return parts.join(" ");
}
