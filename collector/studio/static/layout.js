// Justified rows: where each picture lies, from the ratios of their sides alone.

/** Rows of pictures that fill `width` pixels, about `height` high: {first: place of each row's first picture,
    top: its offset, tall: its height, total: the height of all}. `ratios`: 1000 x width / height. */
export function rows(ratios, width, height, gap) {
  const first = [], top = [], tall = [];
  let y = 0;
  for (let start = 0; start < ratios.length;) {
    let sum = 0, end = start;
    while (end < ratios.length && sum * height + (end - start - 1) * gap < width) sum += ratios[end++] / 1000;
    const full = (width - (end - start - 1) * gap) / sum;
    const high = Math.min(full, height * 1.2);
    first.push(start); top.push(y); tall.push(high);
    y += high + gap;
    start = end;
  }
  return { first, top, tall, total: y };
}

/** The last row that begins at or above `value` in a rising list. */
export function rowAt(list, value) {
  let low = 0, high = list.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (list[middle] <= value) low = middle; else high = middle - 1;
  }
  return low;
}
