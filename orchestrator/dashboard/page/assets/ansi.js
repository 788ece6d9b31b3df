// Output of commands as text with classes: of control sequences only colours have a meaning here, all others are left out.
// What comes back is plain text and names of classes from this file, never markup.

const sequence = /\x1b(?:\[([0-?]*)[ -/]*([@-~])|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|[ -/]*[0-~])?|[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f\u202a-\u202e\u2066-\u2069]/g;

export function plain(text) {
  return /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.test(text) ? clean(text).replace(sequence, "") : text;
}

// clean keeps of a line that was written over, with carriage returns, what was written last.
function clean(text) {
  if (!text.includes("\r")) return text;
  const parts = text.split("\r").filter(Boolean);
  return parts.length ? parts[parts.length - 1] : "";
}

const bare = { fg: "", bg: "", bold: false, dim: false, italic: false, under: false, strike: false };

// spans is the line as [class, text] pairs.
export function spans(text) {
  text = clean(text);
  if (!/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.test(text)) return [["", text]];
  const out = [];
  const style = { ...bare };
  let from = 0;
  const put = (part) => part && out.push([classes(style), part]);
  for (const found of text.matchAll(sequence)) {
    put(text.slice(from, found.index));
    from = found.index + found[0].length;
    if (found[2] === "m") paint(style, found[1]);
  }
  put(text.slice(from));
  return out;
}

function classes(style) {
  let names = "";
  if (style.fg !== "") names += ` f${style.fg}`;
  if (style.bg !== "") names += ` b${style.bg}`;
  for (const name of ["bold", "dim", "italic", "under", "strike"]) if (style[name]) names += ` ${name}`;
  return names.slice(1);
}

function paint(style, parameters) {
  const codes = parameters.split(/[;:]/).map(Number);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) Object.assign(style, bare);
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.under = true;
    else if (code === 9) style.strike = true;
    else if (code === 22) style.bold = style.dim = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.under = false;
    else if (code === 29) style.strike = false;
    else if (code >= 30 && code <= 37) style.fg = code - 30;
    else if (code >= 90 && code <= 97) style.fg = code - 90 + 8;
    else if (code === 39) style.fg = "";
    else if (code >= 40 && code <= 47) style.bg = code - 40;
    else if (code >= 100 && code <= 107) style.bg = code - 100 + 8;
    else if (code === 49) style.bg = "";
    else if (code === 38 || code === 48) {
      const colour = codes[i + 1] === 5 ? indexed(codes[i + 2]) : nearest(codes[i + 2], codes[i + 3], codes[i + 4]);
      style[code === 38 ? "fg" : "bg"] = colour;
      i += codes[i + 1] === 5 ? 2 : 4;
    }
  }
}

// indexed is one of the 256 colours as the nearest of the sixteen, which have a contrast that can be read in the light and in
// the dark.
function indexed(n) {
  if (!(n >= 0 && n < 256)) return "";
  if (n < 16) return n;
  if (n >= 232) return n < 238 ? 0 : n < 247 ? 8 : 7;
  const levels = [0, 95, 135, 175, 215, 255];
  return nearest(levels[Math.floor((n - 16) / 36)], levels[Math.floor((n - 16) / 6) % 6], levels[(n - 16) % 6]);
}

function nearest(r, g, b) {
  if (![r, g, b].every((v) => v >= 0 && v < 256)) return "";
  const high = Math.max(r, g, b);
  if (high - Math.min(r, g, b) < 32) return high < 64 ? 0 : high < 170 ? 8 : 7;
  const half = high / 2 + 16;
  return (r > half ? 1 : 0) + (g > half ? 2 : 0) + (b > half ? 4 : 0);
}
