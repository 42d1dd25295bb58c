// Byte-pair encoding of a short text, step by step. No DOM here: the tests run this file in a bare JavaScript engine
// and compare its merges with the library's.
const bpe = (() => {
  "use strict";

  // GPT-2's split. `\p{White_Space}` and not `\s`: JavaScript's `\s` leaves out U+0085 and takes in U+FEFF.
  const SPLIT = new RegExp(
    "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+" +
    "|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+", "gu");

  // The id of each byte in GPT-2's vocabulary: printable bytes come first, the others follow in order.
  const isPrintable = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  const bytesInOrder = [...Array(256).keys()];
  const byteOfId = [...bytesInOrder.filter(isPrintable), ...bytesInOrder.filter((byte) => !isPrintable(byte))];
  const idOfByte = [];
  byteOfId.forEach((byte, id) => { idOfByte[byte] = id; });

  function utf8(text) {
    const bytes = [];
    for (const character of text) {
      let code = character.codePointAt(0);
      if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd; // half of a surrogate pair has no UTF-8
      if (code < 0x80) bytes.push(code);
      else if (code < 0x800) bytes.push(0xc0 | code >> 6, 0x80 | code & 63);
      else if (code < 0x10000) bytes.push(0xe0 | code >> 12, 0x80 | code >> 6 & 63, 0x80 | code & 63);
      else bytes.push(0xf0 | code >> 18, 0x80 | code >> 12 & 63, 0x80 | code >> 6 & 63, 0x80 | code & 63);
    }
    return bytes;
  }

  // The text as words, each a list of base ids. A merge never crosses from one word into the next.
  function toWords(text) {
    return (text.match(SPLIT) ?? []).map((word) => utf8(word).map((byte) => idOfByte[byte]));
  }

  // All neighbouring pairs with their counts, best first: highest count, then smallest pair of ids.
  function rankPairs(words) {
    const found = new Map();
    for (const ids of words) {
      for (let i = 0; i + 1 < ids.length; i++) {
        const key = ids[i] + "," + ids[i + 1];
        const entry = found.get(key);
        if (entry) entry.count++;
        else found.set(key, { pair: [ids[i], ids[i + 1]], count: 1 });
      }
    }
    return [...found.values()].sort((x, y) =>
      y.count - x.count || x.pair[0] - y.pair[0] || x.pair[1] - y.pair[1]);
  }

  // Replace the pair from left to right; in "aaa" the first two merge and the third stays.
  function mergePair(ids, pair, newId) {
    const merged = [];
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] === pair[0] && ids[i + 1] === pair[1]) { merged.push(newId); i++; }
      else merged.push(ids[i]);
    }
    return merged;
  }

  const countTokens = (words) => words.reduce((total, ids) => total + ids.length, 0);

  // Greedy training. counts[k] is the number of tokens after k merges.
  function train(text, nMerges) {
    let words = toWords(text);
    const merges = [];
    const counts = [countTokens(words)];
    while (merges.length < nMerges) {
      const best = rankPairs(words)[0];
      if (!best) break;
      words = words.map((ids) => mergePair(ids, best.pair, 256 + merges.length));
      merges.push(best.pair);
      counts.push(countTokens(words));
    }
    return { merges, counts };
  }

  function bytesOf(id, merges) {
    if (id < 256) return [byteOfId[id]];
    const [left, right] = merges[id - 256];
    return [...bytesOf(left, merges), ...bytesOf(right, merges)];
  }

  // The number of bytes of the whole character that starts at `start`, or 0 if there is none.
  function characterLength(bytes, start) {
    const lead = bytes[start];
    const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (!length || start + length > bytes.length) return 0;
    for (let i = 1; i < length; i++) if ((bytes[start + i] & 0xc0) !== 0x80) return 0;
    const second = bytes[start + 1];
    const outside = (lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f) ||
      (lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f);
    return outside ? 0 : length;
  }

  function codePoint(bytes) {
    if (bytes.length === 1) return bytes[0];
    return bytes.slice(1).reduce((code, byte) => code << 6 | byte & 63, bytes[0] & (0xff >> bytes.length + 1));
  }

  const MARKS = { 32: ["␣", "space"], 10: ["⏎", "newline"], 9: ["⇥", "tab"], 13: ["␍", "carriage return"] };

  // What a reader sees of some bytes: [{kind, text, name}], kind "text", "mark" (a blank made visible) or "byte"
  // (a byte that is not yet part of a whole character, or a character that has no shape of its own, by its number).
  function display(bytes) {
    const parts = [];
    for (let i = 0; i < bytes.length;) {
      const length = characterLength(bytes, i);
      const code = length ? codePoint(bytes.slice(i, i + length)) : -1;
      const character = length ? String.fromCodePoint(code) : "";
      if (!length) {
        const hex = bytes[i].toString(16).toUpperCase().padStart(2, "0");
        parts.push({ kind: "byte", text: hex, name: "byte " + hex });
      } else if (code === 0x200d && parts[parts.length - 1]?.kind === "text" && i + length < bytes.length) {
        parts[parts.length - 1].text += character; // a joiner inside an emoji: the parts show as one
      } else if (MARKS[code]) parts.push({ kind: "mark", text: MARKS[code][0], name: MARKS[code][1] });
      else if (/[\p{C}\p{Z}]/u.test(character)) {
        const hex = "U+" + code.toString(16).toUpperCase().padStart(4, "0");
        parts.push({ kind: "byte", text: hex, name: hex });
      } else if (parts.length && parts[parts.length - 1].kind === "text") {
        parts[parts.length - 1].text += character;
        parts[parts.length - 1].name += character;
      } else {
        const shown = /\p{M}/u.test(character) ? "\u25cc" + character : character; // a lone accent on a dotted circle
        parts.push({ kind: "text", text: shown, name: character });
      }
      i += length || 1;
    }
    return parts;
  }

  return { byteOfId, utf8, toWords, rankPairs, mergePair, countTokens, train, bytesOf, display };
})();
