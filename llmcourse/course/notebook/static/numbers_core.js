// Numbers as people write them, for all figures of scaling laws.
const numbers = (() => {
  // Three digits and a unit: 1.56K, 12.3M, 1.23B; what is larger than all units keeps the largest: 1120T.
  function short(value) {
    for (const [unit, size] of [["T", 1e12], ["B", 1e9], ["M", 1e6], ["K", 1e3]]) {
      if (value >= 0.9995 * size) {
        const digits = (value / size).toPrecision(3);
        return (digits.includes("e") ? String(Number(digits)) : digits) + unit;
      }
    }
    return String(Math.round(value));
  }

  // The same with three digits also below a thousand: 12.3, 0.31.
  const fine = (value) => (value < 999.5 ? String(Number(value.toPrecision(3))) : short(value));

  // 10²¹ and its neighbours.
  function power(value) {
    const exponent = Math.floor(Math.log10(value) + 1e-9), lead = (value / 10 ** exponent).toFixed(1);
    const raised = String(exponent).replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
    return lead === "1.0" ? `10${raised}` : `${lead} · 10${raised}`;
  }

  return { short, fine, power };
})();
