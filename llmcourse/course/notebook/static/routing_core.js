// What the figure computes of `config`: `counts` of a run at a step are a list of experts, each a list of how many
// tokens of each kind chose it. The loads are those of llmcourse/course/notebook/interactive/routing.py; a test holds
// the two together.
const routing = (() => {
  const sum = (values) => values.reduce((a, b) => a + b, 0);

  // In multiples of an even share, which is topK / nExperts of all tokens; null where there is no token.
  function load(count, tokens, { nExperts, topK }) {
    return tokens ? count * nExperts / (topK * tokens) : null;
  }

  const loads = (counts, config) => counts.map((row) => row.map((count, i) => load(count, config.tokens[i], config)));
  const totals = (counts, config) => counts.map((row) => load(sum(row), sum(config.tokens), config));

  // The colours of the page's other pictures of loads, from none to the largest load possible.
  const RAMP = [
    "#00224e", "#003170", "#2a3f6d", "#434e6c", "#575d6d", "#6a6c71", "#7d7c78",
    "#918b78", "#a59c74", "#bcae6c", "#d2c060", "#e9d34e", "#fee838",
  ];
  const channels = RAMP.map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));

  function rgb(share) {
    const at = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1), below = Math.min(Math.floor(at), RAMP.length - 2);
    return channels[below].map((from, i) => Math.round(from + (at - below) * (channels[below + 1][i] - from)));
  }

  const colour = (share) => `rgb(${rgb(share).join(" ")})`;
  const luminance = (parts) => sum(parts.map((part, i) => {
    const value = part / 255;
    return [0.2126, 0.7152, 0.0722][i] * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  }));
  // White or black, whichever is better read on that colour.
  const ink = (share) => (luminance(rgb(share)) > 0.179 ? "#000000" : "#ffffff");

  const times = (value) => value.toFixed(1);
  const percent = (count, of) => {
    const share = of ? 100 * count / of : 0;
    return count && share < 1 ? "less than 1%" : `${Math.round(share)}%`;
  };

  // A cell in words.
  function cellSentence(counts, expert, kind, config) {
    const count = counts[expert][kind], tokens = config.tokens[kind], name = `“${config.kinds[kind]}”`;
    if (!tokens) return `${name}: there is none in this text.`;
    if (!count) return `${name}: none of ${tokens} ${tokens === 1 ? "chooses" : "choose"} expert ${expert}.`;
    const share = `${times(load(count, tokens, config))} times an even share`;
    return `${name}: ${count} of ${tokens} ${count === 1 ? "chooses" : "choose"} expert ${expert}, ${share}. `
      + `That is ${percent(count, sum(counts[expert]))} of all that expert ${expert} reads.`;
  }

  // All that an expert reads in words.
  function expertSentence(counts, expert, config) {
    const row = counts[expert], all = sum(row), most = row.indexOf(Math.max(...row));
    if (!all) return `Expert ${expert} reads nothing.`;
    return `Expert ${expert} reads ${times(totals(counts, config)[expert])} times an even load, most of all `
      + `“${config.kinds[most]}”: ${percent(row[most], all)} of what it reads.`;
  }

  // A whole picture in words.
  function summary(counts, config) {
    const all = totals(counts, config), high = Math.max(...all), low = Math.min(...all);
    return `Expert ${all.indexOf(high)} reads most, ${times(high)} times an even load; `
      + `expert ${all.indexOf(low)} reads least, ${times(low)} times.`;
  }

  return { load, loads, totals, rgb, colour, ink, times, cellSentence, expertSentence, summary };
})();
